-- Who read or searched personal data, whose, and why; written in the read's own transaction.
create table access_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    subject text not null,
    client_id text not null,
    what text not null,                            -- the act, e.g. member-read, member-search, national-id-reveal
    subject_ids uuid[] not null,                   -- the persons whose data was shown
    purpose text not null                          -- a code of the caller's, never free text about a person
);
create index access_log_subject_ids on access_log using gin (subject_ids);
create index access_log_at on access_log (at);
