create table notification_channel (
    id uuid primary key,
    name text not null unique,
    kind text not null,
    disabled_at timestamptz
);
create table notification_delivery (
    id uuid primary key,
    channel_id uuid not null references notification_channel,
    message_id uuid not null,
    message jsonb not null,
    state text not null default 'pending',
    created_at timestamptz not null default now(),
    unique (channel_id, message_id)
);
