"""The read model in a schema of its own, and targets.

Revision ID: 0001
"""

from shared.chassis.schema import create_chassis_tables, grant, protect_by, protect_cooperatives, run_sql
from shared.chassis.settings import role_name

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERVICE = "reporting"
_SCHEMA = "read_model"

_INSTITUTIONS = """
create table read_model.cooperative (
    id uuid primary key,
    code text not null,
    kind text not null,
    cooperative_type text not null,
    name_th text not null,
    name_en text,
    region_code text not null,
    province_code text not null,
    district_code text not null,
    strength_level smallint,
    status text not null,
    epoch integer not null,
    version bigint not null
);
create index ix_cooperative_province_code on read_model.cooperative (province_code);

create table read_model.programme (
    id uuid primary key,
    code text not null,
    name_th text not null,
    name_en text not null,
    phases jsonb not null,
    cooperatives_target integer,
    overdue_reduction_target_percent numeric,
    epoch integer not null,
    version bigint not null
);

create table read_model.enrolment (
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
create index ix_enrolment_cooperative_id on read_model.enrolment (cooperative_id);

create table read_model.member (
    id uuid primary key,
    person_id uuid not null,
    cooperative_id uuid not null,
    member_number_hash text not null,
    household_id uuid,
    member_kind text not null,
    status text not null,
    birth_decade smallint,
    merged_into uuid,
    epoch integer not null,
    version bigint not null
);
create index ix_member_cooperative_id on read_model.member (cooperative_id);

create table read_model.household (
    id uuid primary key,
    cooperative_id uuid not null,
    head_member_id uuid,
    district_code text not null,
    size integer not null,
    plots jsonb not null,
    area_rai numeric not null,
    epoch integer not null,
    version bigint not null
);
create index ix_household_cooperative_id on read_model.household (cooperative_id);
"""

_DEBTS = """
create table read_model.loan (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    disbursed_on date not null,
    principal_satang bigint not null,
    annual_rate numeric not null,
    outstanding_principal_satang bigint not null,
    overdue_principal_satang bigint not null,
    overdue_interest_satang bigint not null,
    oldest_unpaid_due_on date,
    loan_class text not null,
    status text not null,
    effective_on date not null,
    epoch integer not null,
    version bigint not null
);
create index ix_loan_cooperative_id on read_model.loan (cooperative_id);
create index ix_loan_member_id on read_model.loan (member_id);

create table read_model.debt_case (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    fiscal_year_be integer not null,
    stage text not null,
    segment text,
    dsr numeric,
    dscr numeric,
    residual_ratio numeric,
    overdue_at_opening_satang bigint not null,
    opened_on date not null,
    resolved_on date,
    resolution text,
    epoch integer not null,
    version bigint not null
);
create index ix_debt_case_cooperative_id on read_model.debt_case (cooperative_id);
create index ix_debt_case_member_id on read_model.debt_case (member_id);

create table read_model.plan (
    id uuid primary key,
    case_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    status text not null,
    standing text,
    measures text[] not null,
    deduction_share numeric not null,
    overdue_covered_satang bigint not null,
    default_interest_waived_satang bigint not null,
    signed_on date,
    starts_on date,
    ends_on date,
    epoch integer not null,
    version bigint not null
);
create index ix_plan_cooperative_id on read_model.plan (cooperative_id);
create index ix_plan_case_id on read_model.plan (case_id);

create table read_model.posting (
    fact_id uuid primary key,                      -- the payment's id, or the reversal's
    kind text not null,                            -- payment, reversal
    payment_id uuid not null,
    loan_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    posted_on date not null,
    value_on date not null,
    channel text not null,
    amount_satang bigint not null,
    fee_satang bigint not null,
    default_interest_satang bigint not null,
    late_interest_satang bigint not null,
    interest_satang bigint not null,
    principal_satang bigint not null,
    excess_satang bigint not null,
    overdue_reduced_satang bigint not null,
    cohorts jsonb not null,                        -- [{"fiscal_year_be": …, "overdue_reduced_satang": …}]
    delivery_id uuid
);
create index ix_posting_cooperative_id_posted_on on read_model.posting (cooperative_id, posted_on);
create index ix_posting_loan_id on read_model.posting (loan_id);

create table read_model.waiver (
    fact_id uuid primary key,
    loan_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    plan_id uuid,
    posted_on date not null,
    default_interest_satang bigint not null
);
create index ix_waiver_cooperative_id on read_model.waiver (cooperative_id);

create table read_model.deduction (
    fact_id uuid primary key,
    delivery_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    outcome text not null,                         -- settled, refused, undone
    reason text,
    applied_satang bigint not null,
    returned_satang bigint not null,
    posted_on date not null
);
create index ix_deduction_cooperative_id on read_model.deduction (cooperative_id);
create index ix_deduction_delivery_id on read_model.deduction (delivery_id);
"""

