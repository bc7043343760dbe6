-- Tasks of each project by state. Every statement adds what it changed, as a row of its own (nobody waits for another's), and
-- a worker adds those up now and then: the sums are exact at every moment, and nobody counts a million tasks for them.
create table task_tally (
    project_id uuid   not null,
    state      text   not null,
    tasks      bigint not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index on task_tally (project_id);

create function tally_tasks() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into task_tally select project_id, state, count(*) from after group by 1, 2;
    elsif tg_op = 'DELETE' then
        insert into task_tally select project_id, state, -count(*) from before group by 1, 2;
    else
        insert into task_tally select project_id, state, sum(n) from (
            select project_id, state, 1 as n from after union all select project_id, state, -1 from before) as changed
            group by 1, 2 having sum(n) <> 0;
    end if;
    return null;
end
$$;
create trigger tally_inserted after insert on enrichment_task
    referencing new table as after for each statement execute function tally_tasks();
create trigger tally_updated after update on enrichment_task
    referencing old table as before new table as after for each statement execute function tally_tasks();
create trigger tally_deleted after delete on enrichment_task
    referencing old table as before for each statement execute function tally_tasks();
insert into task_tally select project_id, state, count(*) from enrichment_task group by 1, 2;
