-- A project's runs in a window of time, newest first: the one index that insights, their pages and cc.xml need. A workflow pays
-- for it when it comes and when its status changes; jobs, which are twenty times as many, pay nothing.
create index on workflow (project_id, created_at desc, id desc);