_CLOSES = """
create table read_model.baseline (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    baseline_on date not null,
    cohort_loans bigint not null,
    cohort_members bigint not null,
    cohort_overdue_satang bigint not null,
    overdue_all_satang bigint not null,
    outstanding_all_satang bigint not null,
    participants bigint not null,
    participants_debt_satang bigint not null,
    primary key (cooperative_id, fiscal_year_be)
);

create table read_model.close_statement (
    cooperative_id uuid not null,
    closed_on date not null,
    revision integer not null,
    covers_from date,
    payments bigint not null,
    payments_satang bigint not null,
    reversals bigint not null,
    reversals_satang bigint not null,
    waivers bigint not null,
    waivers_satang bigint not null,
    deductions_settled bigint not null,
    deductions_applied_satang bigint not null,
    loans bigint not null,
    loans_overdue bigint not null,
    outstanding_principal_satang bigint not null,
    overdue_principal_satang bigint not null,
    overdue_interest_satang bigint not null,
    npl_principal_satang bigint not null,
    members_borrowing bigint not null,
    members_overdue bigint not null,
    members_overdue_with_plan bigint not null,
    cases_active bigint not null,
    cause text,
    primary key (cooperative_id, closed_on, revision)
);

create table read_model.close_cohort (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    closed_on date not null,
    revision integer not null,
    baseline_on date not null,
    overdue_at_baseline_satang bigint not null,
    overdue_satang bigint not null,
    cash_satang bigint not null,
    produce_satang bigint not null,
    set_off_satang bigint not null,
    waived_satang bigint not null,
    written_off_satang bigint not null,
    rescheduled_satang bigint not null,
    left_cohort_satang bigint not null,
    newly_overdue_satang bigint not null,
    loans bigint not null,
    loans_cured bigint not null,
    participants_debt_at_baseline_satang bigint not null,
    participants_debt_satang bigint not null,
    primary key (cooperative_id, fiscal_year_be, closed_on, revision)
);
"""

# The newest close of each fiscal year (which begins with the close of the day before it) with that year's cohort beside
# it: what the latest figures read. The close of 30 September stands in two years.
_STANDING = """
create table read_model.standing (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    closed_on date not null,
    revision integer not null,
    overdue_satang bigint not null,
    outstanding_principal_satang bigint not null,
    npl_principal_satang bigint not null,
    members_overdue bigint not null,
    members_overdue_with_plan bigint not null,
    cohort_baseline_satang bigint,                 -- null where the close states no cohort of the year
    cohort_overdue_satang bigint,
    cash_satang bigint,
    produce_satang bigint,
    set_off_satang bigint,
    waived_satang bigint,
    written_off_satang bigint,
    rescheduled_satang bigint,
    left_cohort_satang bigint,
    newly_overdue_satang bigint,
    cohort_loans bigint,
    cohort_loans_cured bigint,
    participants_debt_baseline_satang bigint,
    participants_debt_satang bigint,
    primary key (cooperative_id, fiscal_year_be)
);
"""

