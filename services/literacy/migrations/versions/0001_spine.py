"""Members as the registry tells them, courses and their sessions, household accounts, savings pledges.

Revision ID: 0001
"""

from shared.chassis.schema import create_chassis_tables, grant, protect, protect_cooperatives, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERVICE = "literacy"

_TABLES = """
create table cooperative (
    id uuid primary key,
    code text not null,
    name_th text not null,
    province_code text not null,
    district_code text not null,
    status text not null,
    epoch integer not null,
    version bigint not null
);
create index ix_cooperative_code on cooperative (code);

create table member (
    id uuid primary key,
    cooperative_id uuid not null,
    member_number_hash text not null,
    household_id uuid,
    status text not null,
    epoch integer not null,
    version bigint not null
);
create index ix_member_member_number_hash on member (member_number_hash);
create index ix_member_cooperative_id on member (cooperative_id);

create table course (
    id uuid primary key,
    cooperative_id uuid not null,
    code text not null,
    title text not null,
    topic text not null,
    version bigint not null,
    unique (cooperative_id, code)
);

create table course_session (
    id uuid primary key,
    course_id uuid not null references course,
    cooperative_id uuid not null,
    held_on date not null,
    unique (course_id, held_on)
);

create table attendance (
    id uuid primary key,
    session_id uuid not null references course_session,
    course_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    unique (session_id, member_id)
);

create table assessment (
    id uuid primary key,
    course_id uuid not null references course,
    cooperative_id uuid not null,
    member_id uuid not null,
    phase text not null check (phase in ('pre', 'post')),
    score numeric(5, 2) not null check (score between 0 and 100),
    scored_on date not null,
    revision integer not null,
    unique (course_id, member_id, phase)
);

create table household_account (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null unique,                -- who keeps the account
    household_id uuid
);

create table ledger_month (
    id uuid primary key,
    household_account_id uuid not null references household_account,
    cooperative_id uuid not null,
    member_id uuid not null,
    household_id uuid,
    month date not null check (extract(day from month) = 1),
    status text not null check (status in ('open', 'closed')),
    closed_on date,
    farm_income_satang bigint not null default 0,
    farm_cost_satang bigint not null default 0,
    nonfarm_income_satang bigint not null default 0,
    food_satang bigint not null default 0,
    other_consumption_satang bigint not null default 0,
    debt_service_satang bigint not null default 0,
    saving_satang bigint not null default 0,
    as_of date not null,                           -- the day the figures stand for; an older file never wins
    version bigint not null,
    unique (household_account_id, month)
);
create index ix_ledger_month_cooperative_id on ledger_month (cooperative_id, month);

create table savings_pledge (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    amount_per_month_satang bigint not null check (amount_per_month_satang > 0),
    starts_on date not null,
    ends_on date check (ends_on >= starts_on),
    status text not null check (status in ('pledged', 'active', 'paused', 'broken', 'completed')),
    version bigint not null
);
create index ix_savings_pledge_member_id on savings_pledge (member_id);
"""

_TOLD = ("member",)
_OWNED = (
    "course",
    "course_session",
    "attendance",
    "assessment",
    "household_account",
    "ledger_month",
    "savings_pledge",
)


def upgrade() -> None:
    """Create everything this service keeps, under row-level security."""
    create_chassis_tables(_SERVICE)
    run_sql(_TABLES)
    protect_cooperatives(_SERVICE)
    grant(_SERVICE, "cooperative", api="select")
    for table in (*_TOLD, *_OWNED):
        protect(_SERVICE, table)
        grant(_SERVICE, table, api="select" if table in _TOLD else "select, insert, update")
