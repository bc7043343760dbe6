-- Where people are told, and what became of each message. Address and secrets are sealed; the key stands in the settings.
create table notification_channel (
    id              uuid primary key,
    name            text        not null unique,
    kind            text        not null, -- slack, webhook, email
    target          text        not null, -- sealed: URL and signing secrets, or addresses
    created_at      timestamptz not null default now(),
    created_by      text        not null,
    free_at         timestamptz not null default now(), -- when the next may go: the lease of who sends, its pace, or a pause it asked for
    failing_since   timestamptz,          -- nothing has arrived since
    disabled_at     timestamptz,
    disabled_reason text
);

create table notification_delivery (
    id         uuid primary key,
    channel_id uuid        not null references notification_channel on delete cascade,
    message_id uuid        not null,
    message    jsonb       not null,
    state      text        not null default 'pending', -- pending, sent, failed
    created_at timestamptz not null default now(),
    due_at     timestamptz not null default now(),
    attempts   int         not null default 0,         -- all that were begun
    tries      int         not null default 0,         -- those since it was last asked for: they set the pace
    settled_at timestamptz,
    unique (channel_id, message_id)
);
create index on notification_delivery (channel_id, due_at) where state = 'pending';
create index on notification_delivery (created_at desc, id desc);
create index on notification_delivery (settled_at) where state <> 'pending';

create table notification_attempt (
    delivery_id    uuid        not null references notification_delivery on delete cascade,
    number         int         not null,
    started_at     timestamptz not null,
    outcome        text, -- arrived, failed; null: the worker ended before it knew
    status         int,  -- of the HTTP answer
    latency_millis int,
    error          text,
    next_try_at    timestamptz,
    primary key (delivery_id, number)
);
