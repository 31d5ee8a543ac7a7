"""Two writers of one row: whoever comes second compares with what the first wrote, and overwrites nothing newer."""

import asyncio
from datetime import date
from typing import Any

from services.registry.cooperatives.feed import TABLE
from services.registry.states.service import Statement, apply_statements
from shared.chassis.database import Database
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Outcome
from shared.chassis.reach import EVERYTHING, Reach
from tests.conftest import DatabaseOf
from tests.locks import until_somebody_waits

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
