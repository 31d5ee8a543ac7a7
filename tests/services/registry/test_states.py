"""Two writers of one row: whoever comes second compares with what the first wrote, and overwrites nothing newer. Files
that name the same rows wait for each other at most."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from itertools import combinations
from typing import Any
from uuid import uuid4

from services.registry.cooperatives.domain import cooperative_id
from services.registry.cooperatives.feed import COOPERATIVES, TABLE
from services.registry.households.feed import FARM_HOUSEHOLDS
from services.registry.households.identity import household_id
from services.registry.members.feed import MEMBERS
from services.registry.states.service import Statement, apply_statements
from shared.chassis.database import Database
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Delivery, FeedKind, FeedRow, Outcome
from shared.chassis.reach import EVERYTHING, Reach
from tests.conftest import DatabaseOf
from tests.locks import until_somebody_waits, until_they_wait_or_end
from tests.services.registry.people import national_id

MONTH_BEFORE, MONTH = date(2022, 8, 31), date(2022, 9, 30)


def values(name: str = "สหกรณ์") -> dict[str, Any]:
    return {
        "code": "C1",
        "kind": "cooperative",
        "cooperative_type": "agricultural",
        "name_th": name,
        "name_sort_key": name,
        "province_code": "52",
        "district_code": "5201",
    }


async def test_second_of_two_first_writers_compares_with_the_first(database_of: DatabaseOf) -> None:
    database = await database_of("registry")
    for as_of, name, outcome in ((MONTH, "สหกรณ์", UNCHANGED), (MONTH_BEFORE, "ใหม่", OLDER), (MONTH, "ใหม่", ACCEPTED)):
        async with database.unscoped() as session:
            await session.execute("delete from cooperative")
        assert await _race(database, as_of, name) == outcome
    async with database.unscoped() as session:
        assert await session.scalar("select name_th || version from cooperative") == "ใหม่2"


async def _race(database: Database, as_of: date, name: str) -> Outcome:
    """One transaction inserts and commits while another, which saw no row, inserts the same key."""
    async with database.write(EVERYTHING) as first:
        await apply_statements(first, TABLE, [Statement(1, values())], MONTH)
        second = asyncio.create_task(_apply(database, as_of, name))
        await until_somebody_waits(database, second)
    return await second


async def _apply(database: Database, as_of: date, name: str) -> Outcome:
    async with database.write(EVERYTHING) as session:
        applied = await apply_statements(session, TABLE, [Statement(1, values(name))], as_of)
    return applied.outcomes[1]


async def test_key_of_a_row_out_of_reach_is_refused_alone(database_of: DatabaseOf) -> None:
    database = await database_of("registry")
    async with database.write(EVERYTHING) as session:
        await apply_statements(session, TABLE, [Statement(1, values())], MONTH)
    elsewhere = values() | {"province_code": "50", "district_code": "5001"}
    free = elsewhere | {"code": "C2"}
    async with database.write(Reach.of_areas(["50"])) as session:
        applied = await apply_statements(session, TABLE, [Statement(1, elsewhere), Statement(2, free)], MONTH)
    assert applied.outcomes == {1: "rejected:out_of_reach", 2: ACCEPTED}
    assert [written.now["code"] for written in applied.written] == ["C2"]


async def _take_in(database: Database, kind: FeedKind, *rows: dict[str, Any]) -> list[Outcome]:
    """Apply a chunk of a file, as the job behind it does."""
    delivery = Delivery(uuid4(), kind.name, MONTH, "agency-feed", EVERYTHING)
    numbered = [FeedRow(number, row) for number, row in enumerate(rows, start=2)]
    async with database.write(EVERYTHING) as session:
        outcomes = await kind.apply(session, delivery, numbered)
    return [outcomes[row.row_number] for row in numbered]


def _member(code: str, number: str, name: str = "สมศรี มีสุข") -> dict[str, Any]:
    return {"cooperative_code": code, "member_number": number, "national_id": national_id(1), "full_name": name}


async def _meet(database: Database, held: str, first: Awaitable[list[Outcome]], then: Awaitable[list[Outcome]]) -> None:
    """Let two chunks meet, both at rows that a third transaction names in its own as a foreign key."""
    async with database.unscoped() as naming:
        await naming.execute(f"{held} for key share")
        one = asyncio.ensure_future(first)
        await until_they_wait_or_end(database, one)
        other = asyncio.ensure_future(then)
        await until_they_wait_or_end(database, one, other)
    assert await one + await other == [ACCEPTED] * 4


async def test_files_of_cooperatives_and_of_their_members_do_not_deadlock(database_of: DatabaseOf) -> None:
    """Co-operatives are locked in the order of their codes, members name them in the order of their ids."""
    database = await database_of("registry")
    one, other = next(
        (one, other)
        for one, other in combinations([f"C{number}" for number in range(10)], 2)
        if cooperative_id(one) > cooperative_id(other)
    )
    stated = {"kind": "cooperative", "cooperative_type": "agricultural", "province_code": "52", "district_code": "5201"}
    rows = [{"cooperative_code": code, **stated} for code in (one, other)]
    await _take_in(database, COOPERATIVES, *({**row, "name_th": "สหกรณ์"} for row in rows))
    await _meet(
        database,
        f"select from cooperative where code = '{other}'",
        _take_in(database, COOPERATIVES, *({**row, "name_th": "ชุมนุมสหกรณ์"} for row in rows)),
        _take_in(database, MEMBERS, _member(one, "1"), _member(other, "1")),
    )


async def test_files_of_members_and_of_the_households_they_head_do_not_deadlock(database_of: DatabaseOf) -> None:
    """Members are locked in the order of their numbers, households name their heads in the order of their ids."""
    database = await database_of("registry")
    async with database.write(EVERYTHING) as session:
        await apply_statements(session, TABLE, [Statement(1, values())], MONTH)
    await _take_in(database, MEMBERS, _member("C1", "1"), _member("C1", "2"))
    numbers = sorted(("520000000001", "520000000002"), key=household_id, reverse=True)
    households = [
        {"household_id": str(household_id(number)), "household_number": number, "cooperative_code": "C1",
         "member_number": member, "member_hash": "", "size": 4, "district_code": "5201"}
        for member, number in zip(("1", "2"), numbers, strict=True)
    ]  # fmt: skip
    await _meet(
        database,
        "select from member where member_number = '2'",
        _take_in(database, MEMBERS, _member("C1", "1", "สมศรี ใจดี"), _member("C1", "2", "สมศรี ใจดี")),
        _take_in(database, FARM_HOUSEHOLDS, *households),
    )
