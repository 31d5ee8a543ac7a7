-- Which co-operatives an officer holds, and when: the reach of callers whose token names no areas. The registry owns
-- it; elsewhere it is a projection. No row-level policy: it is read before the caller's reach is known, and holds
-- ids only.
create table officer_cooperative (
    officer_id text not null,                      -- the subject of the officer's tokens
    cooperative_id uuid not null,
    valid_from date not null,                      -- both days count, in Asia/Bangkok
    valid_to date check (valid_to >= valid_from),
    delegate_of text,                              -- the officer this one stands in for
    primary key (officer_id, cooperative_id, valid_from)
);

-- The newest state known of each officer, so that an older event changes nothing.
create table officer_state (
    officer_id text primary key,
    epoch integer not null,
    version integer not null
);
