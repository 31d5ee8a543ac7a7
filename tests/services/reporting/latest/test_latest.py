"""Goal: what the latest figures read is what its sources say, whoever writes these at one moment.

In databases made before it was kept, too.
"""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.reporting.changes import Changes, write_changes
from services.reporting.inbox import INBOX
from services.reporting.latest.repository import REFRESH_SQL, refresh_latest
from services.reporting.measures.domain import Measure, flow
from shared.chassis import migrate as migrations
from shared.chassis.database import Database, WriteSession
from shared.chassis.initialise import initialise_database
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database
from shared.contracts import debt
from tests.conftest import DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.kpis.test_provisional import PAID_ON, close_in, payment_in
from tests.services.reporting.world import BASELINE_ON, YEAR, Said, World, received

_CLOSED_ON = date(2022, 10, 5)  # a week before the payment
_PATIENCE_SECONDS = 120
_COOPERATIVES = 400
_NOTHING_SECONDS = 0.5  # long enough for what is not held up to be done


async def _rows(session: WriteSession) -> list[dict[str, object]]:
    return [dict(row) for row in await session.fetch("select * from latest order by cooperative_id, fiscal_year_be")]


async def _apply(database: Database, *said: Said) -> None:
    async with database.unscoped() as session:
        await INBOX.apply(session, [received(one, offset) for offset, one in enumerate(said)])


@pytest.mark.parametrize("has_baseline", [False, True])
@pytest.mark.parametrize("first", ["payment", "close"])
async def test_of_a_payment_and_a_close_at_one_moment_neither_is_lost(
    database_of: DatabaseOf, world: World, first: str, has_baseline: bool
) -> None:
    database = await database_of("reporting")
    if has_baseline:  # then there is a row already
        await _apply(database, Said(world.baselines[0], 1, BASELINE_ON))
    close = close_in(world, 1, debt.PartsOfChange(cash=0))
    events = {
        "payment": Said(payment_in(world), 1, PAID_ON),
        "close": Said(close.model_copy(update={"closed_on": _CLOSED_ON}), 1, _CLOSED_ON),
    }
    second = next(name for name in events if name != first)

    async with database.unscoped() as session:
        await INBOX.apply(session, [received(events[first], 0)])
        other = asyncio.create_task(_apply(database, events[second]))
        await asyncio.wait([other], timeout=_NOTHING_SECONDS)
        assert not other.done(), "the second must wait for the row that the first holds"
    await asyncio.wait_for(other, _PATIENCE_SECONDS)

    async with database.unscoped() as session:
        found = await _rows(session)
        await refresh_latest(session, [(world.cooperatives[0].cooperative_id, YEAR)])
        assert found == await _rows(session)
    [row] = found
    assert (row["stated_on"], row["newest_on"]) == (_CLOSED_ON, PAID_ON)
    assert (row["cash_since"], row["collected"]) == (3_000_25, 5_000_25)


