-- Who may ask: the digest of each token, never the token. Rows stay for good, so that "who was that" has an answer.
create table api_token (
    id           uuid primary key,
    name         text        not null,
    digest       bytea       not null unique, -- SHA-256; with 256 random bits there is nothing to guess
    scopes       text[]      not null,
    projects     uuid[],                      -- what it is limited to; null: nothing
    created_at   timestamptz not null,
    created_by   text        not null,
    expires_at   timestamptz,
    last_used_at timestamptz,                 -- to the minute
    revoked_at   timestamptz
);
