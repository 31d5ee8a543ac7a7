-- Files that partners send. What a file says about people stands in feed_file_part and feed_row only, and only until
-- it has been applied or rejected: both are emptied as the work goes on.
create table feed_delivery (
    id uuid primary key,
    kind text not null,
    as_of date not null,                           -- the day the sender's figures stand for; an older one never wins
    requested_by text not null,
    reach jsonb not null,                          -- the sender's reach, in which the rows are applied
    file_format text not null check (file_format in ('csv', 'xlsx', 'ndjson')),
    file_bytes bigint not null,
    file_sha256 bytea not null,
    status text not null default 'received'
        check (status in ('received', 'staging', 'validating', 'applying', 'completed', 'failed')),
    rows bigint not null default 0,
    applied_through_row integer not null default 0,
    accepted bigint not null default 0,
    unchanged bigint not null default 0,
    older bigint not null default 0,
    rejected bigint not null default 0,
    error_code text,
    error_en text,
    error_th text,
    job_id uuid,
    received_at timestamptz not null default now(),
    completed_at timestamptz
);
create index feed_delivery_requested_by on feed_delivery (requested_by, id);

create table feed_file_part (
    delivery_id uuid not null,                     -- the delivery's own row is written last, when the hash is known
    part integer not null,
    bytes bytea not null,
    primary key (delivery_id, part)
);

-- One row of a file, typed: money in satang, dates as ISO text. A row leaves when it is applied or rejected, so what
-- is still 'staged' is what is left to do, whenever the work was interrupted.
create table feed_row (
    delivery_id uuid not null,
    row_number integer not null,                   -- as a spreadsheet counts: the headings are row 1
    row_key bytea,                                 -- equal for rows of a file with equal key columns
    data jsonb not null,
    status text not null default 'staged' check (status in ('staged', 'rejected', 'waiting')),
    waiting_for text,                              -- e.g. member:<hash>: a name that a later event or file will bring
    primary key (delivery_id, row_number)
);
create index feed_row_waiting on feed_row (waiting_for) where status = 'waiting';

-- Why a row was not taken: codes only, no value from the file.
create table feed_reject (
    delivery_id uuid not null references feed_delivery on delete cascade,
    row_number integer not null,
    column_name text not null,
    code text not null,
    primary key (delivery_id, row_number, column_name, code)
);

alter table feed_delivery enable row level security;
create policy delivery_seen on feed_delivery
    using (current_user not like '%\_api' or visible_to_sender(requested_by));
alter table feed_reject enable row level security;
create policy reject_seen on feed_reject
    using (current_user not like '%\_api' or exists (select from feed_delivery where id = delivery_id));
