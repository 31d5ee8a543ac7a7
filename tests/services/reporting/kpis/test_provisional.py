"""Goal: a payment moves a figure at once, marked provisional, and its close confirms the figure to the satang."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest_asyncio

from shared.contracts import debt
from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import BASELINE_ON, YEAR, Said, World


@pytest_asyncio.fixture
async def client(client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("reporting", scopes="report:read", areas=["TH"])


async def kpi(client: httpx2.AsyncClient, kpi_id: str, **query: Any) -> dict[str, Any]:
    found = await client.get(f"/reporting/v1/kpis/{kpi_id}", params={"fiscal_year_be": YEAR} | query)
    assert found.status_code == 200, found.text
    return dict(found.json())


def parts_of(figure: dict[str, Any]) -> dict[str, str]:
    return {part["code"]: part["value"] for part in figure["parts"] if part["value"] != "0.00"}


async def test_a_payment_is_provisional_until_its_close(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    database = await database_of("reporting")
    cooperative, baseline = world.cooperatives[0], world.baselines[0]
    before_baseline = await kpi(client, "K01")
    assert (before_baseline["as_of"], before_baseline["value"], before_baseline["cooperatives_total"]) == (
        None,
        None,
        0,
    )

    await hear(database, [[Said(cooperative, 1, BASELINE_ON), Said(baseline, 1, BASELINE_ON)]])
    at_baseline = await kpi(client, "K01")
    assert (at_baseline["as_of"], at_baseline["value"], at_baseline["provisional"]) == ("2022-09-30", "0.00", False)
    assert Decimal(at_baseline["denominator"]) * 100 == baseline.cohort_overdue

    paid_on = date(2022, 10, 12)
    payment = next(one for one in world.postings if isinstance(one, debt.PaymentPosted)).model_copy(
        update={
            "cooperative_id": cooperative.cooperative_id,
            "posted_on": paid_on,
            "channel": "cash",
            "amount": 5_000_25,
            "overdue_reduced": 4_000_25,
            "cohorts": (debt.CohortPart(fiscal_year_be=YEAR, overdue_reduced=3_000_25),),
        }
    )
    await hear(database, [[Said(payment, 1, paid_on)]])
    moved = await kpi(client, "K01")
    assert (moved["numerator"], moved["provisional"], moved["facts_to"]) == ("3000.25", True, "2022-10-12")
    assert (moved["as_of"], parts_of(moved)) == ("2022-09-30", {"cash": "3000.25"})
    assert (await kpi(client, "K01b"))["numerator"] == "4000.25"
    assert (await kpi(client, "K17"))["denominator"] == "5000.25"
    day_before = await kpi(client, "K01", as_of=str(paid_on - timedelta(days=1)))
    assert (day_before["numerator"], day_before["provisional"]) == ("0.00", False)

    template = next(one for one in world.closes if one.cohorts)
    cohort = template.cohorts[0].model_copy(
        update={
            "overdue_at_baseline": baseline.cohort_overdue,
            "overdue": baseline.cohort_overdue - 3_000_25,
            "parts": debt.PartsOfChange(cash=3_000_25),
        }
    )
    close = template.model_copy(
        update={
            "cooperative_id": cooperative.cooperative_id,
            "closed_on": date(2022, 10, 31),
            "revision": 1,
            "cohorts": (cohort,),
        }
    )
    await hear(database, [[Said(close, 1, close.closed_on)]])
    confirmed = await kpi(client, "K01")
    assert (confirmed["numerator"], confirmed["provisional"], confirmed["facts_to"]) == ("3000.25", False, None)
    assert (confirmed["as_of"], parts_of(confirmed)) == ("2022-10-31", {"cash": "3000.25"})

    again = close.model_copy(
        update={
            "revision": 2,
            "cause": "correction",
            "cohorts": (
                cohort.model_copy(
                    update={
                        "overdue": baseline.cohort_overdue - 2_000_00,
                        "parts": debt.PartsOfChange(cash=3_000_25, newly_overdue=-1_000_25),
                    }
                ),
            ),
        }
    )
    await hear(database, [[Said(again, 1, close.closed_on)], [Said(close, 1, close.closed_on)]])
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
