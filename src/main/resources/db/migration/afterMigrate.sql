-- What the application's login may do, where it is another than the owner's: read and write all tables, but only add to the
-- trail. Runs after every look at the migrations, so that a login that is named later is let in too.
do $$
declare
    app   text := '${app}';
    name  text;
begin
    if app in ('', current_user) or not exists (select from pg_roles where rolname = app) then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('treering grants')); -- workers may start together
    execute format('grant usage on schema %I to %I', current_schema, app);
    for name in select tablename from pg_tables where schemaname = current_schema and tableowner = current_user
            and tablename !~ '^trail_\d{4}_\d{2}$' loop
        execute format('revoke all on %I from %I', name, app);
        execute format('grant %s on %I to %I',
            case
                when name = 'trail' then 'select, insert'
                when name in ('trail_anchor', 'flyway_schema_history') then 'select'
                else 'select, insert, update, delete'
            end, name, app);
    end loop;
    execute format('grant usage on all sequences in schema %I to %I', current_schema, app);
    execute format('grant execute on function trail_partition(date) to %I', app);
    -- A table that is made anew, such as one that is regrown, is open as the one before was.
    execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to %I',
        current_schema, app);
end
$$;
