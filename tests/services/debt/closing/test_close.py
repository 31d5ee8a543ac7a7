"""Goal: a close states what stands, explains every change to the satang, and never moves what was stated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from services.debt.closing import jobs
from services.debt.closing.service import Step, close_cooperatives, tell_again
from shared.chassis.database import WriteSession
from shared.contracts.debt import BusinessDateClosed
from shared.kernel.money import parse_baht
from tests.conftest import ClientOf
from tests.job_worker import job_worker
from tests.services.debt.world import World, loan_row
from tests.shared.chassis.bare_service import until

SCOPES = "feed:write payment:write loan:read close:run case:read job:read"


@pytest_asyncio.fixture
async def client(world: World, client_of: ClientOf) -> httpx2.AsyncClient:
    """The province's own client; two members, three loans, of which L3 is not overdue at the cut-over."""
    await world.cooperative()
    await world.members("C1", "1", "2")
    client = await client_of("debt", scopes=SCOPES, areas=["52"])
    await world.send(
        client,
        "loans",
        [
            loan_row("1", "L1"),
            loan_row("1", "L2"),
            loan_row("2", "L3", opening_overdue_principal="0.00", opening_interest="0.00"),
        ],
    )
    return client


async def act(world: World, client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a job and run it."""
    answer = await client.post(f"/debt/v1/{path}", json=body)
    assert answer.status_code == 202, answer.text
    (job,) = await world.run_jobs()
    return job


async def pay(world: World, client: httpx2.AsyncClient, loan: str, amount: str, value_on: str) -> dict[str, Any]:
    loan_id: UUID = await world.value("select id from loan where loan_number = :loan", loan=loan)
    body = {"loan_id": str(loan_id), "amount": amount, "value_on": value_on}
    answer = await client.post("/debt/v1/payments", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def stated(world: World, closed_on: str) -> dict[str, Any]:
    statements = [one for one in await world.spoken("business_date.closed") if one["closed_on"] == closed_on]
    assert len(statements) == 1
    return statements[0]


@pytest_asyncio.fixture
async def twin(world: World, client: httpx2.AsyncClient) -> str:
    """Another co-operative of the province with the same three loans, to be closed at other times; its id."""
    cooperative_id = await world.cooperative("C2", "5202")
    await world.members("C2", "1", "2")
    await world.send(
        client,
        "loans",
        [
            loan_row("1", "T1", "C2"),
            loan_row("1", "T2", "C2"),
            loan_row("2", "T3", "C2", opening_overdue_principal="0.00", opening_interest="0.00"),
        ],
    )
    return str(cooperative_id)


def compared(statement: dict[str, Any]) -> dict[str, Any]:
    """All that a statement says of the books: without whose they are, and which revision of it this is."""
    return {
        name: value
        for name, value in statement.items()
        if name not in ("cooperative_id", "revision", "cause", "_version")
    }


async def histories(world: World, *cooperative_ids: str) -> list[list[dict[str, Any]]]:
    """What counts of each co-operative's days: the last that was stated of each, in order."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for one in await world.spoken("business_date.closed"):
        newest[one["cooperative_id"], one["closed_on"]] = compared(one)
    return [[newest[key] for key in sorted(newest) if key[0] == cooperative_id] for cooperative_id in cooperative_ids]


async def test_baseline_closes_to_the_day_before_freezes_the_cohort_and_opens_cases(
    world: World, client: httpx2.AsyncClient
) -> None:
    job = await act(world, client, "baselines", {"fiscal_year_be": 2566})

    assert job["status"] == "succeeded", job
    (baseline,) = await world.spoken("baseline.recorded")
    assert baseline["baseline_on"] == "2022-09-30"
    assert (baseline["cohort_loans"], baseline["cohort_members"]) == (2, 1)
    assert baseline["cohort_overdue"] == baseline["overdue_all"] == "6300.00"
    assert baseline["outstanding_all"] == "33000.00"
    assert (baseline["participants"], baseline["participants_debt"]) == (1, "22300.00")
    (case,) = await world.spoken("case.recorded")
    assert (case["stage"], case["overdue_at_opening"], case["opened_on"]) == ("identified", "6300.00", "2022-10-01")
    statement = await stated(world, "2022-09-30")
    assert (statement["covers_from"], statement["loans"], statement["loans_overdue"]) == (None, 3, 2)


async def test_baseline_twice_changes_nothing(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    job = await act(world, client, "baselines", {"fiscal_year_be": 2566})

    assert job["status"] == "succeeded"
    assert len(await world.spoken("baseline.recorded")) == 1
    assert len(await world.spoken("case.recorded")) == 1
    assert len(await world.spoken("business_date.closed")) == 1


async def test_close_over_months_states_each_month_end_and_the_parts_of_the_change(
    world: World, client: httpx2.AsyncClient
) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    await pay(world, client, "L1", "2000.00", "2022-10-10")
    await pay(world, client, "L2", "500.00", "2022-11-10")

    await act(world, client, "closes", {"close_to": "2022-12-15"})

    statements = await world.spoken("business_date.closed")
    assert [one["closed_on"] for one in statements] == ["2022-09-30", "2022-10-31", "2022-11-30", "2022-12-15"]
    assert [one["covers_from"] for one in statements] == [None, "2022-10-01", "2022-11-01", "2022-12-01"]
    assert [one["control"]["payments"] for one in statements] == [0, 1, 1, 0]
    assert statements[2]["control"]["payments_amount"] == "500.00"
    for one in statements[1:]:
        (cohort,) = one["cohorts"]
        change = parse_baht(cohort["overdue_at_baseline"]) - parse_baht(cohort["overdue"])
        assert change == sum(parse_baht(amount) for amount in cohort["parts"].values())
    # L1 and L2 each let 15 October, 15 November fall due by the end of November: 1,000 and interest each.
    parts = statements[2]["cohorts"][0]["parts"]
    assert parse_baht(parts["newly_overdue"]) < -4_000_00
    assert parse_baht(parts["cash"]) > 2_400_00
    assert await world.value("select count(*) from close_day") == 1 + 31 + 30 + 15


async def test_a_month_end_closed_late_equals_one_closed_in_time(
    world: World, client: httpx2.AsyncClient, twin: str
) -> None:
    """A payment of a later day is known when the month is closed, and still does not count in it."""
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    own = str(await world.value("select id from cooperative where code = 'C1'"))
    await act(world, client, "closes", {"close_to": "2022-10-31", "cooperative_ids": [own]})
    for loan in ("L1", "T1"):
        await pay(world, client, loan, "5000.00", "2022-11-10")

    await act(world, client, "closes", {"close_to": "2022-11-30"})

    in_time, late = await histories(world, own, twin)
    assert [one["closed_on"] for one in late] == ["2022-09-30", "2022-10-31", "2022-11-30"]
    assert late == in_time
    october = late[1]
    assert october["cohorts"][0]["parts"]["cash"] == "0.00"
    # Two cohort loans with 3,150.00 each and one instalment of October each; L3 adds its own instalment of October.
    due = await world.value(
        "select sum(principal + interest) from instalment where due_on = '2022-10-15' and cooperative_id = :id", id=twin
    )
    assert parse_baht(october["overdue_principal"]) + parse_baht(october["overdue_interest"]) == 6_300_00 + due
    assert october["outstanding_principal"] == "33000.00"


async def test_closed_day_never_moves_when_a_payment_is_back_dated(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    await act(world, client, "closes", {"close_to": "2022-10-31"})
    before = await world.rows("select * from overdue_movement order by id")

    payment = await pay(world, client, "L1", "1200.00", "2022-10-05")
    await act(world, client, "closes", {"close_to": "2022-11-30"})

    assert payment["posted_on"] == "2022-11-01"
    movements = await world.rows("select * from overdue_movement order by id")
    assert movements[: len(before)] == before
    assert min(row["posted_on"] for row in movements[len(before) :]) == date(2022, 11, 1)


async def test_only_loans_that_change_are_published(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "closes", {"close_to": "2022-10-01"})
    await act(world, client, "closes", {"close_to": "2022-10-15"})
    before = len(await world.spoken("loan.recorded"))

    await act(world, client, "closes", {"close_to": "2022-10-16"})

    # All three had an instalment due on the 15th: overdue at the close of the 16th, and nothing on the days before.
    assert before == 3
    assert len(await world.spoken("loan.recorded")) == before + 3


async def test_class_follows_the_oldest_due_date(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "closes", {"close_to": "2022-10-15"})
    assert await world.value("select loan_class from loan where loan_number = 'L1'") == "normal"

    await act(world, client, "closes", {"close_to": "2022-10-16"})

    assert await world.value("select loan_class from loan where loan_number = 'L1'") == "substandard"


async def test_close_is_refused_when_the_books_do_not_balance(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    await world.cooperative("C2")
    async with world.database.unscoped() as session:
        await session.execute("update instalment set paid_principal = paid_principal + 100 where due_on = '2022-08-15'")

    job = await act(world, client, "closes", {"close_to": "2022-10-31"})

    assert (job["status"], job["error"]) == ("failed", "close-unbalanced")
    # The co-operative whose books are in order is closed, the other stays where it was.
    days = {row["code"]: row["closed_on"] for row in await world.rows(
        "select code, closed_on from business_day join cooperative on cooperative.id = cooperative_id"
    )}  # fmt: skip
    assert days == {"C1": date(2022, 9, 30), "C2": date(2022, 10, 31)}


async def test_a_cohort_frozen_late_states_the_days_since_again(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "closes", {"close_to": "2022-09-30"})
    await pay(world, client, "L1", "2000.00", "2022-10-10")
    await act(world, client, "closes", {"close_to": "2022-11-30"})
    first = await world.spoken("business_date.closed")

    job = await act(world, client, "baselines", {"fiscal_year_be": 2566})

    assert job["status"] == "succeeded", job
    again = (await world.spoken("business_date.closed"))[len(first) :]
    told = [(one["closed_on"], one["revision"], one["cause"], one["_version"]) for one in again]
    assert told == [("2022-10-31", 2, "correction", 2), ("2022-11-30", 2, "correction", 2)]
    for before, after in zip(first[1:], again, strict=True):
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"revision", "cause", "cohorts", "cases_active", "_version"}
        (cohort,) = after["cohorts"]
        # 4.92 of the 2,000 paid went to interest for lateness, which is no part of the overdue amount.
        assert (cohort["overdue_at_baseline"], cohort["parts"]["cash"]) == ("6300.00", "1995.08")
        change = parse_baht(cohort["overdue_at_baseline"]) - parse_baht(cohort["overdue"])
        assert change == sum(parse_baht(amount) for amount in cohort["parts"].values())

    await act(world, client, "closes", {"close_to": "2022-12-31"})
    (december,) = (await stated(world, "2022-12-31"))["cohorts"]
    assert december["parts"]["cash"] == "1995.08"


async def test_baseline_of_a_past_day_equals_one_frozen_in_time(
    world: World, client: httpx2.AsyncClient, client_of: ClientOf, twin: str
) -> None:
    own = str(await world.value("select id from cooperative where code = 'C1'"))
    await act(world, client, "closes", {"close_to": "2022-09-30"})
    in_time = await client_of("debt", scopes=SCOPES, areas=["5201"])
    await act(world, in_time, "baselines", {"fiscal_year_be": 2566})
    for loan in ("L1", "T1"):
        await pay(world, client, loan, "5000.00", "2022-11-10")
    await act(world, client, "closes", {"close_to": "2022-12-31"})

    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    await act(world, client, "closes", {"close_to": "2023-01-31"})

    first, second = (compared(one) for one in await world.spoken("baseline.recorded"))
    assert first == second
    assert (first["cohort_loans"], first["cohort_overdue"]) == (2, "6300.00")
    frozen_in_time, frozen_late = await histories(world, own, twin)
    assert [one["closed_on"] for one in frozen_late][-2:] == ["2022-12-31", "2023-01-31"]
    assert frozen_late == frozen_in_time
    (cohort,) = frozen_late[-1]["cohorts"]
    assert cohort["parts"]["cash"] == "4190.00"
    change = parse_baht(cohort["overdue_at_baseline"]) - parse_baht(cohort["overdue"])
    assert change == sum(parse_baht(amount) for amount in cohort["parts"].values())


async def test_close_reaches_only_as_far_as_the_caller(
    world: World, client: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    foreign = await world.cooperative("C9", "9001")

    await act(world, client, "closes", {"close_to": "2022-09-30"})
    own = await world.value("select id from cooperative where code = 'C1'")
    body = {"close_to": "2022-09-30", "cooperative_ids": [str(own), str(foreign), str(own), str(uuid4())]}
    named = await client.post("/debt/v1/closes", json=body)

    assert named.status_code == 404
    # What exists elsewhere is told in the same words as what does not exist.
    problems = named.json()["fields"]
    assert [problem.pop("field") for problem in problems] == ["cooperative_ids.1", "cooperative_ids.3"]
    assert problems[0] == problems[1]
    assert await world.value("select closed_on from business_day where cooperative_id = :id", id=foreign) is None


async def test_closes_are_listed_newest_first(world: World, client: httpx2.AsyncClient) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    await act(world, client, "closes", {"close_to": "2022-11-15"})
    cooperative_id = await world.value("select id from cooperative")

    first = (await client.get(f"/debt/v1/closes?cooperative_id={cooperative_id}&limit=2")).json()
    second = (
        await client.get(f"/debt/v1/closes?cooperative_id={cooperative_id}&limit=2&cursor={first['next_cursor']}")
    ).json()

    days = [one["closed_on"] for page in (first, second) for one in page["items"]]
    assert days == ["2022-11-15", "2022-10-31", "2022-09-30"]
    assert second["next_cursor"] is None


async def test_payment_that_meets_a_close_waits_and_posts_in_the_day_after(
    world: World, client: httpx2.AsyncClient
) -> None:
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    cooperative_id: UUID = await world.value("select id from cooperative")

    async with world.database.unscoped() as session:
        await close_cooperatives(session, [cooperative_id], date(2022, 10, 31))
        payment = asyncio.create_task(pay(world, client, "L1", "1200.00", "2022-10-05"))
        await asyncio.sleep(0.3)
        assert not payment.done()

    assert (await payment)["posted_on"] == "2022-11-01"
    await act(world, client, "closes", {"close_to": "2022-11-30"})
    assert [one["closed_on"] for one in await world.spoken("business_date.closed")] == [
        "2022-09-30", "2022-10-31", "2022-11-30",
    ]  # fmt: skip


async def test_close_that_was_cut_off_goes_on_with_what_is_left(
    world: World, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("C2", "C3"):
        await world.cooperative(code)
    monkeypatch.setattr(jobs, "LOANS_PER_RANGE_MAX", 0)
    calls = 0

    async def cut(session: WriteSession, range_ids: Sequence[UUID], day: date) -> Step:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionResetError
        return await close_cooperatives(session, range_ids, day)

    monkeypatch.setattr(jobs, "close_cooperatives", cut)
    await client.post("/debt/v1/closes", json={"close_to": "2022-09-30"})
    with pytest.raises(ConnectionResetError):
        await world.run_jobs()
    assert await world.value("select count(*) from business_day where closed_on = '2022-09-30'") == 2

    (job,) = await world.run_jobs()

    assert (job["status"], job["attempt"]) == ("succeeded", 2)
    statements = await world.spoken("business_date.closed")
    assert len(statements) == len({one["cooperative_id"] for one in statements}) == 3


async def test_catching_up_commits_each_stated_day_and_goes_on_after_it(
    world: World, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(world, client, "closes", {"close_to": "2022-09-30"})
    calls = 0

    async def cut(session: WriteSession, range_ids: Sequence[UUID], day: date) -> Step:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise ConnectionResetError
        return await close_cooperatives(session, range_ids, day)

    monkeypatch.setattr(jobs, "close_cooperatives", cut)
    await client.post("/debt/v1/closes", json={"close_to": "2023-05-15"})
    # Seven month-ends and the day itself, one in each attempt: more attempts than a job has that gets nowhere.
    for month in (10, 11, 12, 1, 2, 3, 4):
        with pytest.raises(ConnectionResetError):
            await world.run_jobs()
        closed_on = await world.value("select closed_on from business_day")
        assert (closed_on.month, closed_on.day > 27) == (month, True)

    (job,) = await world.run_jobs()

    assert (job["status"], job["attempt"]) == ("succeeded", 8)
    assert job["result"] == {"closed": 1}
    stated_on = [one["closed_on"] for one in await world.spoken("business_date.closed")]
    assert stated_on == [
        "2022-09-30", "2022-10-31", "2022-11-30", "2022-12-31", "2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30",
        "2023-05-15",
    ]  # fmt: skip


@pytest_asyncio.fixture
async def slow_days(world: World) -> AsyncIterator[None]:
    """Every transaction that closes a day takes its time, so that it can be met at work."""
    owner = await asyncpg.connect(world.settings.database_url("debt", "owner"))
    await owner.execute("""
        create function take_time() returns trigger language plpgsql
            as $$ begin perform pg_sleep(0.1); return null; end $$;
        create trigger take_time after update on business_day for each statement execute function take_time()
        """)
    yield
    await owner.execute("drop trigger take_time on business_day; drop function take_time")
    await owner.close()


@pytest.mark.usefixtures("slow_days")
async def test_catching_up_goes_on_through_two_kills_of_its_worker(
    world: World, client: httpx2.AsyncClient, twin: str
) -> None:
    close_to = date(2026, 5, 15)
    killed = str(await world.cooperative("C1"))
    await act(world, client, "closes", {"close_to": "2022-09-30"})
    await act(world, client, "closes", {"close_to": f"{close_to}", "cooperative_ids": [twin]})
    asked = await client.post("/debt/v1/closes", json={"close_to": f"{close_to}", "cooperative_ids": [killed]})

    async def closed_on() -> date:
        return await world.value("select closed_on from business_day where cooperative_id = :id", id=killed) or date.min

    async def is_done() -> bool:
        return bool((await client.get(asked.headers["location"])).json()["status"] == "succeeded")

    for kill in range(1, 3):
        seen = await closed_on()

        async def went_on(seen: date = seen) -> bool:
            return await closed_on() > seen

        with job_worker("services.debt.app"):
            await until(went_on)
        assert seen < await closed_on() < close_to, f"kill {kill} came too late to show anything"
    with job_worker("services.debt.app"):
        await until(is_done)

    went_on_once, uninterrupted = await histories(world, killed, twin)
    assert went_on_once == uninterrupted
    stated = [one["closed_on"] for one in await world.spoken("business_date.closed") if one["cooperative_id"] == killed]
    assert stated == sorted(set(stated))
    assert len(stated) == 45  # month-ends from September 2022 to April 2026, and the day itself


async def test_baseline_of_a_co_operative_far_behind_closes_month_by_month_first(
    world: World, client: httpx2.AsyncClient
) -> None:
    await act(world, client, "closes", {"close_to": "2022-07-31"})

    job = await act(world, client, "baselines", {"fiscal_year_be": 2566})

    assert (job["status"], job["result"]) == ("succeeded", {"baselines": 1})
    stated_on = [one["closed_on"] for one in await world.spoken("business_date.closed")]
    assert stated_on == ["2022-07-31", "2022-08-31", "2022-09-30"]


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("closes", {"close_to": "2021-09-29"}, "close_to", "2021-09-30 or later for a first close"),
        (
            "baselines",
            {"fiscal_year_be": 2564},
            "fiscal_year_be",
            "2565 or later, or close the co-operative to 2021-09-30 first",
        ),
    ],
)
async def test_first_close_before_the_year_of_the_oldest_loan_is_refused(
    world: World, client: httpx2.AsyncClient, path: str, body: dict[str, Any], field: str, message: str
) -> None:
    """The oldest loan was opened on 30 September 2022, the last day of fiscal year 2565."""
    answer = await client.post(f"/debt/v1/{path}", json=body)

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"].endswith("first-close-too-early")
    assert str(await world.value("select id from cooperative")) in problem["detail"]
    (wrong,) = problem["fields"]
    assert (wrong["field"], wrong["code"], wrong["message_en"]) == (field, "too_early", message)
    assert await world.value("select count(*) from job where kind in ('close', 'baseline')") == 0

    await act(world, client, "closes", {"close_to": "2021-09-30"})
    await act(world, client, "baselines", {"fiscal_year_be": 2564})  # nothing is closed first any more


async def test_first_close_of_a_co_operative_without_loans_is_not_before_the_first_year(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    client = await client_of("debt", scopes=SCOPES, areas=["52"])

    early = await client.post("/debt/v1/closes", json={"close_to": "2016-09-29"})
    job = await act(world, client, "closes", {"close_to": "2016-09-30"})

    assert early.json()["fields"][0]["message_en"] == "2016-09-30 or later for a first close"
    assert job["status"] == "succeeded"


async def test_a_close_told_again_has_the_version_it_was_first_told_with(
    world: World, client: httpx2.AsyncClient
) -> None:
    await act(world, client, "closes", {"close_to": "2022-10-31"})
    await act(world, client, "baselines", {"fiscal_year_be": 2566})
    first = [(one["closed_on"], one["revision"], one["_version"]) for one in await world.spoken("business_date.closed")]

    async with world.database.unscoped() as session:
        told = [(event, version) async for event, version, _ in tell_again(session)]

    again = [(str(e.closed_on), e.revision, version) for e, version in told if isinstance(e, BusinessDateClosed)]
    assert again == first == [("2022-10-31", 1, 1), ("2022-10-31", 2, 2)]
