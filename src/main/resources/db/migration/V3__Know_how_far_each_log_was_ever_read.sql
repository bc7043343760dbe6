-- The highest position there ever was. Below it a record may stand in the trail already: a log that was made anew is read
-- from its beginning, and some of it may have been read before that was known.
alter table stream_position add column highest_offset bigint not null default 0;
update stream_position set highest_offset = next_offset;
