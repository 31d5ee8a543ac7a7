"""Goal: a payment moves a figure at once, marked provisional, and its close confirms the figure to the satang."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest_asyncio

from shared.chassis.database import Database
from shared.contracts import debt
from shared.contracts.literacy import SavingsPledgeRecorded
from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import BASELINE_ON, YEAR, Said, World


@pytest_asyncio.fixture
async def client(client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("reporting", scopes="report:read", areas=["TH"])


async def kpi(client: httpx2.AsyncClient, kpi_id: str, **query: Any) -> Any:
    found = await client.get(f"/reporting/v1/kpis/{kpi_id}", params={"fiscal_year_be": YEAR} | query)
    assert found.status_code == 200, found.text
    return found.json()


def parts_of(figure: dict[str, Any]) -> dict[str, str]:
    return {part["code"]: part["value"] for part in figure["parts"] if part["value"] != "0.00"}


PAID_ON = date(2022, 10, 12)


def payment_in(world: World) -> debt.PaymentPosted:
    """5,000.25 baht paid at the first co-operative, of which 4,000.25 was overdue and 3,000.25 of the cohort."""
    return next(one for one in world.postings if isinstance(one, debt.PaymentPosted)).model_copy(
        update={
            "cooperative_id": world.cooperatives[0].cooperative_id,
            "posted_on": PAID_ON,
            "channel": "cash",
            "amount": 5_000_25,
            "overdue_reduced": 4_000_25,
            "cohorts": (debt.CohortPart(fiscal_year_be=YEAR, overdue_reduced=3_000_25),),
        }
    )


def close_in(world: World, revision: int, parts: debt.PartsOfChange) -> debt.BusinessDateClosed:
    """The close of October at the first co-operative, whose cohort has changed by these parts."""
    template = next(one for one in world.closes if one.cohorts)
    overdue = world.baselines[0].cohort_overdue
    change = sum(parts.model_dump().values())
    cohort = template.cohorts[0].model_copy(
        update={"overdue_at_baseline": overdue, "overdue": overdue - change, "parts": parts}
    )
    return template.model_copy(
        update={
            "cooperative_id": world.cooperatives[0].cooperative_id,
            "closed_on": date(2022, 10, 31),
            "revision": revision,
            "cohorts": (cohort,),
            "cause": "correction" if revision > 1 else None,
        }
    )


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf, hear: Hear, world: World) -> Database:
    """Reporting has heard of one co-operative and its baseline."""
    database = await database_of("reporting")
    await hear(database, [[Said(world.cooperatives[0], 1, BASELINE_ON), Said(world.baselines[0], 1, BASELINE_ON)]])
    return database


async def test_without_a_baseline_there_is_no_figure(client: httpx2.AsyncClient) -> None:
    found = await kpi(client, "K01")
    assert (found["as_of"], found["value"], found["cooperatives_total"]) == (None, None, 0)


async def test_a_payment_counts_against_a_baseline_only(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    told = [Said(world.cooperatives[0], 1, BASELINE_ON), Said(payment_in(world), 1, PAID_ON)]
    await hear(await database_of("reporting"), [told])
    for asked in ({}, {"as_of": str(PAID_ON)}):
        found = await kpi(client, "K01b", **asked)
        assert (found["numerator"], found["provisional"], found["facts_to"]) == ("0.00", True, str(PAID_ON))


async def test_at_the_baseline_nothing_has_changed(
    client: httpx2.AsyncClient, database: Database, world: World
) -> None:
    found = await kpi(client, "K01")
    assert (found["as_of"], found["value"], found["provisional"]) == ("2022-09-30", "0.00", False)
    assert Decimal(found["denominator"]) * 100 == world.baselines[0].cohort_overdue


async def test_a_payment_moves_the_figures_at_once_and_is_provisional(
    client: httpx2.AsyncClient, database: Database, hear: Hear, world: World
) -> None:
    await hear(database, [[Said(payment_in(world), 1, PAID_ON)]])

    moved = await kpi(client, "K01")
    assert (moved["numerator"], moved["provisional"], moved["facts_to"]) == ("3000.25", True, "2022-10-12")
    assert (moved["as_of"], parts_of(moved)) == ("2022-09-30", {"cash": "3000.25"})
    assert (await kpi(client, "K01b"))["numerator"] == "4000.25"
    assert (await kpi(client, "K17"))["denominator"] == "5000.25"
    day_before = await kpi(client, "K01", as_of=str(PAID_ON - timedelta(days=1)))
    assert (day_before["numerator"], day_before["provisional"]) == ("0.00", False)


async def test_a_pledge_that_begins_later_is_not_the_newest_fact_of_a_figure(
    client: httpx2.AsyncClient, database: Database, hear: Hear, world: World
) -> None:
    place = world.cooperatives[0].cooperative_id
    template = next(one.event for one in world.said if isinstance(one.event, SavingsPledgeRecorded))
    pledge = template.model_copy(update={"cooperative_id": place, "starts_on": date(2023, 6, 1)})
    await hear(database, [[Said(payment_in(world), 1, PAID_ON), Said(pledge, 1, PAID_ON)]])

    for area in ("TH", str(place)):
        for asked in ({}, {"as_of": "2023-06-10"}, {"as_of": "2023-06-20"}, {"as_of": "2022-10-20"}):
            found = await kpi(client, "K01", area=area, **asked)
            assert (found["numerator"], found["facts_to"]) == ("3000.25", str(PAID_ON)), (area, asked)
    points = await kpi(client, "K01/series")
    assert [one["date"] for one in points] == [str(BASELINE_ON), str(PAID_ON)]


async def test_the_close_confirms_the_figure_and_a_correction_states_it_again(
    client: httpx2.AsyncClient, database: Database, hear: Hear, world: World
) -> None:
    first = close_in(world, 1, debt.PartsOfChange(cash=3_000_25))
    again = close_in(world, 2, debt.PartsOfChange(cash=3_000_25, newly_overdue=-1_000_25))
    await hear(database, [[Said(payment_in(world), 1, PAID_ON)]])

    await hear(database, [[Said(first, 1, first.closed_on)]])
    confirmed = await kpi(client, "K01")
    assert (confirmed["numerator"], confirmed["provisional"], confirmed["facts_to"]) == ("3000.25", False, None)
    assert (confirmed["as_of"], parts_of(confirmed)) == ("2022-10-31", {"cash": "3000.25"})

    await hear(database, [[Said(again, 1, again.closed_on)], [Said(first, 1, first.closed_on)]])
    restated = await kpi(client, "K01")
    assert restated["numerator"] == "2000.00"
    assert parts_of(restated) == {"cash": "3000.25", "newly_overdue": "-1000.25"}
    async with database.unscoped() as session:
        kept = await session.fetch("select revision from close_statement order by revision")
    assert [row["revision"] for row in kept] == [1, 2]


async def test_the_lag_of_events_is_shown(client: httpx2.AsyncClient, database_of: DatabaseOf) -> None:
    assert (await kpi(client, "K01"))["event_lag_seconds"] is None
    async with (await database_of("reporting")).unscoped() as session:
        await session.execute(
            "insert into consumer_heartbeat values ('reporting', now() - interval '2 seconds', 5, 40)"
        )
    lag_seconds = (await kpi(client, "K01"))["event_lag_seconds"]
    assert 42 <= lag_seconds < 60
