"""Goal: a month is complete when it is closed to its end and every posting that debt counts has arrived, not before."""

from typing import Any

import httpx2
import pytest_asyncio

from shared.contracts import debt
from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import YEAR, Said, World


@pytest_asyncio.fixture
async def client(client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("reporting", scopes="report:read", areas=["TH"])


async def months(client: httpx2.AsyncClient, area: str = "TH", limit: int = 7) -> list[dict[str, Any]]:
    """Every page of the list."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"fiscal_year_be": YEAR, "area": area, "limit": limit}
    while True:
        page = (await client.get("/reporting/v1/completeness", params=query)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def test_every_closed_month_is_complete_when_all_has_arrived(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    await hear(await database_of("reporting"), [world.said])
    found = await months(client)
    assert len(found) == 6 * 5, "October to February of six co-operatives"
    open_months = [(one["cooperative_code"], one["month"]) for one in found if not one["complete"]]
    assert open_months == [("C005", "2023-02-01")], "the one that is not closed to the end"
    assert found == sorted(found, key=lambda one: (one["cooperative_code"], one["month"]))
    december = next(one for one in found if one["month"] == "2022-12-01")
    assert (december["revision"], december["agrees"]) == (2, True)
    assert len(await months(client, "52", limit=50)) == 15


async def test_where_nothing_is_closed_no_month_is_listed(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    """Not the months to come of the year either."""
    known = [said for said in world.said if not isinstance(said.event, debt.BusinessDateClosed)]
    await hear(await database_of("reporting"), [known])
    assert await months(client) == []


async def test_a_missing_posting_shows(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    database = await database_of("reporting")
    missing = next(
        said
        for said in world.said
        if isinstance(said.event, debt.PaymentPosted) and str(said.event.posted_on) < "2023-01-31"
    )
    await hear(database, [[said for said in world.said if said is not missing]])
    assert isinstance(missing.event, debt.PaymentPosted)
    area = str(missing.event.cooperative_id)
    month = str(missing.event.posted_on.replace(day=1))
    [found] = [one for one in await months(client, area) if one["month"] == month]
    assert (found["closed"], found["agrees"], found["complete"]) == (True, False, False)
    assert found["postings_stated"] == found["postings_known"] + 1
    await hear(database, [[Said(missing.event, 1, missing.effective_on)]])
    assert all(one["complete"] for one in await months(client, area) if one["month"] == month)
