-- What an entry speaks of, and whence it came, so that the trail can be searched.
alter table trail
    add column origin      text, -- the address that it was sent from; hashed into the chain where there is one
    add column told_by     text, -- webhook, api, reconcile or backfill; null of an act, and of what could not be read
    add column pipeline_id uuid, -- of the one pipeline (workflow, job) that it speaks of
    add column workflow_id uuid,
    add column job_id      uuid;

-- Entries that are there already. What cannot be read speaks of nothing.
create function told(entry trail) returns trail language plpgsql as $$
declare
    body jsonb;
begin
    body := convert_from(entry.body, 'UTF8')::jsonb;
    entry.told_by := coalesce(body ->> 'source', 'webhook');
    entry.pipeline_id := coalesce(body #>> '{pipeline,id}', body #>> '{workflow,pipeline_id}', body ->> 'pipeline_id');
    entry.workflow_id := coalesce(body #>> '{workflow,id}', body ->> 'workflow_id');
    entry.job_id := coalesce(body #>> '{job,id}', body ->> 'job_id');
    return entry;
exception when others then
    return entry;
end
$$;
update trail t set (told_by, pipeline_id, workflow_id, job_id) = (
    select e.told_by, e.pipeline_id, e.workflow_id, e.job_id from told(t) as e)
where outcome <> 'dead' and body is not null;
drop function told(trail);

-- The writer pays for each: three that only grow at their ends or stay small, and some for what is rare.
create index on trail (appended_at);
create index on trail (key collate "C", appended_at);
create index on trail (pipeline_id) where pipeline_id is not null;
create index on trail (outcome, appended_at) where outcome <> 'applied';
create index on trail (told_by, appended_at) where told_by in ('backfill', 'reconcile');
create index on trail (type, appended_at) where type not in ('com.circleci.workflow-completed', 'com.circleci.job-completed',
    'dev.treering.snapshot.workflow', 'dev.treering.snapshot.job', 'dev.treering.snapshot.pipeline');

-- Whom a search means, by the current truth.
create index on pipeline (revision collate "C");
create index on pipeline (trigger_actor_login);
create index on pipeline using gin (to_tsvector('simple', commit_subject));
create index on workflow (name);
create index on job (name);

-- Room beside each row for its next version: an update then leaves the indexes alone, which pays for those above.
alter table pipeline set (fillfactor = 70);
alter table workflow set (fillfactor = 70);
alter table job set (fillfactor = 80);
