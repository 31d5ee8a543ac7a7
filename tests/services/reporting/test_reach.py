"""Goal: nobody gets a figure above his reach as a partial sum: it is 404; what he reaches whole, he gets, complete.

Method: every persona asks every route for an area of every level.
"""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import World

AREAS = ("TH", "N", "NE", "52", "50", "5201", "5203", "5001", "first", "third", "fourth", "nobody", "ZZ", "99")
"""`first` and `third` are co-operatives of the officer's, in 5201 and 5203; `fourth` lies in province 50."""

PERSONAS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "analyst": ({"areas": ["TH"]}, set(AREAS) - {"nobody", "ZZ", "99"}),
    "chief": ({"areas": ["52"]}, {"52", "5201", "5203", "first", "third"}),
    "neighbour": ({"areas": ["50"]}, {"50", "5001", "fourth"}),
    "district": ({"areas": ["5203"]}, {"5203", "third"}),
    "officer": ({"subject": "officer"}, {"first", "third"}),
    "stranger": ({"subject": "stranger"}, set()),
    "nowhere": ({"areas": []}, set()),
}

ROUTES = (
    "kpis?area={area}",
    "kpis/K01?area={area}",
    "kpis/K01/series?area={area}",
    "areas/{area}",
    "completeness?fiscal_year_be=2566&area={area}",
)


@pytest_asyncio.fixture
async def heard(database_of: DatabaseOf, hear: Hear, world: World) -> None:
    database = await database_of("reporting")
    await hear(database, [world.said])
    async with database.unscoped() as session:
        await session.execute("insert into consumer_heartbeat values ('reporting', now(), 0, 0)")


def code_of(area: str, world: World) -> str:
    numbers = {"first": 0, "third": 2, "fourth": 3}
    if area in numbers:
        return str(world.cooperatives[numbers[area]].cooperative_id)
    return str(UUID(int=1)) if area == "nobody" else area


@pytest.mark.parametrize("persona", PERSONAS)
async def test_every_level_as_every_persona(client_of: ClientOf, heard: None, world: World, persona: str) -> None:
    caller, reached = PERSONAS[persona]
    client = await client_of("reporting", scopes="report:read", **caller)
    for route in ROUTES:
        for area in AREAS:
            answer = await client.get("/reporting/v1/" + route.format(area=code_of(area, world)))
            assert answer.status_code == (200 if area in reached else 404), (route, area, answer.text)
    for area in AREAS:
        code = code_of(area, world)
        answer = await client.get(f"/reporting/v1/kpis/K01/children?area={code}")
        has_parts = area not in ("first", "third", "fourth")
        assert answer.status_code == (404 if area not in reached else 200 if has_parts else 422), (area, answer.text)


async def test_what_is_reached_is_whole(client_of: ClientOf, heard: None, world: World) -> None:
    analyst = await client_of("reporting", scopes="report:read", areas=["TH"])
    for persona in ("chief", "neighbour", "district", "officer"):
        caller, reached = PERSONAS[persona]
        client = await client_of("reporting", scopes="report:read", **caller)
        for area in reached:
            query: dict[str, Any] = {"area": code_of(area, world), "fiscal_year_be": 2566}
            own = (await client.get("/reporting/v1/kpis", params=query)).json()
            whole = (await analyst.get("/reporting/v1/kpis", params=query)).json()
            for one in [*own, *whole]:
                one.pop("event_lag_seconds")
            assert own == whole, (persona, area)


@pytest.mark.parametrize(
    ("persona", "home"),
    [("analyst", ["TH"]), ("chief", ["52"]), ("district", ["5203"]), ("officer", ["first", "third"]), ("nowhere", [])],
)
async def test_home_is_the_widest_that_is_reached(
    client_of: ClientOf, heard: None, world: World, persona: str, home: list[str]
) -> None:
    client = await client_of("reporting", scopes="report:read", **PERSONAS[persona][0])
    answer = await client.get("/reporting/v1/areas")
    assert [one["code"] for one in answer.json()] == [code_of(area, world) for area in home]


async def test_the_way_to_an_area_begins_with_the_nation(client_of: ClientOf, heard: None, world: World) -> None:
    client = await client_of("reporting", scopes="report:read", areas=["52"])
    answer = await client.get(f"/reporting/v1/areas/{code_of('third', world)}")
    assert [one["code"] for one in answer.json()["path"]] == ["TH", "N", "52", "5203", code_of("third", world)]


async def test_without_the_scope_nothing_is_read(client_of: ClientOf) -> None:
    client = await client_of("reporting", scopes="member:read", areas=["TH"])
    for route in ("kpis", "areas", "targets?fiscal_year_be=2566", "exports/cooperative-months.csv"):
        assert (await client.get(f"/reporting/v1/{route}")).status_code == 403


async def test_every_table_of_the_read_model_is_under_row_level_security(database_of: DatabaseOf) -> None:
    async with (await database_of("reporting")).unscoped() as session:
        open_tables = await session.fetch(
            """
            select relname from pg_class
             where relnamespace = to_regnamespace('read_model') and relkind = 'r' and not relrowsecurity
            """
        )
    assert [row["relname"] for row in open_tables] == ["programme"]
