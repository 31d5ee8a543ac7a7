"""Members and plans as others tell them, the crop calendar, expected income, produce deliveries.

Revision ID: 0001
"""

from shared.chassis.schema import create_chassis_tables, grant, protect, protect_cooperatives, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERVICE = "livelihood"

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
create index ix_member_household_id on member (household_id);

create table household (
    id uuid primary key,
    cooperative_id uuid not null,
    size integer not null,
    plots jsonb not null,                          -- [{"crop": "rice_wet", "area_rai": "12.5"}]
    epoch integer not null,
    version bigint not null
);

-- The agreement in a repayment plan that a share of each delivery pays the debt.
create table deduction_agreement (
    id uuid primary key,                           -- the plan's id
    cooperative_id uuid not null,
    member_id uuid not null,
    status text not null,
    deduction_share numeric(5, 4) not null,
    epoch integer not null,
    version bigint not null
);
create index ix_deduction_agreement_member_id on deduction_agreement (member_id);

-- Assumptions as data: what a rai of a crop yields, costs and earns, and when. Dated, with the source.
create table crop_economics (
    crop text not null,
    effective_from date not null,
    name_th text not null,
    name_en text not null,
    planting_months smallint[] not null,
    harvest_months smallint[] not null,
    yield_kilograms_per_rai numeric(12, 2) not null,
    price_satang_per_kilogram bigint not null,
    cash_cost_satang_per_rai bigint not null,
    source text not null,
    is_assumption boolean not null,
    primary key (crop, effective_from)
);
insert into crop_economics values
    ('rice_wet', '2021-05-01', 'ข้าวนาปี', 'Wet-season rice', '{5,6,7}', '{11,12}', 868.78, 756, 342400,
     'LDD study of ordinary wet rice 2564/65: 868.78 kg, 6,567.98 baht, cash cost 3,424 baht a rai', false),
    ('rice_dry', '2021-05-01', 'ข้าวนาปรัง', 'Off-season rice', '{12,1}', '{4,5}', 650, 800, 420000, 'assumption', true),
    ('maize', '2021-05-01', 'ข้าวโพดเลี้ยงสัตว์', 'Maize', '{4,5}', '{8,9}', 700, 900, 400000, 'assumption', true),
    ('cassava', '2021-05-01', 'มันสำปะหลัง', 'Cassava', '{4,5}', '{12,1,2,3}', 3300, 250, 450000, 'assumption', true),
    ('sugarcane', '2021-05-01', 'อ้อยโรงงาน', 'Sugarcane', '{11,12}', '{12,1,2,3,4}', 9500, 100, 600000,
     'LDD Kalasin 2561-65: 7,534 to 11,620 kg a rai; price and cost assumed', true),
    ('longan', '2021-05-01', 'ลำไย', 'Longan', '{1,2,3}', '{7,8}', 700, 2200, 700000, 'assumption', true),
    ('rubber', '2021-05-01', 'ยางพารา', 'Rubber', '{}', '{5,6,7,8,9,10,11,12,1}', 230, 4800, 400000,
     'assumption', true),
    ('vegetable', '2021-05-01', 'พืชผัก', 'Vegetables', '{10,11}', '{12,1,2}', 1500, 1200, 900000, 'assumption', true);

create table occupation_plan (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    household_id uuid,
    fiscal_year_be integer not null,
    basis text not null check (basis in ('computed', 'stated')),
    version bigint not null,
    unique (member_id, fiscal_year_be)
);

create table occupation_plan_month (
    occupation_plan_id uuid not null references occupation_plan on delete cascade,
    cooperative_id uuid not null,
    month date not null,
    income_satang bigint not null check (income_satang >= 0),
    cost_satang bigint not null check (cost_satang >= 0),
    primary key (occupation_plan_id, month)
);

create table produce_delivery (
    id uuid primary key,
    cooperative_id uuid not null,
    member_id uuid not null,
    delivery_number text not null,
    delivered_on date not null,
    crop text not null,
    kilograms numeric(14, 3) not null check (kilograms > 0),
    price_satang_per_kilogram bigint not null check (price_satang_per_kilogram >= 0),
    plan_id uuid,
    deduction_share numeric(5, 4) not null,
    savings_share numeric(5, 4) not null,
    status text not null check (status in ('held', 'settled', 'reversing', 'reversed')),
    gross_satang bigint not null check (gross_satang >= 0),
    debt_satang bigint not null check (debt_satang >= 0),
    savings_satang bigint not null check (savings_satang >= 0),
    paid_satang bigint not null check (paid_satang >= 0),
    held_satang bigint not null check (held_satang >= 0),
    settled_on date,
    refusal text,
    reversed_on date,                              -- the day of the request to undo it
    version bigint not null,
    unique (cooperative_id, delivery_number),
    -- Not a satang is lost or made, at any moment.
    constraint ck_produce_delivery_balance
        check (gross_satang = debt_satang + savings_satang + paid_satang + held_satang)
);
create index ix_produce_delivery_cooperative_id on produce_delivery (cooperative_id, delivered_on, id);
create index ix_produce_delivery_waiting on produce_delivery (delivered_on) where status in ('held', 'reversing');
"""

_PROTECTED = (
    "member",
    "household",
    "deduction_agreement",
    "occupation_plan",
    "occupation_plan_month",
    "produce_delivery",
)


def upgrade() -> None:
    """Create everything this service keeps, under row-level security."""
    create_chassis_tables(_SERVICE)
    run_sql(_TABLES)
    protect_cooperatives(_SERVICE)
    grant(_SERVICE, "cooperative", api="select")
    grant(_SERVICE, "crop_economics", api="select")
    for table in _PROTECTED:
        protect(_SERVICE, table)
    for table in ("member", "household", "deduction_agreement"):
        grant(_SERVICE, table, api="select")
    grant(_SERVICE, "occupation_plan")
    grant(_SERVICE, "occupation_plan_month", api="select, insert, update, delete")
    grant(_SERVICE, "produce_delivery")
