"""Half a fiscal year of read-model rows for every co-operative, as nightly closes and daily payments leave them."""

from uuid import UUID

from bench import people
from bench.machine import owner_of
from bench.sizes import MEMBERS_PER_COOPERATIVE, cooperatives_of
from services.reporting.latest.repository import refresh_latest
from shared.chassis.database import Database
from shared.chassis.settings import get_settings
from shared.kernel.areas import region_of

_MEMBERS = f"""
insert into read_model.member (id, person_id, cooperative_id, member_number_hash, member_kind, status, epoch, version)
select gen_random_uuid(), gen_random_uuid(), id, md5(code || number), 'ordinary', 'active', 1, 1
  from added cross join generate_series(1, {MEMBERS_PER_COOPERATIVE}) as number
"""
_BASELINES = """
insert into read_model.baseline
select id, 2566, '2022-09-30', 120, 100, 900000000, 1000000000, 9000000000, 100, 2000000000 from added
"""
_CLOSES = """
insert into read_model.close_statement
select id, cast(night as date), 1, case when night > '2022-09-30' then cast(night as date) end,
       4, 400000, 0, 0, 0, 0, 0, 0, 500, 120, 9000000000, 900000000, 10000000, 500000000, 300, 100, 40, 80, null
  from added cross join generate_series(timestamp '2022-09-30', timestamp '2023-03-31', interval '1 day') as night
"""
_COHORTS = """
insert into read_model.close_cohort
select cooperative_id, 2566, closed_on, 1, '2022-09-30', 900000000, 800000000, 60000000, 30000000, 10000000, 0, 0, 0, 0,
       0, 120, 20, 2000000000, 1900000000
  from read_model.close_statement where cooperative_id in (select id from added) and closed_on > '2022-09-30'
"""
_STANDING = """
insert into read_model.standing
select id, 2566, '2023-03-31', 1, 910000000, 9000000000, 500000000, 100, 40, 900000000, 800000000, 60000000, 30000000,
       10000000, 0, 0, 0, 0, 0, 120, 20, 2000000000, 1900000000
  from added
"""
_CELL = """
insert into read_model.{table} (cooperative_id, fiscal_year_be, {period}, payments, payments_rows, collected_cash,
    collected_cash_rows, overdue_reduced, overdue_reduced_rows, cohort_cash, cohort_cash_rows, cases_opened_rows,
    learning_gain, learning_gain_rows)
select id, 2566, cast(period as date), 400000, 4, 400000, 4, 300000, 3, 250000, 2, 1, 50000, 1
  from added cross join generate_series(timestamp '2022-10-01', timestamp '{last}', interval '{step}') as period
"""
_ENROLMENTS = """
insert into read_model.enrolment
select gen_random_uuid(), cast('00000000-0000-7000-8000-00000000000a' as uuid), 'A', 1, id, '2022-10-01', null, 1, 1
  from added
"""
_OLDER_MONTHS = """
insert into read_model.measure_cell (cooperative_id, fiscal_year_be, month, payments, payments_rows, collected_cash,
    collected_cash_rows)
select id, cast(extract(year from month + interval '3 months') as integer) + 543, cast(month as date), 400000, 4,
       400000, 4
  from read_model.cooperative
 cross join generate_series(date '2022-09-01' - make_interval(months => {months} - 1), timestamp '2022-09-01',
                            interval '1 month') as month
"""


async def grow(members_from: int, members_to: int) -> None:
    """The co-operatives that come with so many members more, with days, closes and cohorts to the end of March."""
    connection = await owner_of("reporting")
    try:
        await connection.execute("create temp table added (id uuid, code text)")
        places = [people.cooperative(one) for one in range(cooperatives_of(members_from), cooperatives_of(members_to))]
        await connection.copy_records_to_table("added", records=[(one.id, one.code) for one in places])
        await connection.copy_records_to_table(
            "cooperative",
            schema_name="read_model",
            columns=("id", "code", "kind", "cooperative_type", "name_th", "region_code", "province_code",
                     "district_code", "status", "epoch", "version"),
            records=[
                (one.id, one.code, "cooperative", "agricultural", one.name_th, region_of(one.district_code),
                 one.province_code, one.district_code, "active", 1, 1)
                for one in places
            ],
        )  # fmt: skip
        # Days reach beyond the last close by two weeks: the provisional part of every figure.
        days = _CELL.format(table="measure_day", period="day", last="2023-04-14", step="1 day")
        months = _CELL.format(table="measure_cell", period="month", last="2023-04-01", step="1 month")
        years = _CELL.format(table="measure_year", period="starts_on", last="2022-10-01", step="1 year")
        for sql in (_MEMBERS, _BASELINES, _CLOSES, _COHORTS, _STANDING, days, months, years, _ENROLMENTS):
            await connection.execute(sql)
        await _refresh([one.id for one in places])
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _refresh(cooperative_ids: list[UUID]) -> None:
    """Have the product make what the latest figures read, as its consumer does after every batch."""
    database = Database(get_settings(), "reporting", "worker", "bench")
    try:
        async with database.unscoped() as session:
            await refresh_latest(session, [(cooperative_id, 2566) for cooperative_id in cooperative_ids])
    finally:
        await database.close()


async def add_months(rows: int) -> int:
    """Months before the fiscal year until there are about so many in all; returns how many there are."""
    connection = await owner_of("reporting")
    try:
        places = await connection.fetchval("select count(*) from read_model.cooperative")
        present = await connection.fetchval("select count(*) from read_model.measure_cell")
        await connection.execute(_OLDER_MONTHS.format(months=max(1, -(-(rows - present) // places))))
        await connection.execute("vacuum analyze read_model.measure_cell")
        return int(await connection.fetchval("select count(*) from read_model.measure_cell"))
    finally:
        await connection.close()
