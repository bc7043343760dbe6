-- Long work that somebody asked for. A worker does it a step at a time; each step is one transaction, which also writes here how
-- far it came.
create table audit_task (
    id          uuid primary key,
    kind        text        not null, -- redrive, rebuild or republication
    parameters  jsonb       not null,
    plan        jsonb       not null, -- what was found when it was asked for
    state       text        not null default 'running', -- running, done, cancelled or failed
    run         uuid,                 -- whose it is; an end with one is still to be tidied up after
    cursor      text,                 -- where it goes on; null: from the beginning
    done        bigint      not null default 0,
    total       bigint      not null,
    problem     text,
    started_by  text        not null,
    started_at  timestamptz not null default now(),
    finished_at timestamptz
);
create unique index on audit_task (kind) where state = 'running';

-- A dead letter can be tried again or put away. The trail says for good what became of the fact when it came.
alter table dead_letter
    add column id          uuid not null default gen_random_uuid(),
    add column tried_at    timestamptz, -- last, in vain
    add column resolution  text,        -- redriven, duplicate or discarded; null while it waits
    add column resolved_by text,
    add column resolved_at timestamptz,
    add column note        text;        -- why it was discarded
create unique index on dead_letter (id);
create index on dead_letter (appended_at, id) where resolution is null;

-- What stands for bytes that were erased, and their SHA-256: the merge goes by it.
alter table trail
    add column if not exists redacted_body bytea,
    add column if not exists erased_digest bytea;
-- Few ever; a rebuild counts them, so that none is erased behind its back.
create index if not exists trail_erased on trail (topic) where erased_digest is not null;
