"""Co-operatives, members and loans straight into debt's own tables, by sets."""

from bench import people
from bench.machine import owner_of
from bench.sizes import MEMBERS_PER_COOPERATIVE, cooperatives_of
from shared.chassis.crypto import member_number_hash
from shared.kernel.identifiers import derived_id

# One loan a number: ten months of 10,000 baht each from March 2022 on a day of the month that spreads over all days,
# interest beside it. What fell due before the cut-over is paid, but for three loans in ten, which left two months open.
_MEMBERS = """
create temp table bench_member as
select row_number() over (order by id) - 1 as position, id, cooperative_id from member
"""
_MADE = """
create temp table made as
select one.number, gen_random_uuid() as id, bench_member.id as member_id, bench_member.cooperative_id,
       cast(one.number % 30 as integer) as day, case when one.number % 10 < 3 then 2 else 0 end as left_open
  from generate_series(0, {loans} - 1) as one (number)
  join bench_member on bench_member.position = one.number % {members}
"""
_INSTALMENTS = """
insert into instalment (loan_id, number, cooperative_id, due_on, overdue_from, principal, interest, paid_principal,
    paid_interest)
select made.id, month, made.cooperative_id, due.due_on, due.due_on + 1, 1000000, 7250,
       case when paid.is_paid then 1000000 else 0 end, case when paid.is_paid then 7250 else 0 end
  from made
 cross join generate_series(1, 10) as month
 cross join lateral (
       select cast(date '2022-02-01' + make_interval(months => month) + made.day * interval '1 day' as date) as due_on
 ) as due
 cross join lateral (
       select due.due_on <= date '2022-09-30' - make_interval(months => made.left_open) as is_paid) as paid
"""
_LOAN_ROWS = """
insert into loan (id, cooperative_id, member_id, loan_number, loan_type, principal, annual_rate, disbursed_on, method,
    frequency, harvest_months, instalments, first_due_on, day_count, cut_over_on, opening_principal, opening_interest,
    opening_fee, opening_overdue_principal, opened_on, outstanding_principal, overdue_principal, overdue_interest,
    oldest_unpaid_due_on, loan_class, status, as_of, version)
select made.id, made.cooperative_id, made.member_id, 'L' || made.number, 'medium', 10000000, 0.0725, '2022-02-01',
       'equal_principal', 'monthly', '', 10, '2022-03-01', 'actual/365', '2022-01-31', 10000000, 0, 0, 0, '2022-01-31',
       unpaid.principal, 0, 0, null, 'normal', 'active', '2022-01-31', 1
  from made
  join (select loan_id, sum(principal - paid_principal) as principal from instalment group by loan_id) unpaid
    on unpaid.loan_id = made.id
"""


async def add_members(first: int, end: int) -> None:
    """The members of these numbers and their co-operatives, as registry's events would have brought them."""
    places = range(first // MEMBERS_PER_COOPERATIVE, cooperatives_of(end))
    connection = await owner_of("debt")
    try:
        await connection.copy_records_to_table(
            "cooperative",
            columns=("id", "code", "kind", "cooperative_type", "name_th", "province_code", "district_code", "status",
                     "epoch", "version"),
            records=[
                (one.id, one.code, "cooperative", "agricultural", one.name_th, one.province_code, one.district_code,
                 "active", 1, 1)
                for one in map(people.cooperative, places)
            ],
        )  # fmt: skip
        await connection.copy_records_to_table(
            "member",
            columns=("id", "person_id", "cooperative_id", "member_number_hash", "member_kind", "status", "epoch",
                     "version"),
            records=[
                (derived_id("bench member", number), derived_id("bench person", number),
                 people.cooperative_of(number).id,
                 member_number_hash(people.cooperative_of(number).code, people.member(number).number),
                 "ordinary", "active", 1, 1)
                for number in range(first, end)
            ],
        )  # fmt: skip
        await connection.execute("analyze")
    finally:
        await connection.close()


async def add_loans(count: int) -> None:
    """So many loans with ten instalments each, spread over the members that are there."""
    connection = await owner_of("debt")
    try:
        await connection.execute(_MEMBERS)
        members = await connection.fetchval("select count(*) from bench_member")
        await connection.execute("analyze bench_member")
        await connection.execute(_MADE.format(loans=count, members=members))
        await connection.execute(_INSTALMENTS)
        await connection.execute(_LOAN_ROWS)
        await connection.execute("vacuum analyze loan")
        await connection.execute("vacuum analyze instalment")
    finally:
        await connection.close()
