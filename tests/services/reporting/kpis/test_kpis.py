"""Goal: every KPI, at every level and date, is what a naive recomputation from the events says, to the satang.

Method: a made-up country's events are heard by the real inbox; answers over HTTP are compared with a judge that only
knows the list of events.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from services.reporting.areas.domain import THE_NATION, Area, Level
from services.reporting.areas.service import find_area
from services.reporting.kpis.domain import KPI_BY_ID, Sums, reads_of
from services.reporting.kpis.repository import Scope, sum_up
from shared.chassis.reach import EVERYTHING
from shared.contracts import debt
from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.recomputation import Judge
from tests.services.reporting.world import (
    BASELINE_ON,
    LAGGARD_CLOSE,
    LAGGARD_DAY,
    LAST_CLOSE,
    LAST_DAY,
    YEAR,
    Said,
    World,
)

KPIS = "/reporting/v1/kpis"
AREAS = ("TH", "N", "NE", "S", "52", "50", "30", "90", "5201", "5203", "9001")


@pytest_asyncio.fixture
async def client(client_of: ClientOf, database_of: DatabaseOf, hear: Hear, world: World) -> httpx2.AsyncClient:
    """The analyst's client, over a country that has been heard."""
    analyst = await client_of("reporting", scopes="report:read", areas=["TH"])
    await hear(await database_of("reporting"), [world.said])
    return analyst


async def answer(client: httpx2.AsyncClient, path: str = "", **query: Any) -> Any:
    found = await client.get(f"{KPIS}{path}", params=query)
    assert found.status_code == 200, found.text
    return found.json()


def check(figure: dict[str, Any], numerator: Fraction, denominator: Fraction | None) -> None:
    """The figure is these two numbers and their quotient, rounded half up once."""
    assert Fraction(str(figure["numerator"])) == numerator, figure
    assert (None if figure["denominator"] is None else Fraction(str(figure["denominator"]))) == denominator, figure
    if denominator is None:
        assert Fraction(str(figure["value"])) == numerator
    elif denominator == 0:
        assert figure["value"] is None
    else:
        scale = 1 if figure.get("unit") == "points" else 100
        exact = numerator * scale / denominator
        expected = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert Decimal(figure["value"]) == expected, figure


@pytest.mark.parametrize(
    "as_of",
    [
        None,
        "2022-09-30",
        "2022-10-01",
        "2022-10-15",
        "2022-12-31",
        "2023-01-25",
        "2023-01-31",
        "2023-02-14",
        "2023-02-20",
        "2023-03-10",
        "2023-09-30",
    ],
)
async def test_every_kpi_equals_its_recomputation_at_every_level(
    client: httpx2.AsyncClient, world: World, as_of: str | None
) -> None:
    for area in (*AREAS, *(str(one.cooperative_id) for one in world.cooperatives)):
        judge = Judge(world, area, None if as_of is None else date.fromisoformat(as_of))
        expected = judge.answers()
        query: dict[str, Any] = {"area": area, "fiscal_year_be": YEAR} | ({} if as_of is None else {"as_of": as_of})
        found = {one["id"]: one for one in await answer(client, **query)}
        assert set(found) >= set(expected)
        for kpi_id, (numerator, denominator) in expected.items():
            check(found[kpi_id], numerator, denominator)
        parts = {part["code"]: Fraction(part["value"]) * 100 for part in found["K01"]["parts"]}
        assert parts == judge.parts()
        assert sum(parts.values()) == Fraction(found["K01"]["numerator"]) * 100


