-- Events wait here, in the transaction that made them, until the relay has handed them to Kafka.
create table outbox (
    id bigint generated always as identity primary key,
    shard smallint not null,                       -- crc32(key) % 16, fixed for ever
    topic text not null,
    key text not null,
    aggregate_version bigint not null,
    headers jsonb not null,
    value bytea not null,
    created_at timestamptz not null default now()
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index outbox_shard_id on outbox (shard, id);

-- One row. A restore of this database to an earlier point raises the epoch, so that its events win again.
create table outbox_epoch (
    only_row boolean primary key default true check (only_row),
    epoch integer not null
);
insert into outbox_epoch (epoch) values (1);
