-- What has been applied, claimed in the transaction of its effects. The rows are made at assignment and then only
-- updated, so that the claim of a member that lost the partition fails.
create table consumer_offset (
    consumer text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    cluster_id text not null,                      -- the log this offset belongs to
    primary key (consumer, topic, partition)
);

-- The highest epoch heard of each producer. What comes of an older one is of a future that a restore took back.
create table producer_epoch (
    consumer text not null,
    producer text not null,
    epoch integer not null,
    primary key (consumer, producer)
);

-- When a member of the consumer's group last told how far the group is, and how old the slowest partition's knowledge
-- was then, so that stale knowledge can be refused.
create table consumer_heartbeat (
    consumer text primary key,
    polled_at timestamptz not null,
    lag_events bigint not null,
    lag_seconds double precision not null
);

create table dead_letter (
    id bigint generated always as identity primary key,
    consumer text not null,
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    key text not null,
    headers jsonb not null,
    value bytea not null,
    reason text not null,
    parked boolean not null,                       -- true: not at fault, it waits behind one that is
    first_seen_at timestamptz not null default now(),
    unique (consumer, topic, partition, "offset")
);
create index dead_letter_key on dead_letter (consumer, topic, key);

-- Events an operator decided never to apply; a rebuild honours it.
create table dead_letter_drop (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    reason text not null,
    dropped_at timestamptz not null default now(),
    primary key (topic, partition, "offset")
);
