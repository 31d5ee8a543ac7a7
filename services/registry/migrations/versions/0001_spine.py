"""Co-operatives, persons and their memberships, farm households, programmes, debts to other lenders.

Revision ID: 0001
"""

from shared.chassis.schema import (
    create_chassis_tables,
    grant,
    protect,
    protect_by,
    protect_cooperatives,
    run_sql,
)
from shared.chassis.settings import role_name

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERVICE = "registry"

_TABLES = """
create table cooperative (
    id uuid primary key,
    code text not null constraint uq_cooperative_code unique,
    kind text not null check (kind in ('cooperative', 'farmer_group')),
    cooperative_type text not null,
    name_th text not null,
    name_en text,
    name_sort_key text collate "C" not null,       -- code-point order is Thai dictionary order
    province_code text not null,
    district_code text not null,
    registered_on date,
    strength_level smallint check (strength_level between 1 and 4),
    status text not null check (status in ('active', 'dissolved', 'liquidation')),
    as_of date not null,                           -- the day these values stand for; an older statement never wins
    version bigint not null
);
create index ix_cooperative_province_code on cooperative (province_code);
create index ix_cooperative_name_sort_key on cooperative (name_sort_key, id);

-- One row per human being, known by the national id alone. What a co-operative says about its member (name, birth
-- date, phone) stands in that membership: nobody overwrites what another co-operative states.
create table person (
    id uuid primary key,
    national_id_index bytea not null constraint uq_person_national_id_index unique,    -- keyed hash, for exact search
    national_id_sealed bytea not null,             -- under the person's data key
    national_id_masked text not null,              -- x-xxxx-xxxxx-41-2
    wrapped_key bytea not null                     -- the data key, wrapped by a key-encryption key
);

create table member (
    id uuid primary key,
    person_id uuid not null references person,
    cooperative_id uuid not null references cooperative,
    member_number text not null,
    member_number_hash text not null,
    household_id uuid,                             -- may be named before the household's own file comes
    member_kind text not null check (member_kind in ('ordinary', 'associate')),
    status text not null check (status in ('active', 'suspended', 'resigned', 'expelled', 'deceased')),
    joined_on date,
    title text not null,
    full_name text not null,                       -- normalised, without the title
    name_sort_key text collate "C" not null,
    sex text check (sex in ('M', 'F')),
    birth_date date,
    phone_sealed bytea,                            -- under the person's data key
    phone_index bytea,                             -- keyed hash: tells whether a file changes the number
    as_of date not null,
    version bigint not null,
    constraint uq_member_cooperative_id_member_number unique (cooperative_id, member_number)
);
create index ix_member_person_id on member (person_id);
create index ix_member_household_id on member (household_id) where household_id is not null;
-- The whole country searches by the first, callers with a smaller reach by the second, co-operative by co-operative.
create index ix_member_name_sort_key on member (name_sort_key, id);
create index ix_member_cooperative_id_name_sort_key on member (cooperative_id, name_sort_key, id);

create table household (
    id uuid primary key,                           -- derived from the number by a keyed hash
    household_number text not null constraint uq_household_household_number unique,
    cooperative_id uuid not null references cooperative,
    head_member_id uuid references member,
    size integer not null check (size > 0),
    district_code text not null,
    registered_on date,
    as_of date not null,
    version bigint not null
);
create index ix_household_cooperative_id on household (cooperative_id);
create index ix_household_head_member_id on household (head_member_id);

create table plot (
    household_id uuid not null references household,
    plot_number text not null,
    crop text not null,
    area_rai numeric(10, 4) not null check (area_rai > 0),
    document text,
    planted_on date,
    as_of date not null,
    primary key (household_id, plot_number)
);

create table external_debt (
    id uuid primary key,
    person_id uuid not null references person,
    creditor text not null check (creditor in ('baac', 'village_fund')),
    contract_number text not null,
    outstanding_satang bigint not null check (outstanding_satang >= 0),
    annual_payment_satang bigint not null check (annual_payment_satang >= 0),  -- due in the next 12 months
    stated_on date not null,                       -- the creditor's date of these amounts
    as_of date not null,                           -- of the file that brought them
    version bigint not null,
    constraint uq_external_debt_person_id_creditor_contract_number unique (person_id, creditor, contract_number)
);

create table programme (
    id uuid primary key,
    code text not null constraint uq_programme_code unique check (code in ('A', 'B')),
    name_th text not null,
    name_en text not null,
    phases jsonb not null,                         -- [{"phase": 1, "starts_on": "…", "ends_on": "…"}]
    cooperatives_target integer check (cooperatives_target > 0),
    overdue_reduction_target_percent numeric(6, 3),
    version bigint not null
);

create table enrolment (
    id uuid primary key,
    programme_id uuid not null references programme,
    phase integer not null,
    cooperative_id uuid not null references cooperative,
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),
    version bigint not null,
    constraint uq_enrolment_programme_id_phase_cooperative_id unique (programme_id, phase, cooperative_id)
);
create index ix_enrolment_cooperative_id on enrolment (cooperative_id);
"""

# Identity must be resolved beyond the caller's reach, or a person who moves to another province becomes two. These
# functions run as the tables' owner, who is bound by no policy, and give out nothing but keys and ids.
_FUNCTIONS = """
create function find_persons(indexes bytea[])
    returns table (national_id_index bytea, person_id uuid, wrapped_key bytea)
    language sql stable security definer set search_path = public, pg_temp as $$
    select person.national_id_index, person.id, person.wrapped_key
      from person where person.national_id_index = any (indexes)
$$;

-- Two callers may claim the same person at once: both get the row of the one that came first.
create function claim_persons(indexes bytea[], ids uuid[], sealed bytea[], masked text[], keys bytea[])
    returns table (national_id_index bytea, person_id uuid, wrapped_key bytea)
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into person (national_id_index, id, national_id_sealed, national_id_masked, wrapped_key)
    select * from unnest(indexes, ids, sealed, masked, keys) as new (index) order by new.index
    on conflict on constraint uq_person_national_id_index do nothing;
    return query select found.national_id_index, found.person_id, found.wrapped_key
                   from find_persons(indexes) found;
end $$;

revoke execute on function find_persons, claim_persons from public;
"""


def upgrade() -> None:
    api, worker = role_name(_SERVICE, "api"), role_name(_SERVICE, "worker")
    create_chassis_tables(_SERVICE)
    run_sql(_TABLES)
    run_sql(_FUNCTIONS)
    protect_cooperatives(_SERVICE)
    for table in ("member", "household", "enrolment"):
        protect(_SERVICE, table)
    protect_by(_SERVICE, "person", "exists (select from member reached where reached.person_id = person.id)")
    protect_by(_SERVICE, "plot", "exists (select from household reached where reached.id = plot.household_id)")
    protect_by(
        _SERVICE,
        "external_debt",
        "exists (select from member reached where reached.person_id = external_debt.person_id)",
    )
    for table in ("cooperative", "member", "programme", "enrolment"):
        grant(_SERVICE, table)
    for table in ("person", "household", "plot", "external_debt"):
        grant(_SERVICE, table, api="select")
    run_sql(
        f"""
        grant execute on function find_persons, claim_persons to {api}, {worker};
        grant select, insert, update, delete on officer_cooperative, officer_state to {api};
        """
    )
