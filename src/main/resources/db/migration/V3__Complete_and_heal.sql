-- What else API v2 tells.
alter table pipeline
    add column config_stamp    text collate "C",
    add column config_source   text,
    add column config_compiled text;
alter table job
    add column tests_stamp     text collate "C",
    add column tests_total     int,
    add column tests_failed    int,
    add column tests_skipped   int,
    add column test_failures   jsonb, -- in full, as many as a record holds
    add column artifacts_stamp text collate "C",
    add column artifacts       jsonb; -- where CircleCI keeps them, and for how long is its matter

-- Workflows that have not ended are few; they are asked for again until they have.
create index on workflow (created_at desc) where status in ('running', 'failing', 'on_hold', 'queued');

-- Webhooks of each project by outcome, counted in the transaction that records them.
create table project_tally (
    key     text   not null, -- of the record: the project's id
    outcome text   not null,
    facts   bigint not null,
    primary key (key, outcome)
) with (fillfactor = 50);
insert into project_tally (key, outcome, facts)
select key, outcome, count(*) from trail where topic = 'circleci.webhooks' and key is not null group by 1, 2;

-- Tasks: whence they come, and what is asked first.
alter table enrichment_task
    add column source      text     not null default 'api', -- api (a webhook named it), reconcile or backfill
    add column priority    smallint not null default 0,     -- the lower is asked first: live, reconciliation, backfill
    add column ended       boolean  not null default false, -- an end was told: what its jobs tell later asks for nothing
    add column backfill_id uuid,
    add column settled_at  timestamptz;                     -- of the last answer or refusal
drop index enrichment_task_due_at_idx;
create index on enrichment_task (priority, named_at desc) where state = 'pending';
create index on enrichment_task (backfill_id) where backfill_id is not null;

-- The right to call CircleCI with a token: one instance at a time, and nobody before the pause is over.
create table api_budget (
    token_id     text primary key, -- a fingerprint, never the token
    holder       text        not null,
    leased_until timestamptz not null,
    paused_until timestamptz,
    problem      text              -- why; null when CircleCI only asked for a pause
);

-- When each project was compared with CircleCI last, and when it is next.
create table reconciliation (
    project_id   uuid primary key,
    project_slug text        not null,
    due_at       timestamptz not null default now(),
    last_at      timestamptz, -- the last that came to its end
    found        bigint      not null default 0, -- pipelines no webhook had told of, ever
    last_error   text
);

-- Runs of the past, fetched on request. The cursor makes them resumable.
create table backfill (
    id           uuid primary key,
    project_id   uuid, -- null until CircleCI was asked for it
    project_slug text        not null,
    since        timestamptz not null,
    until        timestamptz not null,
    state        text        not null default 'running', -- running, done, cancelled or failed
    page_token   text,        -- of the next page of the list
    listed       boolean     not null default false, -- the list was read down to since
    oldest       timestamptz, -- how far down the list was read
    pipelines    bigint      not null default 0, -- found in the span
    problem      text,
    started_at   timestamptz not null default now(),
    finished_at  timestamptz
);
create unique index on backfill (project_slug) where state = 'running';
