-- Whoever adds rows publishes them after the commit, without reading them again; until then the relay leaves them alone.
alter table outbox add column leased_until timestamptz;

-- Each webhook of a job names its pipeline and workflow, and changes their stamps: room on the page, so that no index is touched.
alter table pipeline set (fillfactor = 70);
alter table workflow set (fillfactor = 70);
alter table job set (fillfactor = 80);

-- Of the first delivery: a fact with the same one is no second delivery but an echo, when Kafka and the outbox both took it.
alter table seen_event add column receipt text;
