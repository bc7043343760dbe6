#!/bin/sh
# Runs once, when the volume is new: the database, its owner, and the application's login, which owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v owner="$OWNER_PASSWORD" -v application="$APPLICATION_PASSWORD" \
  --username "$POSTGRES_USER" --dbname postgres <<'SQL'
create role treering_owner login password :'owner';
create role treering_app login password :'application';
create database treering owner treering_owner;
-- The administrator comes in from inside the container alone, where no password is asked.
alter role current_user password null;
SQL
