-- Whoever adds rows publishes them after the commit, without reading them again; until then the relay leaves them alone.
alter table outbox add column leased_until timestamptz;

-- Of the first delivery: a fact with the same one is no second delivery but an echo, when Kafka and the outbox both took it.
alter table seen_event add column receipt text;
