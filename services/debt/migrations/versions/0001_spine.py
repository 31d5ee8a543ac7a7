"""The spine: projections, loans, payments, cases, plans, deductions and closes.

Revision ID: 0001
Revises: none
"""

from shared.chassis.schema import create_chassis_tables, grant, protect, protect_by, protect_cooperatives, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICE = "debt"

_PROJECTIONS = """
create table cooperative (
    id uuid primary key,
    code text not null,
    kind text not null,
    cooperative_type text not null,
    name_th text not null,
    name_en text,
    province_code text not null,
    district_code text not null,
    status text not null,
    epoch integer not null,
    version bigint not null
);
create unique index uq_cooperative_code on cooperative (code);

create table member (
    id uuid primary key,
    person_id uuid not null,
    cooperative_id uuid not null,
    member_number_hash text not null,
    household_id uuid,
    member_kind text not null,
    status text not null,
    merged_into uuid,
    epoch integer not null,
    version bigint not null
);
create index ix_member_member_number_hash on member (member_number_hash);
create index ix_member_person_id on member (person_id);
create index ix_member_cooperative_id on member (cooperative_id);

create table external_debt (
    id uuid primary key,
    person_id uuid not null,
    creditor text not null,
    outstanding bigint not null,
    annual_payment bigint not null,
    as_of date not null,
    epoch integer not null,
    version bigint not null
);
create index ix_external_debt_person_id on external_debt (person_id);

-- What a household expects to earn and spend, by month; the months as livelihood sent them.
create table income_plan (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    household_id uuid,
    fiscal_year_be integer not null,
    months jsonb not null,
    epoch integer not null,
    version bigint not null
);
create index ix_income_plan_member_id on income_plan (member_id, fiscal_year_be);

create table enrolment (
    id uuid primary key,
    programme_id uuid not null,
    programme_code text not null,
    phase integer not null,
    cooperative_id uuid not null,
    valid_from date not null,
    valid_to date,
    epoch integer not null,
    version bigint not null
);
create index ix_enrolment_cooperative_id on enrolment (cooperative_id);
"""

_LOANS = """
-- The business calendar of a co-operative: everything up to closed_on is closed (null: nothing yet). Whoever posts
-- holds its row shared, a close holds it alone, so no posting can fall into a day that is being closed.
create table business_day (
    cooperative_id uuid primary key,
    closed_on date
);

create table loan (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    loan_number text not null,
    loan_type text not null,
    principal bigint not null,
    annual_rate numeric(7, 6) not null,
    disbursed_on date not null,
    method text not null,
    frequency text not null,
    harvest_months text not null,                  -- "1;11", empty unless the frequency is harvest
    instalments smallint not null,
    first_due_on date,
    day_count text not null,
    cut_over_on date not null,
    opening_principal bigint not null,
    opening_interest bigint not null,
    opening_fee bigint not null,
    opening_overdue_principal bigint not null,
    opening_last_paid_on date,
    opened_on date not null,                       -- the posting date of the opening position
    outstanding_principal bigint not null,
    overdue_principal bigint not null,
    overdue_interest bigint not null,
    oldest_unpaid_due_on date,
    loan_class text not null,
    status text not null check (status in ('active', 'closed')),
    excess bigint not null default 0,              -- paid beyond everything owed
    as_of date not null,                           -- the day for which the overdue figures were last worked out
    last_value_on date,                            -- the latest value date posted; an earlier one is a replay
    version bigint not null
);
create unique index uq_loan_loan_number on loan (cooperative_id, loan_number);
create index ix_loan_member_id on loan (member_id);

create table instalment (
    loan_id uuid not null,
    number smallint not null,
    cooperative_id uuid not null,
    due_on date not null,
    overdue_from date not null,                    -- the day after due_on, or opened_on when that is later
    principal bigint not null,
    interest bigint not null,
    fee bigint not null default 0,
    paid_principal bigint not null default 0,
    paid_interest bigint not null default 0,
    paid_fee bigint not null default 0,
    paid_late_interest bigint not null default 0,
    paid_default_interest bigint not null default 0,
    waived_default_interest bigint not null default 0,
    accrued_to date,
    late_basis bigint not null default 0,          -- exact sums, see payments/domain.py
    default_basis bigint not null default 0,
    primary key (loan_id, number)
) with (fillfactor = 85);
create index ix_instalment_unpaid on instalment (cooperative_id, overdue_from)
    where paid_principal < principal or paid_interest < interest;

-- A loan that a later file states otherwise than our ledger: listed, never overwritten.
create table loan_difference (
    loan_id uuid not null,
    as_of date not null,
    field text not null,
    cooperative_id uuid not null,
    ours text not null,
    theirs text not null,
    delivery_id uuid not null,
    primary key (loan_id, as_of, field)
);
"""

