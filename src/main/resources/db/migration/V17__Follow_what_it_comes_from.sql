-- The trace that what was asked for or told belongs to (W3C traceparent; null while nothing is traced), and when the webhook was
-- received that it began with: how long it took until somebody was told.
alter table enrichment_task add column trace text;
alter table notification_occasion add column received_at timestamptz, add column trace text;
alter table notification_delivery add column received_at timestamptz, add column trace text;