@pytest.mark.parametrize("first", ["payment", "close"])
async def test_whoever_comes_while_a_row_is_held_waits_for_it(
    database_of: DatabaseOf, world: World, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Between the hold and the making of the row nothing of the first is in it that could hold up the second."""
    database = await database_of("reporting")
    await _apply(database, Said(world.baselines[0], 1, BASELINE_ON))
    close = close_in(world, 1, debt.PartsOfChange(cash=0)).model_copy(update={"closed_on": _CLOSED_ON})
    events = {"payment": Said(payment_in(world), 1, PAID_ON), "close": Said(close, 1, _CLOSED_ON)}
    second = next(name for name in events if name != first)
    holds, may_go_on = asyncio.Event(), asyncio.Event()

    async def apply_first() -> None:
        async with database.unscoped() as session:
            execute = session.execute

            async def pausing(sql: str, /, **parameters: object) -> int:
                if sql is REFRESH_SQL:
                    holds.set()
                    await may_go_on.wait()
                return await execute(sql, **parameters)

            monkeypatch.setattr(session, "execute", pausing)
            await INBOX.apply(session, [received(events[first], 0)])

    one = asyncio.create_task(apply_first())
    await asyncio.wait_for(holds.wait(), _PATIENCE_SECONDS)
    other = asyncio.create_task(_apply(database, events[second]))
    await asyncio.wait([other], timeout=_NOTHING_SECONDS)
    assert not other.done(), "the second must wait for the row that the first holds"
    may_go_on.set()
    await asyncio.wait_for(asyncio.gather(one, other), _PATIENCE_SECONDS)

    async with database.unscoped() as session:
        found = await _rows(session)
        await refresh_latest(session, [(world.cooperatives[0].cooperative_id, YEAR)])
        assert found == await _rows(session)
    assert (found[0]["stated_on"], found[0]["newest_on"]) == (_CLOSED_ON, PAID_ON)


async def test_a_baseline_that_waits_for_a_row_which_is_dropped_makes_it_again(
    database_of: DatabaseOf, world: World
) -> None:
    database = await database_of("reporting")
    baseline = world.baselines[0]
    paid = flow(baseline.cooperative_id, Measure.PAYMENTS, PAID_ON, 700)
    async with database.unscoped() as session:
        await write_changes(session, [Changes([paid])])

    async with database.unscoped() as session:
        await session.execute("select from latest for update")
        other = asyncio.create_task(_apply(database, Said(baseline, 1, BASELINE_ON)))
        await asyncio.wait([other], timeout=_NOTHING_SECONDS)
        assert not other.done(), "the baseline must wait for the row that is held"
        await write_changes(session, [Changes([paid.taken_back()])])
        assert await _rows(session) == []
    await asyncio.wait_for(other, _PATIENCE_SECONDS)

    async with database.unscoped() as session:
        [row] = await _rows(session)
    assert (row["stated_on"], row["newest_on"], row["collected"]) == (BASELINE_ON, None, 0)


async def test_a_row_is_made_from_its_own_cells_alone_in_tables_without_statistics(database_of: DatabaseOf) -> None:
    """A fresh read model has none, and a plan that reads the year of every co-operative costs the square of them."""
    database = await database_of("reporting")
    days = [date(2022, 10, 1) + timedelta(days=number) for number in range(5)]
    async with database.unscoped() as session:
        paid = [flow(uuid4(), Measure.PAYMENTS, day, 700) for day in days for _ in range(_COOPERATIVES)]
        await write_changes(session, [Changes(paid)])
    async with database.unscoped() as session:
        keys = await session.fetch("select cooperative_id, fiscal_year_be from latest")
        assert len(keys) == _COOPERATIVES * len(days)
        plan = await session.fetch(
            f"explain {REFRESH_SQL}",
            cooperative_ids=[key["cooperative_id"] for key in keys],
            fiscal_years=[key["fiscal_year_be"] for key in keys],
            bounds=[date(2023, 9, 30)] * len(keys),
        )
    used = {line.partition(" using ")[2].partition(" ")[0] for [line] in (row.values() for row in plan)}
    assert {"measure_cell_pkey", "measure_day_pkey"} <= used
    assert not {"ix_measure_cell_fiscal_year_be_month", "ix_measure_day_fiscal_year_be_day"} & used


async def test_what_is_taken_back_leaves_no_row(database_of: DatabaseOf) -> None:
    database = await database_of("reporting")
    paid = flow(uuid4(), Measure.PAYMENTS, PAID_ON, 700)
    for contribution, rows in ((paid, 1), (paid.taken_back(), 0)):
        async with database.unscoped() as session:
            await write_changes(session, [Changes([contribution])])
        async with database.unscoped() as session:
            assert len(await _rows(session)) == rows


async def test_a_fact_that_moves_to_another_day_moves_what_is_newest(database_of: DatabaseOf) -> None:
    database = await database_of("reporting")
    cooperative_id = uuid4()
    early, late = (flow(cooperative_id, Measure.PAYMENTS, date(2022, 10, day), 700) for day in (3, 20))
    async with database.unscoped() as session:
        await write_changes(session, [Changes([late])])
    async with database.unscoped() as session:
        await write_changes(session, [Changes([late.taken_back(), early])])
    async with database.unscoped() as session:
        assert [row["newest_on"] for row in await _rows(session)] == [date(2022, 10, 3)]


async def test_a_database_made_before_is_filled(
    settings: Settings, database_of: DatabaseOf, hear: Hear, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = await database_of("reporting")
    await hear(newer, [world.said])
    async with newer.unscoped() as session:
        expected = await _rows(session)
        sources = {
            table: [tuple(row.values()) for row in await session.fetch(f"select * from {table}")]
            for table in ("standing", "baseline", "measure_day", "measure_cell", "measure_year")
        }
    server = settings.database_url("reporting", "owner").rpartition("@")[2].partition("/")[0]
    monkeypatch.setenv("PLODNEE_REPORTING_DATABASE_URL", f"postgresql://{server}/older_{uuid4().hex[:12]}")
    await initialise_database(settings, "reporting")
    await asyncio.to_thread(migrations.migrate, settings, "reporting", "0001")
    owner = await asyncpg.connect(settings.database_url("reporting", "owner"))
    for table, rows in sources.items():
        await owner.copy_records_to_table(table, schema_name="read_model", records=rows)

    await asyncio.to_thread(migrations.migrate, settings, "reporting")

    found = await owner.fetch("select * from read_model.latest order by cooperative_id, fiscal_year_be")
    assert [dict(row) for row in found] == expected
    assert len(expected) > len(world.cooperatives)
    await owner.close()
    await drop_database(settings, "reporting")