@pytest.mark.parametrize("closed", ["every month", "until December", "never"])
async def test_what_is_read_of_all_together_is_what_is_read_of_each_for_every_day(
    database_of: DatabaseOf, hear: Hear, world: World, closed: str
) -> None:
    """Of one co-operative everything is looked up; the judge knows that on some days, at every level."""
    database = await database_of("reporting")
    await hear(database, [closed_as(world, closed)])
    days = [date(2022, 9, 30) + timedelta(days=day) for day in range((LAST_DAY - date(2022, 9, 30)).days + 15)]
    places = [str(one.cooperative_id) for one in world.cooperatives]

    async with database.read(EVERYTHING) as session:

        async def sums(area: Area, dates: list[date]) -> list[Sums]:
            scope = Scope(area, YEAR, None, Decimal(10))
            return await sum_up(session, scope, Level.COOPERATIVE, {}, reads_of(KPI_BY_ID.values()), dates)

        each = [one for place in places for one in await sums(await find_area(session, place), days)]
        together = await sums(THE_NATION, days)
        alone = [one for day in days[::9] for one in await sums(THE_NATION, [day])]
    by_day = {(one.area, one.bound): one for one in each}
    assert len(by_day) == len(days) * len(places)
    assert {(one.area, one.bound): one for one in together} == by_day
    assert all(one == by_day[one.area, one.bound] for one in alone)


def closed_as(world: World, closed: str) -> list[Said]:
    """A country's events, had its co-operatives closed otherwise.

    Until December: last on the twelfth, one of them without stating the cohort, and one in November.
    """
    said = []
    for one in world.said:
        event = one.event
        if closed != "every month" and isinstance(event, debt.BusinessDateClosed):
            place = [other.cooperative_id for other in world.cooperatives].index(event.cooperative_id)
            if closed == "never" or event.closed_on > date(2022, 12, 31):
                continue
            if event.closed_on == date(2022, 12, 31):
                if place == 1:
                    continue
                cohorts = () if place == 2 else event.cohorts
                event = event.model_copy(update={"closed_on": date(2022, 12, 12), "cohorts": cohorts})
        said.append(replace(one, event=event))
    return said


@pytest.mark.parametrize("as_of", [None, "2023-01-31", "2023-02-14", "2023-03-10"])
async def test_a_kpi_that_is_asked_alone_is_what_it_is_among_all(
    client: httpx2.AsyncClient, world: World, as_of: str | None
) -> None:
    for area in ("TH", "N", str(world.cooperatives[-1].cooperative_id)):
        query = {"area": area} | ({} if as_of is None else {"as_of": as_of})
        for one in await answer(client, **query):
            assert await answer(client, f"/{one['id']}", **query) == one


