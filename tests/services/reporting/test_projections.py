"""Goal: the same events make the same rows, whatever the order in which topics, batches and duplicates arrive.

Method: a made-up country's events are applied once in order, one by one, and then, by Hypothesis, in any interleaving
of keys (a key keeps its order, as Kafka promises), cut into any batches, with older copies repeated; every table must
be equal row for row.
"""

import asyncio
from collections import defaultdict
from datetime import date
from random import Random

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.inbox import INBOX
from shared.chassis.database import Database
from shared.chassis.events import InvalidEvent
from shared.contracts import debt
from shared.contracts.literacy import CategoryTotals, LedgerMonthRecorded
from shared.kernel.identifiers import uuid7
from tests.conftest import DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import Said, World, received

_TABLES_SQL = "select tablename from pg_tables where schemaname = 'read_model' order by tablename"


async def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table of the read model, as text, sorted."""
    async with database.unscoped() as session:
        tables = [row["tablename"] for row in await session.fetch(_TABLES_SQL)]
        tables.append("officer_cooperative")
        return {
            table: [row["line"] for row in await session.fetch(f"select t::text as line from {table} t order by 1")]
            for table in tables
        }


async def clear(database: Database) -> None:
    async with database.unscoped() as session:
        for row in await session.fetch(_TABLES_SQL):
            await session.execute(f"delete from {row['tablename']}")
        await session.execute("delete from officer_cooperative")
        await session.execute("delete from officer_state")


def interleaved(said: list[Said], random: Random, batch_max: int) -> list[list[Said]]:
    """Any order that keeps each key's own, with a third of the events repeated later, in batches of any size."""
    queues: defaultdict[tuple[str, str], list[Said]] = defaultdict(list)
    for one in said:
        queues[one.event.topic.name, one.event.key].append(one)
    waiting = list(queues.values())
    order: list[Said] = []
    while waiting:
        queue = random.choice(waiting)
        order.append(queue.pop(0))
        if random.random() < 0.3:
            order.append(random.choice(order))
        waiting = [one for one in waiting if one]
    batches = []
    while order:
        size = random.randint(1, batch_max)
        batches.append(order[:size])
        order = order[size:]
    return batches


@pytest_asyncio.fixture
async def expected(database: Database, hear: Hear, world: World) -> dict[str, list[str]]:
    """What the events make when they come in order, one by one."""
    await hear(database, [[said] for said in world.said])
    return await dump(database)


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf) -> Database:
    return await database_of("reporting")


@given(seed=st.integers(0, 2**32), batch_max=st.sampled_from([3, 40, 5_000]))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
async def test_rows_equal_whatever_the_interleaving(
    database: Database, hear: Hear, world: World, expected: dict[str, list[str]], seed: int, batch_max: int
) -> None:
    await clear(database)
    await hear(database, interleaved(world.said, Random(seed), batch_max))
    found = await dump(database)
    for table, rows in expected.items():
        assert found[table] == rows, table


async def test_every_table_is_filled_by_the_country(expected: dict[str, list[str]]) -> None:
    assert [table for table, rows in expected.items() if not rows] == []


async def test_cells_are_the_sums_of_the_facts(database: Database, hear: Hear, world: World) -> None:
    await hear(database, [world.said])
    async with database.unscoped() as session:
        found = await session.fetch("select * from measure_cell where payments_rows > 0")
    expected: defaultdict[tuple[object, date], list[int]] = defaultdict(list)
    for one in world.postings:
        if isinstance(one, debt.PaymentPosted):
            expected[one.cooperative_id, one.posted_on.replace(day=1)].append(one.amount)
    assert {(row["cooperative_id"], row["month"]): (row["payments"], row["payments_rows"]) for row in found} == {
        key: (sum(amounts), len(amounts)) for key, amounts in expected.items()
    }


async def test_parts_that_do_not_sum_to_the_change_are_refused(database: Database, hear: Hear, world: World) -> None:
    close = world.closes[-1]
    cohort = close.cohorts[0].model_copy(update={"overdue": close.cohorts[0].overdue + 1})
    with pytest.raises(InvalidEvent, match="sum to the change"):
        await hear(database, [[Said(close.model_copy(update={"cohorts": (cohort,)}), 1, close.closed_on)]])


async def test_two_sides_of_a_participation_written_at_once_are_both_counted(database: Database, world: World) -> None:
    case = next(iter(world.cases.values()))
    months = [
        LedgerMonthRecorded(
            ledger_month_id=uuid7(),
            household_account_id=uuid7(),
            cooperative_id=case.cooperative_id,
            member_id=case.member_id,
            household_id=None,
            month=date(2022, number, 1),
            status="closed",
            closed_on=None,
            totals=CategoryTotals(),
        )
        for number in (10, 11, 12)
    ]
    first_wrote, second_started = asyncio.Event(), asyncio.Event()

    async def hear_case() -> None:
        async with database.unscoped() as session:
            await INBOX.apply(session, [received(Said(case, 1, case.opened_on))])
            first_wrote.set()
            await second_started.wait()
            await asyncio.sleep(0.2)  # the other waits for this row meanwhile

    async def hear_months() -> None:
        await first_wrote.wait()
        async with database.unscoped() as session:
            second_started.set()
            await INBOX.apply(session, [received(Said(month, 1, month.month)) for month in months])

    await asyncio.gather(hear_case(), hear_months())
    async with database.unscoped() as session:
        active = await session.fetch("select month from measure_cell where ledger_active_rows > 0 order by 1")
    assert [row["month"] for row in active] == [date(2022, 12, 1), *(date(2023, number, 1) for number in (1, 2, 3))]
