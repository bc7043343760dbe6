-- Each chain counts its entries: whoever walks it goes by that number, and sees one that is missing. Offsets cannot say so, for
-- they may have gaps and begin anew.
alter table trail
    add column number           bigint,
    add column redacted_body    bytea, -- of an erased entry: its body without what was personal; body and salt are null then
    add column erased_digest    bytea, -- of an erased entry: SHA-256 of the body as it was, so that stamps stay as they are
    add column if not exists origin text, -- the address that it was sent from
    add column erased_signature bytea; -- says that Treering erased it; null without a key
alter table stream_position add column entries bigint not null default 0; -- of its chain; the last one has this number
update trail t set number = n.number
from (select topic, partition, "offset", appended_at,
        row_number() over (partition by topic, partition order by appended_at, "offset") as number from trail) as n
where (t.topic, t.partition, t."offset", t.appended_at) = (n.topic, n.partition, n."offset", n.appended_at);
update stream_position s set entries = (
    select count(*) from trail t where t.topic = s.topic and t.partition = s.partition);
alter table trail alter column number set not null;
create index on trail (topic, partition, number);

-- What stood where months were dropped: entries first to last of a chain, of which the last one had this link.
create table trail_anchor (
    topic     text   not null,
    partition int    not null,
    first     bigint not null,
    last      bigint not null,
    chain     bytea  not null,
    month     text   not null,
    signature bytea, -- null without a key
    primary key (topic, partition, first)
);

-- The last checkpoint of each chain; all of them stand outside, in a topic and in the log.
create table trail_checkpoint (
    topic     text        not null,
    partition int         not null,
    entries   bigint      not null,
    made_at   timestamptz not null,
    primary key (topic, partition)
);

-- Whoever asks, the owner too: nothing of the trail is changed or deleted. Only who says so before may erase bytes, and only
-- those. Months go by being detached and dropped.
create function guard_trail() returns trigger language plpgsql as $$
declare
    erasable text[] := '{body,salt,redacted_body,erased_digest,erased_signature}';
begin
    if tg_op = 'UPDATE' and current_setting('treering.erasing', true) = 'on' then
        if new.body is null and new.salt is null and new.redacted_body is not null
            and to_jsonb(new) - erasable = to_jsonb(old) - erasable
        then
            return new;
        end if;
    end if;
    raise exception 'The trail is only ever added to: % is refused', tg_op using errcode = 'insufficient_privilege';
end
$$;
create trigger guard before update or delete on trail for each row execute function guard_trail();
create trigger guard_truncate before truncate on trail for each statement execute function guard_trail();
do $$
declare
    month regclass;
begin
    for month in select inhrelid::regclass from pg_inherits where inhparent = 'trail'::regclass loop
        execute format('create trigger guard_truncate before truncate on %s for each statement execute function guard_trail()',
            month);
    end loop;
end
$$;

-- Runs with the owner's rights: who may only add to the trail needs its next month too.
create or replace function trail_partition(month date) returns void language plpgsql security definer as $$
declare
    first   date := date_trunc('month', month)::date;
    name    text := 'trail_' || to_char(first, 'YYYY_MM');
    grantee oid;
begin
    perform pg_advisory_xact_lock(hashtext('trail_partition')); -- two writers may need the same month at once
    if to_regclass(name) is not null then
        return;
    end if;
    execute format(
        'create table %I partition of trail for values from (%L) to (%L)',
        name,
        first::timestamp at time zone 'UTC',
        (first + interval '1 month')::timestamp at time zone 'UTC');
    execute format('create trigger guard_truncate before truncate on %I for each statement execute function guard_trail()', name);
    -- A month is reached through the trail alone; what new tables are open to, it is not.
    for grantee in select distinct a.grantee from pg_class c, aclexplode(c.relacl) a
            where c.oid = name::regclass and a.grantee not in (0, c.relowner) loop
        execute format('revoke all on %I from %s', name, grantee::regrole);
    end loop;
end
$$;
do $$
begin
    -- Nobody's temporary table may stand in for one of ours.
    execute format('alter function trail_partition(date) set search_path to %I, pg_temp', current_schema);
end
$$;
revoke execute on function trail_partition(date) from public;
