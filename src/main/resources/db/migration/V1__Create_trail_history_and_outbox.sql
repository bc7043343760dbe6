-- The trail: every fact, append-only, exactly as it stood in Kafka. History is a pure function of it.
create table trail (
    topic         text        not null,
    partition     int         not null,
    "offset"      bigint      not null,
    appended_at   timestamptz not null, -- Kafka's append time, the same on every reading
    key           text,
    event_id      text,                 -- ce_id
    type          text,                 -- ce_type
    source        text,                 -- ce_source
    receipt       text,                 -- one per HTTP request; an echo has the same one
    received_at   timestamptz,
    secret_id     text,                 -- which secret verified it; null for snapshots
    outcome       text        not null, -- applied, duplicate or dead
    salt          bytea,                -- goes with the body when that is erased
    body          bytea,
    salted_digest bytea       not null, -- SHA-256 of salt and body: holds without them
    chain         bytea       not null, -- SHA-256 over the link before and this entry's immutable fields
    -- A partitioned table's key must hold the partition column; append time is fixed per offset, so the offset is unique.
    primary key (topic, partition, "offset", appended_at)
) partition by range (appended_at);

-- One partition a month, made when its first fact comes (by the writer, which asks for the next month too).
create function trail_partition(month date) returns void language plpgsql as $$
declare
    first date := date_trunc('month', month)::date;
begin
    perform pg_advisory_xact_lock(hashtext('trail_partition')); -- two writers may need the same month at once
    execute format(
        'create table if not exists %I partition of trail for values from (%L) to (%L)',
        'trail_' || to_char(first, 'YYYY_MM'),
        first::timestamp at time zone 'UTC',
        (first + interval '1 month')::timestamp at time zone 'UTC');
end
$$;

-- How far the history has read each partition. Kafka's committed offset is only a gauge of this.
create table stream_position (
    topic       text   not null,
    partition   int    not null,
    next_offset bigint not null,
    chain_head  bytea  not null,
    primary key (topic, partition)
);

-- Deliveries ever seen, kept for good: CircleCI signs no time, so a captured request stays valid for ever.
create table seen_event (
    event_id   text  not null,
    webhook_id text  not null, -- empty for snapshots
    digest     bytea not null, -- SHA-256 of the body
    primary key (event_id, webhook_id, digest)
);

-- Facts that could not be folded; the bytes are in the trail.
create table dead_letter (
    topic       text        not null,
    partition   int         not null,
    "offset"    bigint      not null,
    appended_at timestamptz not null,
    reason      text        not null, -- a word to group by
    detail      text        not null,
    primary key (topic, partition, "offset", appended_at)
);
create index on dead_letter (reason, appended_at);

-- The current truth. Columns form groups; each group is replaced whole when its stamp is greater. A stamp is the total
-- order of the merge as text: microseconds of the observation, a letter for the source (a: API, b: backfill,
-- r: reconcile, w: webhook) and the fact's digest; progress has the terminal flag and the stop time before that.
create table project (
    id                uuid primary key,
    identity_stamp    text collate "C",
    slug              text, -- short form, gh/acme/web; it may change, the id does not
    name              text,
    organization_id   uuid,
    organization_name text,
    details_stamp     text collate "C",
    vcs_url           text,
    vcs_provider      text,
    default_branch    text
);
create index on project (slug);

create table pipeline (
    id                    uuid primary key,
    identity_stamp        text collate "C",
    project_id            uuid,
    number                bigint,
    created_at            timestamptz,
    trigger_stamp         text collate "C",
    trigger_type          text,
    parameters_stamp      text collate "C",
    trigger_parameters    jsonb,
    ref_stamp             text collate "C",
    branch                text,
    tag                   text,
    checkout_stamp        text collate "C",
    revision              text,
    vcs_provider          text,
    origin_repository_url text,
    target_repository_url text,
    commit_stamp          text collate "C",
    commit_subject        text,
    commit_body           text,
    author_stamp          text collate "C",
    author_name           text,
    author_email          text,
    authored_at           timestamptz,
    committer_name        text,
    committer_email       text,
    committed_at          timestamptz,
    details_stamp         text collate "C",
    state                 text,
    updated_at            timestamptz,
    errors                jsonb,
    trigger_received_at   timestamptz,
    trigger_actor_login   text,
    trigger_actor_avatar  text,
    review_id             text,
    review_url            text
);
create index on pipeline (project_id, created_at desc, id desc);
create index on pipeline (project_id, branch, created_at desc, id desc);
create index on pipeline (project_id, number);

create table workflow (
    id                uuid primary key,
    identity_stamp    text collate "C",
    project_id        uuid,
    pipeline_id       uuid,
    name              text,
    created_at        timestamptz,
    link_stamp        text collate "C",
    url               text,
    progress_stamp    text collate "C",
    status            text,
    stopped_at        timestamptz,
    details_stamp     text collate "C",
    started_by        uuid,
    canceled_by       uuid,
    errored_by        uuid,
    tag               text,
    auto_rerun_number int,
    max_auto_reruns   int
);
create index on workflow (pipeline_id, created_at desc, id desc);

create table job (
    id                  uuid primary key,
    identity_stamp      text collate "C",
    project_id          uuid,
    pipeline_id         uuid,
    name                text,
    number_stamp        text collate "C",
    number              bigint, -- approval jobs and jobs that never started have none
    workflow_stamp      text collate "C",
    workflow_id         uuid,
    progress_stamp      text collate "C",
    status              text,
    started_at          timestamptz,
    stopped_at          timestamptz,
    details_stamp       text collate "C", -- what the list of a workflow's jobs adds
    type                text,
    dependencies        jsonb,
    approved_by         uuid,
    canceled_by         uuid,
    approval_request_id uuid,
    execution_stamp     text collate "C", -- what the job's own page adds
    web_url             text,
    created_at          timestamptz,
    queued_at           timestamptz,
    duration_ms         bigint,
    parallelism         int,
    resource_class      text,
    executor_type       text,
    parallel_runs       jsonb,
    contexts            jsonb,
    messages            jsonb
);
create index on job (workflow_id);
create index on job (project_id, number);

-- Records that Kafka has not taken yet, for every topic. Rows come and go: vacuum early.
create table outbox (
    id         bigint generated always as identity primary key,
    created_at timestamptz not null default now(),
    topic      text        not null,
    key        text,
    headers    jsonb       not null,
    value      bytea       not null,
    attempts   int         not null default 0 -- rows that Kafka did not take stand behind the others
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

create index on outbox (attempts, id);

-- What to ask API v2: one row an entity, for good (a row that is done says that it was asked).
create table enrichment_task (
    kind         text        not null, -- workflow, job, pipeline or project
    entity_id    uuid        not null,
    project_id   uuid        not null,
    project_slug text,
    pipeline_id  uuid,
    workflow_id  uuid,
    job_number   bigint,
    named_at     timestamptz not null, -- the latest happened_at of a webhook that named it
    version      int         not null default 1, -- counts the namings; done only where it is still the claimed one
    state        text        not null default 'pending', -- pending, done or given_up
    attempts     int         not null default 0,
    due_at       timestamptz not null default now(),
    leased_until timestamptz,
    last_error   text,
    primary key (kind, entity_id)
);
create index on enrichment_task (due_at) where state = 'pending';
