-- Answers that could not be read, apart from calls that had none: only they let a task be given up.
alter table enrichment_task add column in_vain int not null default 0;

-- A list that leads nowhere must end, and one that cannot be read is tried again later, a few times.
alter table backfill
    add column pages   int         not null default 0, -- listed so far
    add column in_vain int         not null default 0, -- unreadable answers in a row
    add column due_at  timestamptz not null default now();