async def test_a_date_answers_later_what_it_answered_when_it_was_the_latest(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    areas = ("TH", "N", "52", "5201", *(str(one.cooperative_id) for one in world.cooperatives))
    latest = {area: await answer(client, area=area) for area in areas}
    newest = max(one["facts_to"] or one["as_of"] for one in latest["TH"])

    async def check_dated() -> None:
        for area in areas:
            dated = await answer(client, area=area, as_of=newest)
            assert list(map(_what_does_not_depend_on_its_date, dated)) == list(
                map(_what_does_not_depend_on_its_date, latest[area])
            )

    await check_dated()
    template = next(one for one in world.postings if isinstance(one, debt.PaymentPosted))
    later = date.fromisoformat(newest) + timedelta(days=1)
    paid = [
        template.model_copy(
            update={"payment_id": uuid4(), "cooperative_id": one.cooperative_id, "posted_on": later, "value_on": later}
        )
        for one in world.cooperatives
    ]
    await hear(await database_of("reporting"), [[Said(one, 1, later) for one in paid]])
    assert (await answer(client, "/K01"))["numerator"] != latest["TH"][0]["numerator"]
    await check_dated()


def _what_does_not_depend_on_its_date(figure: dict[str, Any]) -> dict[str, Any]:
    """Of K04 and K20 the enrolments and the month of its date are counted: only their basis stays."""
    names = ["denominator", "provisional", "facts_to"]
    if figure["id"] not in ("K04", "K20"):
        names += ["numerator", "value", "parts"]
    return {name: figure[name] for name in ("id", *names)}


async def test_a_programme_counts_its_own_cooperatives_only(client: httpx2.AsyncClient, world: World) -> None:
    for programme in ("A", "B"):
        expected = Judge(world, programme=programme).answers()
        found = {one["id"]: one for one in await answer(client, programme=programme)}
        assert set(found) >= set(expected)
        for kpi_id, figures in expected.items():
            check(found[kpi_id], *figures)


@pytest.mark.parametrize("batch_size", [1, 99])
@pytest.mark.parametrize("comes_first", ["case", "months"])
async def test_accounts_of_the_months_before_count_from_the_first_day_of_a_year(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, world: World, comes_first: str, batch_size: int
) -> None:
    """Cases are opened on the first of October, when the last six whole months end with September."""
    case = next(one for one in world.cases.values() if one.opened_on == date(2022, 10, 1))
    template = next(iter(world.ledger.values()))
    about = {"cooperative_id": case.cooperative_id, "member_id": case.member_id, "status": "closed"}
    july, august, september = [
        template.model_copy(update={**about, "ledger_month_id": uuid4(), "month": date(2022, month, 1)})
        for month in (7, 8, 9)
    ]
    states = [
        Said(case, 1, case.opened_on),
        *(Said(month, 3, month.month) for month in (july, september, august)),
        Said(august.model_copy(update={"status": "open"}), 2, august.month),  # an older copy
    ]
    told = states if comes_first == "case" else states[::-1]
    known = [Said(one, 1, BASELINE_ON) for one in (*world.cooperatives, world.baselines[0])]
    database = await database_of("reporting")
    await hear(database, [known, *(told[start : start + batch_size] for start in range(0, len(told), batch_size))])
    analyst = await client_of("reporting", scopes="report:read", areas=["TH"])

    async def active(**query: Any) -> tuple[int, int]:
        found = await answer(analyst, "/K20", fiscal_year_be=YEAR, **query)
        return found["numerator"], found["denominator"]

    assert await active() == (1, 1)
    assert await active(as_of="2022-10-15") == await active(as_of="2022-10-01") == (1, 1)
    assert await active(as_of="2022-09-30") == (0, 0), "nobody takes part yet"
    points = await answer(analyst, "/K20/series", fiscal_year_be=YEAR, as_of="2022-10-15")
    assert [(one["date"], one["value"]) for one in points] == [("2022-09-30", None), ("2022-10-15", "100.00")]

    await hear(database, [[Said(september.model_copy(update={"status": "open"}), 4, september.month)]])
    assert await active() == await active(as_of="2022-10-15") == (0, 1)


async def test_provinces_are_covered_by_enrolments_that_hold_at_the_date(
    client: httpx2.AsyncClient, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    latest = await answer(client, "/K04")
    assert (latest["numerator"], latest["denominator"], latest["value"]) == (2, 77, "2.60")
    at_christmas = await answer(client, "/K04", as_of="2022-12-25")
    assert at_christmas["numerator"] == 3, "the enrolment in the Northeast ends with the year"
    north_east = next(one for one in world.enrolments if one.valid_to is not None)
    again = north_east.model_copy(
        update={"enrolment_id": uuid4(), "valid_from": LAST_CLOSE + timedelta(days=1), "valid_to": None}
    )
    await hear(await database_of("reporting"), [[Said(again, 1, LAST_CLOSE)]])
    assert (await answer(client, "/K04"))["numerator"] == 2, "the newest close comes before it begins"
    assert (await answer(client, "/K04", as_of=str(again.valid_from)))["numerator"] == 3
    north = await answer(client, "/K04", area="N")
    assert (north["numerator"], north["denominator"]) == (2, 17)
    assert (await client.get(f"{KPIS}/K04", params={"area": "5201"})).status_code == 404


async def test_children_sum_to_their_parent_at_every_level(client: httpx2.AsyncClient, world: World) -> None:
    for parent, level in (("TH", "region"), ("TH", "province"), ("N", "province"), ("52", "district")):
        whole = await answer(client, "/K01", area=parent)
        parts = await answer(client, "/K01/children", area=parent, level=level)
        assert sum(Decimal(one["numerator"]) for one in parts) == Decimal(whole["numerator"])
        assert sum(one["cooperatives_total"] for one in parts) == whole["cooperatives_total"]
        assert all(one["area"]["level"] == level for one in parts)
    cooperatives = await answer(client, "/K01/children", area="5201")
    assert [one["area"]["name_th"] for one in cooperatives] == ["สหกรณ์ 0", "สหกรณ์ 1"]
    for one in cooperatives:
        check(one, *Judge(world, one["area"]["code"]).answers()["K01"])


async def test_every_place_is_listed_even_without_a_cooperative(client: httpx2.AsyncClient) -> None:
    assert len(await answer(client, "/K01/children", area="TH")) == 5
    provinces = await answer(client, "/K01/children", area="TH", level="province")
    assert len(provinces) == 77
    empty = next(one for one in provinces if one["area"]["code"] == "10")
    assert (empty["cooperatives_total"], empty["value"], empty["numerator"]) == (0, None, "0.00")


async def test_a_figure_says_its_date_and_who_has_reached_it(client: httpx2.AsyncClient) -> None:
    latest = await answer(client, "/K01")
    assert (latest["as_of"], latest["cooperatives_reached"], latest["cooperatives_total"]) == (str(LAST_CLOSE), 5, 6)
    earlier = await answer(client, "/K01", as_of=str(LAGGARD_CLOSE))
    assert (earlier["cooperatives_reached"], earlier["provisional"]) == (6, False)
    between = await answer(client, "/K01", as_of=str(LAGGARD_DAY + timedelta(days=1)))
    assert between["cooperatives_reached"] == 5, "all but the laggard have closed on a later day"


async def test_the_highest_revision_of_a_close_counts(client: httpx2.AsyncClient, world: World) -> None:
    cooperative_id = world.cooperatives[0].cooperative_id
    stated = [
        one for one in world.closes if one.cooperative_id == cooperative_id and one.closed_on == date(2022, 12, 31)
    ]
    assert [one.revision for one in stated] == [1, 2]
    found = await answer(client, "/K06", area=str(cooperative_id), as_of="2022-12-31")
    assert Fraction(found["numerator"]) * 100 == stated[1].npl_principal != stated[0].npl_principal


async def test_a_series_holds_the_baseline_every_month_end_and_now(client: httpx2.AsyncClient, world: World) -> None:
    points = await answer(client, "/K01/series")
    month_ends = ["2022-09-30", "2022-10-31", "2022-11-30", "2022-12-31", "2023-01-31", "2023-02-28"]
    assert [one["date"] for one in points][:-1] == month_ends
    for one in points[:-1]:
        check(one, *Judge(world, as_of=date.fromisoformat(one["date"])).answers()["K01"])
    assert points[-1]["provisional"] is True
    assert points[-1]["date"] == points[-1]["facts_to"]


async def test_targets_are_attained_by_the_exact_figure(client: httpx2.AsyncClient, world: World) -> None:
    found = await answer(client, "/K01")
    numerator, denominator = Judge(world).answers()["K01"]
    assert denominator is not None
    assert found["target"]["value"] == "10"
    exact = numerator / denominator * 100 / 10 * 100
    assert abs(Fraction(found["target"]["attainment_percent"]) - exact) <= Fraction(1, 200)
    places = await answer(client, "/K02")
    assert (places["target"]["value"], places["target"]["attainment_percent"]) == ("1100", "0.55")
    assert (await answer(client, "/K02", area="52"))["target"] is None
    reached = sum(
        Judge(world, str(one.cooperative_id)).answers()["K01"][0] * 10
        >= (Judge(world, str(one.cooperative_id)).answers()["K01"][1] or 0)
        for one in world.cooperatives
    )
    assert {part["code"]: part["value"] for part in places["parts"]} == {
        "places_reached": reached,
        "participants": 24,
    }


async def test_a_date_outside_the_fiscal_year_is_refused(client: httpx2.AsyncClient) -> None:
    refused = await client.get(KPIS, params={"fiscal_year_be": YEAR, "as_of": "2023-10-01"})
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("as-of-outside-year")
    assert (await client.get(f"{KPIS}/K99")).status_code == 404
