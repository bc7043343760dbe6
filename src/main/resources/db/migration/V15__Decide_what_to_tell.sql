-- What people want to be told of, as they sent it.
create table notification_rule (
    id       uuid primary key default gen_random_uuid(),
    document jsonb not null
);
create unique index on notification_rule ((document ->> 'name'));
insert into notification_rule (document) values
    ('{"kind": "started_failing", "name": "Default branch started failing", "branch": "@default"}'),
    ('{"kind": "recovered", "name": "Default branch recovered", "branch": "@default"}'),
    ('{"kind": "needs_approval", "name": "Default branch needs approval", "branch": "@default"}');
update notification_rule set document = document || jsonb_build_object('id', id, 'enabled', true, 'created_by', 'treering',
    'created_at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));

-- What nobody is to be told of for a while.
create table notification_silence (
    id       uuid primary key,
    ends_at  timestamptz not null,
    document jsonb       not null
);

-- Runs that may be worth a word: each was noted once, however often its event was read.
create table notification_occasion (
    workflow_id uuid        not null,
    held        boolean     not null, -- it waits for an approval; else it has ended
    pipeline_id uuid        not null,
    noted_at    timestamptz not null,
    due_at      timestamptz,          -- null: decided
    primary key (workflow_id, held)
);
create index on notification_occasion (due_at) where due_at is not null;
create index on notification_occasion (pipeline_id) where due_at is not null;
create index on notification_occasion (noted_at);

-- What became of each run under each rule that means it, written with the deliveries that follow.
create table notification_decision (
    workflow_id         uuid        not null,
    rule_id             uuid        not null,
    channel_id          uuid,                 -- null: for all channels
    reason              text        not null, -- told, grouped or why not
    detail              text,
    message_id          uuid,                 -- null: not told
    decided_at          timestamptz not null,
    key                 uuid        not null, -- named by project, workflow and branch
    pipeline_created_at timestamptz not null, -- the order of a key's runs
    created_at          timestamptz not null,
    unique nulls not distinct (workflow_id, rule_id, channel_id)
);
create index on notification_decision (key, rule_id) where message_id is not null;
create index on notification_decision (channel_id, decided_at) where message_id is not null;
create index on notification_decision (decided_at);
