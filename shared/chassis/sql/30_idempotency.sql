-- Answers kept so that a repeated request repeats its answer instead of its effect; written in the transaction of that
-- effect. The row is inserted first and completed last: an equal request that comes meanwhile waits for this one.
create table idempotency_key (
    caller text not null,                          -- client and subject
    route text not null,                           -- method and template
    key text not null,
    input_hash bytea not null,                     -- SHA-256 of path, query and body
    status smallint,                               -- null only inside the first request's transaction
    headers jsonb,
    body bytea,                                    -- sealed: an answer may hold what its caller may see
    created_at timestamptz not null default now(),
    primary key (caller, route, key)
);
create index idempotency_key_created_at on idempotency_key (created_at);