_PRODUCE_AND_LEARNING = """
create table read_model.produce_delivery (
    fact_id uuid primary key,                      -- the delivery's id
    cooperative_id uuid not null,
    member_id uuid not null,
    delivered_on date not null,
    crop text not null,
    kilograms numeric not null,
    gross_satang bigint not null,
    savings_satang bigint not null,
    paid_satang bigint not null,
    held_satang bigint not null
);
create index ix_produce_delivery_cooperative_id on read_model.produce_delivery (cooperative_id);

create table read_model.produce_settlement (
    id uuid primary key,                           -- the delivery's id
    cooperative_id uuid not null,
    member_id uuid not null,
    settled_on date not null,
    gross_satang bigint not null,
    debt_satang bigint not null,
    savings_satang bigint not null,
    paid_satang bigint not null,
    revision integer not null
);
create index ix_produce_settlement_cooperative_id on read_model.produce_settlement (cooperative_id);

create table read_model.occupation_plan (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    household_id uuid,
    fiscal_year_be integer not null,
    income_satang bigint not null,
    cost_satang bigint not null,
    months jsonb not null,                         -- [{"month": …, "income_satang": …, "cost_satang": …}]
    epoch integer not null,
    version bigint not null
);
create index ix_occupation_plan_cooperative_id on read_model.occupation_plan (cooperative_id);

create table read_model.attendance (
    fact_id uuid primary key,
    session_id uuid not null,
    course_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    attended_on date not null
);
create index ix_attendance_cooperative_id on read_model.attendance (cooperative_id);
create index ix_attendance_member_id on read_model.attendance (member_id);

create table read_model.assessment (
    id uuid primary key,
    course_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    phase text not null,                           -- pre, post
    score numeric not null,
    scored_on date not null,
    revision integer not null
);
create index ix_assessment_cooperative_id on read_model.assessment (cooperative_id);
create index ix_assessment_course_id_member_id on read_model.assessment (course_id, member_id);

create table read_model.ledger_month (
    id uuid primary key,
    household_account_id uuid not null,
    cooperative_id uuid not null,
    member_id uuid not null,
    household_id uuid,
    month date not null,
    status text not null,                          -- open, closed
    closed_on date,
    farm_income_satang bigint not null,
    farm_cost_satang bigint not null,
    nonfarm_income_satang bigint not null,
    food_satang bigint not null,
    other_consumption_satang bigint not null,
    debt_service_satang bigint not null,
    saving_satang bigint not null,
    epoch integer not null,
    version bigint not null
);
create index ix_ledger_month_cooperative_id on read_model.ledger_month (cooperative_id);
create index ix_ledger_month_member_id on read_model.ledger_month (member_id);

create table read_model.savings_pledge (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    amount_per_month_satang bigint not null,
    starts_on date not null,
    ends_on date,
    status text not null,
    epoch integer not null,
    version bigint not null
);
create index ix_savings_pledge_cooperative_id on read_model.savings_pledge (cooperative_id);

-- Made by whichever comes first, a case or a month of an account.
create table read_model.participation (
    member_id uuid not null,
    cooperative_id uuid not null,
    cases jsonb not null,                          -- {case: "2566 2022-10-01"}
    closed_months jsonb not null,                  -- {month of an account: "2022-11-01"}
    primary key (member_id, cooperative_id)
);
"""

# A cell is one row with every measure in it: a sum and the rows that contribute, or the rows alone. A cell to which no
# row contributes does not exist.
_SUMMED = (
    "payments",
    "reversals",
    "collected_cash",
    "collected_produce",
    "collected_set_off",
    "overdue_reduced",
    "cohort_cash",
    "cohort_produce",
    "cohort_set_off",
    "default_interest_waived",
    "deductions_settled",
    "deductions_undone",
    "produce_gross",
    "produce_to_debt",
    "produce_to_savings",
    "produce_to_members",
    "plans_signed",
    "learning_gain",
    "savings_pledged",
)
_COUNTED = ("deductions_refused", "cases_opened", "cases_released", "attendances")
_COUNTED_BY_MONTH = ("ledger_months_closed", "ledger_active")