_POSTINGS = """
-- Payments and their reversals. The parts are what the posting did to the loan, whatever earlier payments it moved
-- included; a reversal's are negative. A payment posted later than the posting that moves it is moved on its own day,
-- by a correction of no amount.
create table payment (
    id uuid primary key,
    cooperative_id uuid not null,
    loan_id uuid not null,
    member_id uuid not null,
    kind text not null check (kind in ('payment', 'reversal', 'correction')),
    reverses uuid,
    corrects uuid,
    channel text not null,
    receipt_number text,
    delivery_id uuid,
    amount bigint not null,
    value_on date not null,
    posted_on date not null,
    fee bigint not null,
    default_interest bigint not null,
    late_interest bigint not null,
    interest bigint not null,
    principal bigint not null,
    excess bigint not null,
    overdue_reduced bigint not null,
    reason text,
    captured_by text not null,
    captured_at timestamptz not null default now(),
    constraint ck_payment_parts_sum_to_amount
        check (amount = fee + default_interest + late_interest + interest + principal + excess)
);
create unique index uq_payment_receipt_number on payment (cooperative_id, receipt_number) where kind = 'payment';
create unique index uq_payment_reverses on payment (reverses);
create index ix_payment_loan_id on payment (loan_id, posted_on);
create index ix_payment_posted_on on payment (cooperative_id, posted_on);
create index ix_payment_delivery_id on payment (delivery_id) where delivery_id is not null;

-- What settled which part of which instalment, by posting date. A line of an older payment that a back-dated posting
-- moves is a line of that posting: the sum over a payment's lines is its allocation as it stands.
create table allocation (
    id bigint generated always as identity primary key,
    posting_id uuid not null,
    payment_id uuid not null,
    loan_id uuid not null,
    number smallint not null,
    cooperative_id uuid not null,
    posted_on date not null,
    fee bigint not null,
    default_interest bigint not null,
    late_interest bigint not null,
    interest bigint not null,
    principal bigint not null
);
create index ix_allocation_posted_on on allocation (cooperative_id, posted_on);
create index ix_allocation_loan_id on allocation (loan_id);

create table waiver (
    id uuid primary key,
    cooperative_id uuid not null,
    loan_id uuid not null,
    member_id uuid not null,
    plan_id uuid,
    corrects uuid,                                 -- the waiver whose amount a back-dated posting changed
    value_on date not null,
    posted_on date not null,
    default_interest bigint not null
);
create index ix_waiver_loan_id on waiver (loan_id);
create index ix_waiver_posted_on on waiver (cooperative_id, posted_on);

-- Why overdue debt changed: positive takes it away. OD(t0) - OD(t) is the sum of the days after t0 up to t.
create table overdue_movement (
    id bigint generated always as identity primary key,
    loan_id uuid not null,
    cooperative_id uuid not null,
    posted_on date not null,
    part text not null check (part in
        ('cash', 'produce', 'set_off', 'waived', 'written_off', 'rescheduled', 'left', 'newly_overdue')),
    amount_satang bigint not null,
    posting_id uuid
);
create index ix_overdue_movement_posted_on on overdue_movement (cooperative_id, posted_on);
create index ix_overdue_movement_loan_id on overdue_movement (loan_id);

create table deduction (
    delivery_id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    status text not null check (status in ('settled', 'refused', 'undone')),
    requested boolean not null,                    -- false: the reversal came first
    amount bigint not null,
    applied bigint not null,
    returned bigint not null,
    reason text,
    delivered_on date,
    settled_on date,
    refused_on date,
    undone_on date
);
create index ix_deduction_settled_on on deduction (cooperative_id, settled_on);
"""

