"""Goal: members of the group that hear of the same co-operatives at one moment wait for each other, and no more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

from services.reporting.inbox import INBOX
from shared.chassis.database import Database
from shared.chassis.events import Event
from shared.chassis.settings import Settings
from shared.contracts.debt import CaseRecorded, PaymentPosted
from shared.contracts.literacy import LedgerMonthRecorded
from shared.contracts.livelihood import ProduceDelivered
from tests.conftest import DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import Said, World, received

_ROUNDS = 5
_BATCH = 40
_TABLES = ("measure_day", "measure_cell", "measure_year", "latest", "participation")


def _like(world: World, kind: type[Event], **update: Any) -> Said:
    """An event of the world with other ids."""
    known = next(said for said in world.said if isinstance(said.event, kind))
    return Said(known.event.model_copy(update=update), 1, known.effective_on)


def _payment(world: World, cooperative_id: UUID) -> Said:
    return _like(world, PaymentPosted, payment_id=uuid4(), loan_id=uuid4(), cooperative_id=cooperative_id)


def _delivery(world: World, cooperative_id: UUID) -> Said:
    return _like(world, ProduceDelivered, delivery_id=uuid4(), cooperative_id=cooperative_id)


def _case(world: World, member_id: UUID) -> Said:
    return _like(world, CaseRecorded, case_id=uuid4(), member_id=member_id)


def _month(world: World, member_id: UUID) -> Said:
    return _like(world, LedgerMonthRecorded, ledger_month_id=uuid4(), member_id=member_id)


async def _apply(database: Database, said: Sequence[Said]) -> None:
    async with database.unscoped() as session:
        await INBOX.apply(session, [received(one, offset) for offset, one in enumerate(said)])


async def test_members_whose_co_operatives_cross_over_do_not_deadlock(database_of: DatabaseOf, world: World) -> None:
    database = await database_of("reporting")
    one, other = uuid4(), uuid4()
    for _ in range(_ROUNDS):
        await asyncio.gather(
            _apply(database, [_payment(world, one), _delivery(world, other)]),
            _apply(database, [_payment(world, other), _delivery(world, one)]),
        )
    async with database.unscoped() as session:
        cells = await session.fetch("select payments_rows, produce_gross_rows from measure_year")
    assert [tuple(row.values()) for row in cells] == [(_ROUNDS, _ROUNDS)] * 2


async def test_members_whose_participants_cross_over_do_not_deadlock(database_of: DatabaseOf, world: World) -> None:
    database = await database_of("reporting")
    one, other = uuid4(), uuid4()
    for _ in range(_ROUNDS):
        await asyncio.gather(
            _apply(database, [_case(world, one), _month(world, other)]),
            _apply(database, [_case(world, other), _month(world, one)]),
        )
    async with database.unscoped() as session:
        rows = await session.fetch("select cases from participation")
    assert [len(row["cases"]) for row in rows] == [_ROUNDS] * 2


async def test_two_members_make_the_same_figures_as_one(
    database_of: DatabaseOf, fresh_database: Callable[[str], Awaitable[Settings]], hear: Hear, world: World
) -> None:
    database = await database_of("reporting")
    await hear(database, [world.said])
    expected = await _figures(database)
    await fresh_database("reporting")

    async def member(number: int) -> None:
        mine = [said for said in world.said if crc32(said.event.key.encode()) % 2 == number]
        for start in range(0, len(mine), _BATCH):
            await _apply(database, mine[start : start + _BATCH])

    await asyncio.gather(member(0), member(1))
    assert await _figures(database) == expected


async def _figures(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.unscoped() as session:
        return {
            table: [dict(row) for row in await session.fetch(f"select * from {table} order by 1, 2, 3")]
            for table in _TABLES
        }