def _measures(*counted: str) -> str:
    columns = [name for summed in _SUMMED for name in (summed, f"{summed}_rows")] + [f"{name}_rows" for name in counted]
    return ", ".join(f"{name} bigint not null default 0" for name in columns)


_MEASURES = f"""
create table read_model.measure_day (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    day date not null,
    {_measures(*_COUNTED)},
    primary key (cooperative_id, fiscal_year_be, day)
);

create table read_model.measure_year (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    starts_on date not null,
    {_measures(*_COUNTED)},
    primary key (cooperative_id, fiscal_year_be, starts_on)
);

create table read_model.measure_cell (
    cooperative_id uuid not null,
    fiscal_year_be integer not null,
    month date not null,                           -- its first day
    {_measures(*_COUNTED, *_COUNTED_BY_MONTH)},
    primary key (cooperative_id, fiscal_year_be, month)
);
"""

_TARGETS = """
create table kpi_target (
    kpi_id text not null,
    fiscal_year_be integer not null,               -- 0: wherever a year has none of its own
    version integer not null,
    value numeric not null check (value > 0),
    source text not null,
    decided_on date not null,
    recorded_by text not null,
    recorded_at timestamptz not null default now(),
    primary key (kpi_id, fiscal_year_be, version)
);
insert into kpi_target (kpi_id, fiscal_year_be, version, value, source, decided_on, recorded_by) values
    ('K01', 0, 1, 10,
     'เอกสารโครงการ: มูลค่าหนี้ค้างลดลงไม่น้อยกว่าร้อยละ 10 (programme brief: overdue debt falls by at least 10 %)',
     '2022-10-01', 'plodnee'),
    ('K02', 2566, 1, 1100,
     'เอกสารโครงการ ปีงบประมาณ 2566: 1,100 แห่ง (programme brief, fiscal year 2566: 1,100 places)',
     '2022-10-01', 'plodnee');
"""

_PROTECTED = (
    "enrolment",
    "member",
    "household",
    "loan",
    "debt_case",
    "plan",
    "posting",
    "waiver",
    "deduction",
    "baseline",
    "close_statement",
    "close_cohort",
    "standing",
    "produce_delivery",
    "produce_settlement",
    "occupation_plan",
    "attendance",
    "assessment",
    "ledger_month",
    "savings_pledge",
    "participation",
    "measure_day",
    "measure_cell",
    "measure_year",
)

# Who reaches the whole country is not asked row by row: a figure of the nation reads every co-operative.
_IN_REACH = (
    "(select current_setting('plodnee.everything', true)) = 'on'"
    " or exists (select 1 from read_model.cooperative reached where reached.id = {table}.cooperative_id)"
)

# Handlers and queries name tables without a schema. The owner keeps public first, so that what a later migration
# creates without a schema does not fall into the read model.
_SEARCH_PATH = """
do $$ begin
    execute format('alter database %I set search_path = read_model, public', current_database());
    execute format('alter role current_user in database %I set search_path = public, read_model', current_database());
end $$;
"""


def upgrade() -> None:
    api, worker = role_name(_SERVICE, "api"), role_name(_SERVICE, "worker")
    create_chassis_tables(_SERVICE)
    run_sql(f"create schema {_SCHEMA}; grant usage on schema {_SCHEMA} to {api}, {worker};")
    for tables in (_INSTITUTIONS, _DEBTS, _CLOSES, _STANDING, _PRODUCE_AND_LEARNING, _MEASURES, _TARGETS):
        run_sql(tables)
    protect_cooperatives(_SERVICE, schema=_SCHEMA)
    for table in _PROTECTED:
        protect_by(_SERVICE, table, _IN_REACH.format(table=table), schema=_SCHEMA)
    for table in ("cooperative", "programme", *_PROTECTED):
        grant(_SERVICE, table, api="select", schema=_SCHEMA)
    grant(_SERVICE, "kpi_target", api="select, insert")
    run_sql(_SEARCH_PATH)