_CASES = """
create table debt_case (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    fiscal_year_be integer not null,
    stage text not null,
    segment text,
    dsr numeric,
    dscr numeric,
    residual_ratio numeric,
    overdue_at_opening bigint not null,
    debt_at_opening bigint not null,
    opened_on date not null,
    resolved_on date,
    resolution text,
    version bigint not null
);
create unique index uq_debt_case_member_id on debt_case (member_id, cooperative_id, fiscal_year_be);
create index ix_debt_case_cooperative_id on debt_case (cooperative_id, stage, id);

create table case_move (
    id uuid primary key,
    case_id uuid not null,
    cooperative_id uuid not null,
    moved_from text not null,
    moved_to text not null,
    moved_on date not null,
    actor text not null,
    reason text not null,
    resolution text
);
create index ix_case_move_case_id on case_move (case_id, id);

create table assessment (
    id uuid primary key,
    case_id uuid not null,
    cooperative_id uuid not null,
    assessed_by text not null,
    assessed_on date not null,
    inputs jsonb not null,
    creditors jsonb not null,
    figures jsonb not null,
    segment text not null,
    flags text[] not null
);
create index ix_assessment_case_id on assessment (case_id, id);

create table plan (
    id uuid primary key,
    case_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    status text not null,
    standing text,
    measures text[] not null,
    deduction_share numeric(5, 4) not null,
    waive_default_interest boolean not null,
    overdue_covered bigint not null,
    default_interest_waived bigint not null,
    proposed_by text not null,
    proposed_on date not null,
    approved_by text,
    accepted_by text,
    signed_on date,
    starts_on date,
    ends_on date,
    version bigint not null
);
create index ix_plan_case_id on plan (case_id);
create index ix_plan_cooperative_id on plan (cooperative_id, status);
create index ix_plan_member_id on plan (member_id);

create table plan_instalment (
    plan_id uuid not null,
    number smallint not null,
    cooperative_id uuid not null,
    due_on date not null,
    amount bigint not null,
    primary key (plan_id, number)
);
"""

_CLOSES = """
create table cohort_loan (
    fiscal_year_be integer not null,
    loan_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    overdue bigint not null,
    primary key (fiscal_year_be, loan_id)
);
create index ix_cohort_loan_loan_id on cohort_loan (loan_id);
create index ix_cohort_loan_cooperative_id on cohort_loan (cooperative_id);

create table baseline (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    baseline_on date not null,
    cohort_loans integer not null,
    cohort_members integer not null,
    cohort_overdue bigint not null,
    overdue_all bigint not null,
    outstanding_all bigint not null,
    participants integer not null,
    participants_debt bigint not null,
    primary key (cooperative_id, fiscal_year_be)
);

create table close_day (
    cooperative_id uuid not null,
    closed_on date not null,
    closed_at timestamptz not null default now(),
    primary key (cooperative_id, closed_on)
);

-- What was published of a day. All revisions are kept.
create table close_statement (
    cooperative_id uuid not null,
    closed_on date not null,
    revision integer not null,
    covers_from date,
    statement jsonb not null,
    cause text,
    primary key (cooperative_id, closed_on, revision)
);
"""

# A household's debts elsewhere count in its capacity, but the rows of another co-operative are out of the officer's
# reach: this gives sums only. It runs as the owner, whom no policy binds.
_ELSEWHERE = """
create function person_debt_elsewhere(for_member uuid, from_on date, until_on date)
    returns table (cooperatives bigint, loans bigint, outstanding bigint, overdue bigint, due bigint)
    language sql stable security definer set search_path = public, pg_temp as $$
    select count(distinct l.cooperative_id), count(distinct l.id),
           coalesce(sum(i.principal - i.paid_principal), 0)::bigint,
           coalesce(sum(i.principal - i.paid_principal + i.interest - i.paid_interest)
               filter (where i.due_on < from_on), 0)::bigint,
           coalesce(sum(i.principal - i.paid_principal + i.interest - i.paid_interest)
               filter (where i.due_on >= from_on and i.due_on < until_on), 0)::bigint
    from member own
    join member same on same.person_id = own.person_id and same.cooperative_id <> own.cooperative_id
    join loan l on l.member_id = same.id and l.status = 'active'
    join instalment i on i.loan_id = l.id
    where own.id = for_member
$$;
revoke execute on function person_debt_elsewhere from public;
grant execute on function person_debt_elsewhere to plodnee_debt_api, plodnee_debt_worker;
"""

_PROTECTED = (
    "member", "income_plan", "enrolment", "business_day", "loan", "instalment", "loan_difference", "payment",
    "allocation", "waiver", "overdue_movement", "deduction", "debt_case", "case_move", "assessment", "plan",
    "plan_instalment", "cohort_loan", "baseline", "close_day", "close_statement",
)  # fmt: skip

_WRITTEN_BY_WORKER = frozenset({
    "member", "income_plan", "enrolment", "loan_difference", "deduction", "cohort_loan", "baseline", "close_day",
    "close_statement",
})  # fmt: skip


def upgrade() -> None:
    create_chassis_tables(SERVICE)
    for statements in (_PROJECTIONS, _LOANS, _POSTINGS, _CASES, _CLOSES, _ELSEWHERE):
        run_sql(statements)
    grant(SERVICE, "cooperative", api="select")
    protect_cooperatives(SERVICE)
    grant(SERVICE, "external_debt", api="select")
    protect_by(
        SERVICE,
        "external_debt",
        "exists (select 1 from member reached where reached.person_id = external_debt.person_id)",
    )
    for table in _PROTECTED:
        grant(SERVICE, table, api="select" if table in _WRITTEN_BY_WORKER else "select, insert, update")
        protect(SERVICE, table)
