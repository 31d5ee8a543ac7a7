-- Long work, as its caller sees it; the queue itself is procrastinate's. No personal data in any column.
create table job (
    id uuid primary key,
    kind text not null,
    arguments jsonb not null,
    reach jsonb not null,                          -- the caller's reach, in which the job runs
    requested_by text not null,                    -- the caller's subject, or 'system'
    correlation_id text,
    queue_id bigint not null,                      -- procrastinate_jobs.id; its row is deleted some days after the end
    status text not null default 'queued'
        check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    cancel_requested boolean not null default false,
    attempt integer not null default 0,            -- a run that finds a later attempt here has been replaced and stops
    phase text,
    done bigint not null default 0,
    total bigint,
    phase_started_at timestamptz,
    phase_first_done bigint not null default 0,
    progressed_at timestamptz,
    fruitless_since timestamptz,                   -- the first transient fault since an attempt has got further
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    error text,                                    -- a problem type or the name of an exception, never its message
    result jsonb
);
create index job_finished on job (finished_at) where finished_at is not null;

-- Whether the transaction's caller sent this, or sees the whole country.
create function visible_to_sender(requested_by text) returns boolean language sql stable as $$
    select coalesce(current_setting('plodnee.everything', true), '') = 'on'
        or requested_by = nullif(current_setting('plodnee.subject', true), '')
$$;

-- Whether the transaction's caller may see what another caller asked for: whoever sees the whole country, the caller
-- itself, and whoever's reach holds all of that reach.
create function visible_to_caller(requested_by text, reach jsonb) returns boolean language sql stable as $$
    select visible_to_sender(requested_by)
        or (reach ->> 'everything' <> 'on' and reach ->> 'unscoped' <> 'on'
            and concat(reach ->> 'provinces', reach ->> 'districts', reach ->> 'cooperatives') <> ''
            and string_to_array(reach ->> 'provinces', ',')
                <@ string_to_array(coalesce(current_setting('plodnee.provinces', true), ''), ',')
            and string_to_array(reach ->> 'cooperatives', ',')
                <@ string_to_array(coalesce(current_setting('plodnee.cooperatives', true), ''), ',')
            and not exists (
                select from unnest(string_to_array(reach ->> 'districts', ',')) district
                where district <> all (string_to_array(coalesce(current_setting('plodnee.districts', true), ''), ','))
                and left(district, 2)
                    <> all (string_to_array(coalesce(current_setting('plodnee.provinces', true), ''), ','))
            ))
$$;

-- Only the api role answers callers; the worker runs everybody's jobs.
alter table job enable row level security;
create policy job_seen on job for select using (current_user not like '%\_api' or visible_to_caller(requested_by, reach));
create policy job_changed on job for update using (current_user not like '%\_api' or visible_to_caller(requested_by, reach));
create policy job_added on job for insert with check (true);
create policy job_removed on job for delete using (current_user not like '%\_api');
