-- Which log a position counts in. A topic that was made anew has another id; a log whose end was lost goes on in a later
-- epoch of its leader. Both begin again below the position.
alter table stream_position
    add column highest_offset bigint not null default 0, -- below it a record may stand in the trail already
    add column topic_id       text,                      -- Kafka's id of the topic; null until it was asked
    add column leader_epoch   int,                       -- of the last record read
    add column missed         bigint not null default 0, -- offsets that Kafka no longer had when we came to read them
    add column replaced       bigint not null default 0; -- times the log began again below the position
update stream_position set highest_offset = next_offset;
