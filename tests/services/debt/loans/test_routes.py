"""Goal: officers read loans with what is owed on a day, and see what terms would give without storing anything."""

from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from services.debt.loans import service
from shared.kernel.money import parse_baht
from tests.conftest import ClientOf
from tests.services.debt.world import World, loan_row


@pytest_asyncio.fixture
async def client(world: World, client_of: ClientOf) -> httpx2.AsyncClient:
    await world.cooperative()
    await world.members("C1", "1", "2")
    client = await client_of("debt", scopes="feed:write loan:read payment:write", areas=["52"], subject="officer")
    await world.send(client, "loans", [loan_row("1", f"L{number}") for number in range(3)] + [loan_row("2", "L9")])
    return client


async def test_loans_of_a_member_are_listed_by_page(world: World, client: httpx2.AsyncClient) -> None:
    member_id = await world.value("select member_id from loan where loan_number = 'L0'")
    path = f"/debt/v1/loans?member_id={member_id}&limit=2"

    first = (await client.get(path)).json()
    second = (await client.get(f"{path}&cursor={first['next_cursor']}")).json()

    assert sorted(loan["loan_number"] for page in (first, second) for loan in page["items"]) == ["L0", "L1", "L2"]
    assert second["next_cursor"] is None
    assert (await client.get("/debt/v1/loans")).status_code == 422


async def test_what_rests_on_an_assumption_says_so(world: World, client: httpx2.AsyncClient) -> None:
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L0'")
    member_id = await world.value("select member_id from loan where loan_number = 'L0'")

    loan = (await client.get(f"/debt/v1/loans/{loan_id}")).json()
    listed = (await client.get(f"/debt/v1/loans?member_id={member_id}")).json()["items"]
    instalments = (await client.get(f"/debt/v1/loans/{loan_id}/instalments?as_of=2022-10-10")).json()

    policy = loan["policy"]
    assert (policy["name"], policy["is_assumption"], policy["effective_from"]) == ("loan_class", True, None)
    assert "B.E. 2544" in policy["source"]
    assert [one["policy"] for one in listed] == [policy] * 3
    late = instalments["policy"]
    assert (late["name"], late["is_assumption"], late["effective_from"]) == ("late_interest", True, "2021-04-01")


async def test_instalments_show_late_interest_up_to_the_day(world: World, client: httpx2.AsyncClient) -> None:
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L0'")
    path = f"/debt/v1/loans/{loan_id}/instalments"

    at_opening = (await client.get(f"{path}?as_of=2022-09-30")).json()["items"]
    later = (await client.get(f"{path}?as_of=2022-10-10")).json()["items"]

    assert [part["owed_late_interest"] for part in at_opening[:3]] == ["0.00"] * 3
    # Ten nights of 6 % a year on 1,000.00.
    assert [part["owed_late_interest"] for part in later[:3]] == ["1.64"] * 3
    assert [part["is_overdue"] for part in later[:4]] == [True, True, True, False]
    assert sum(parse_baht(part["principal"]) for part in later) == 11_000_00


async def test_instalments_are_not_told_of_a_day_before_what_they_stand_for(
    world: World, client: httpx2.AsyncClient
) -> None:
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L0'")
    path = f"/debt/v1/loans/{loan_id}/instalments"

    async def refused(as_of: str) -> str:
        answer = await client.get(f"{path}?as_of={as_of}")
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["fields"]
        assert problem["field"] == "as_of"
        return str(problem["message_en"])

    assert "2022-09-30" in await refused("2022-09-29")
    payment = {"loan_id": str(loan_id), "amount": "500.00", "value_on": "2022-10-05"}
    assert (await client.post("/debt/v1/payments", json=payment)).status_code == 201
    assert "2022-10-05" in await refused("2022-10-04")
    assert (await client.get(f"{path}?as_of=2022-10-05")).status_code == 200
    # A later open day has a payment while the co-operative's first open day is the one before.
    async with world.database.unscoped() as session:
        await session.execute(
            "insert into business_day select cooperative_id, '2022-09-30' from loan limit 1"
            " on conflict (cooperative_id) do update set closed_on = excluded.closed_on"
        )
    assert (await client.get(path)).json()["as_of"] == "2022-10-05"


async def test_reading_loans_is_logged_with_who_was_shown(world: World, client: httpx2.AsyncClient) -> None:
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L9'")
    await client.get(f"/debt/v1/loans/{loan_id}")

    (entry,) = await world.rows("select subject, what, subject_ids from access_log")
    member_id = await world.value("select member_id from loan where id = :id", id=loan_id)
    assert (entry["subject"], entry["what"], list(entry["subject_ids"])) == ("officer", "loan", [member_id])


async def test_loan_has_an_etag_of_its_version(world: World, client: httpx2.AsyncClient) -> None:
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L0'")

    answer = await client.get(f"/debt/v1/loans/{loan_id}")

    assert answer.headers["etag"] == '"1"'
    assert answer.json()["loan_class_th"] == "ปกติ"
    assert answer.json()["differences"] == []


async def test_loan_shows_its_newest_differences_and_no_more(
    world: World, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "DIFFERENCES_SHOWN_MAX", 3)
    loan_id: UUID = await world.value("select id from loan where loan_number = 'L0'")
    wrong = loan_row("1", "L0", opening_principal="10500.00", opening_interest="140.00")
    for day in ("2022-10-01", "2022-10-02", "2022-10-03"):
        await world.send(client, "loans", [wrong], as_of=day)

    differences = (await client.get(f"/debt/v1/loans/{loan_id}")).json()["differences"]

    assert [(one["as_of"], one["field"]) for one in differences] == [
        ("2022-10-03", "opening_interest"), ("2022-10-03", "opening_principal"), ("2022-10-02", "opening_interest"),
    ]  # fmt: skip
