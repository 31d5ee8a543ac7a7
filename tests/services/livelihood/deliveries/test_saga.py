"""Goal: the deduction saga ends with nothing held, in every order of answers, and each answer counts once."""

from datetime import date
from typing import Any

import httpx2
import pytest

from services.livelihood.deliveries import service as deliveries
from services.livelihood.inbox import INBOX
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import Database
from shared.contracts.debt import DeductionRefused, DeductionSettled, DeductionUndone
from tests.conftest import ClientOf, DatabaseOf
from tests.services.livelihood.conftest import COOPERATIVE, MEMBER, Hear, cooperative, hear_all, member, plan

SCOPES = "produce:write livelihood:read feed:write job:read"


@pytest.fixture
def body() -> dict[str, Any]:
    return {
        "member_id": str(MEMBER),
        "delivery_number": "D-1",
        "delivered_on": "2022-11-20",
        "crop": "rice_wet",
        "kilograms": "1000.000",
        "price_per_kilogram": "10.00",
        "savings_share": "0.05",
    }


async def _record(client: httpx2.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post("/livelihood/v1/produce-deliveries", json=body)
    assert response.status_code == 201, response.text
    delivery: dict[str, Any] = response.json()
    return delivery


async def _events(database: Database) -> list[str]:
    async with database.unscoped() as session:
        rows = await session.fetch("select headers ->> 'ce_type' as type from outbox order by id")
    return [row["type"].removeprefix("plodnee.livelihood.").removesuffix(".v1") for row in rows]


def _settled(delivery_id: str, applied: int, returned: int) -> DeductionSettled:
    return DeductionSettled.model_validate(
        {
            "delivery_id": delivery_id,
            "cooperative_id": COOPERATIVE,
            "member_id": MEMBER,
            "applied": applied,
            "returned": returned,
            "posted_on": date(2022, 11, 20),
        }
    )


async def test_the_agreed_share_is_held_then_applied(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivery = await _record(client, body)
    assert (delivery["gross"], delivery["held"], delivery["savings"], delivery["paid"]) == (
        "10000.00",
        "3000.00",
        "500.00",
        "6500.00",
    )
    answer = _settled(delivery["id"], 250_000, 50_000)
    await hear(database, [answer])
    await hear(database, [answer])
    listed = await client.get("/livelihood/v1/produce-deliveries", params={"cooperative_id": str(COOPERATIVE)})
    assert [one["id"] for one in listed.json()["items"]] == [delivery["id"]]
    read = (await client.get(f"/livelihood/v1/produce-deliveries/{delivery['id']}")).json()
    assert (read["status"], read["debt"], read["paid"], read["held"]) == ("settled", "2500.00", "7000.00", "0.00")
    assert await _events(database) == ["produce.delivered", "deduction.requested", "produce.settled"]
    async with database.unscoped() as session:
        causes = await session.fetch("select headers ? 'ce_causationid' as is_caused from outbox order by id")
        assert [row["is_caused"] for row in causes] == [False, False, True]
        shown = await session.fetch("select what, subject_ids from access_log order by id")
    assert [(row["what"], row["subject_ids"]) for row in shown] == [
        ("produce-delivery-list", [MEMBER]),
        ("produce-delivery", [MEMBER]),
    ]


async def test_a_buddhist_year_is_no_day_of_a_delivery_or_a_reversal(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    """Taken as it stands it would post money five centuries ahead and leave the loan's books there."""
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivered = await client.post("/livelihood/v1/produce-deliveries", json={**body, "delivered_on": "2565-11-20"})
    path = f"/livelihood/v1/produce-deliveries/{(await _record(client, body))['id']}/reverse"
    reversed_ = await client.post(path, json={"reason": "weighed twice", "reversed_on": "2565-11-21"})
    for answer, field in ((delivered, "delivered_on"), (reversed_, "reversed_on")):
        assert answer.status_code == 422
        assert [(one["field"], one["code"]) for one in answer.json()["fields"]] == [(field, "in_the_future")]


async def test_a_reversal_does_not_come_before_its_delivery(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), plan()])
    path = f"/livelihood/v1/produce-deliveries/{(await _record(client, body))['id']}/reverse"
    early = await client.post(path, json={"reason": "weighed twice", "reversed_on": "2022-11-19"})
    assert early.json()["type"] == "urn:plodnee:problem:delivery-reversed-too-early"
    assert (await client.post(path, json={"reason": "weighed twice", "reversed_on": "2022-11-20"})).status_code == 200


async def test_a_refusal_gives_the_member_everything(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivery = await _record(client, body)
    refused = DeductionRefused.model_validate(
        {
            "delivery_id": delivery["id"],
            "cooperative_id": COOPERATIVE,
            "member_id": MEMBER,
            "reason": "nothing_overdue",
            "refused_on": "2022-11-20",
        }
    )
    await hear(database, [refused])
    read = (await client.get(f"/livelihood/v1/produce-deliveries/{delivery['id']}")).json()
    assert (read["status"], read["paid"], read["debt"], read["refusal"]) == (
        "settled",
        "9500.00",
        "0.00",
        "nothing_overdue",
    )


@pytest.mark.parametrize("settled_first", [True, False], ids=["during settlement", "before settlement"])
async def test_a_reversal_leaves_nothing(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any], settled_first: bool
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivery = await _record(client, body)
    path = f"/livelihood/v1/produce-deliveries/{delivery['id']}"
    reversal = await client.post(f"{path}/reverse", json={"reason": "weighed twice", "reversed_on": "2022-11-21"})
    assert reversal.json()["status"] == "reversing"
    undone = DeductionUndone.model_validate(
        {
            "delivery_id": delivery["id"],
            "cooperative_id": COOPERATIVE,
            "member_id": MEMBER,
            "undone": 300_000 if settled_first else 0,
            "posted_on": "2022-11-21",
        }
    )
    settled = _settled(delivery["id"], 300_000, 0)
    await hear(database, [settled, undone] if settled_first else [undone])
    read = (await client.get(path)).json()
    assert (read["status"], read["reversal_reason"]) == ("reversed", "weighed twice")
    assert {read[part] for part in ("gross", "debt", "savings", "paid", "held")} == {"0.00"}
    again = await client.post(f"{path}/reverse", json={"reason": "once more", "reversed_on": "2022-11-22"})
    assert again.status_code == 409
    assert (await _events(database))[-2:] == ["deduction.reversed", "produce.settled"]


async def test_without_a_plan_everything_is_paid_at_once(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan(status="withdrawn")])
    delivery = await _record(client, body)
    assert (delivery["status"], delivery["held"], delivery["paid"]) == ("settled", "0.00", "9500.00")


async def test_an_agreement_is_of_plans_that_let_us_hold_a_share(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    path = f"/livelihood/v1/deduction-agreements?cooperative_id={COOPERATIVE}"
    await hear(await database_of("livelihood"), [cooperative(), member(), plan(share="0")])
    assert (await client.get(path)).json()["items"] == []
    await hear_all(await database_of("livelihood"), [plan()], version=2)
    assert [item["deduction_share"] for item in (await client.get(path)).json()["items"]] == ["0.3000"]


async def test_a_crop_that_is_no_code_is_refused_because_it_would_travel_in_events(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member()])
    refused = await client.post("/livelihood/v1/produce-deliveries", json=body | {"crop": "ข้าวของนายสมชาย"})
    assert refused.status_code == 422
    (field,) = refused.json()["fields"]
    assert field["field"] == "crop"
    assert "rice_wet" in field["message_en"]
    assert "rice_wet" in field["message_th"]


async def test_a_number_is_taken_once_and_a_repeated_request_repeats_its_answer(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member()])
    first = await client.post("/livelihood/v1/produce-deliveries", json=body, headers={"idempotency-key": "k"})
    again = await client.post("/livelihood/v1/produce-deliveries", json=body, headers={"idempotency-key": "k"})
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post("/livelihood/v1/produce-deliveries", json=body)
    assert other.status_code == 409


async def test_a_member_out_of_reach_does_not_exist(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    near = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    far = await client_of("livelihood", scopes=SCOPES, areas=["10"], client_id="far")
    await hear(await database_of("livelihood"), [cooperative(), member()])
    delivery = await _record(near, body)
    assert (await far.post("/livelihood/v1/produce-deliveries", json=body)).status_code == 404
    assert (await far.get(f"/livelihood/v1/produce-deliveries/{delivery['id']}")).status_code == 404
    listed = await far.get(f"/livelihood/v1/produce-deliveries?cooperative_id={COOPERATIVE}")
    assert listed.json()["items"] == []


def test_the_file_names_members_by_the_same_hash_as_the_registry() -> None:
    assert member_number_hash("C-1", "00012") == member_number_hash("C-1", "๐๐๐๑๒ ".strip())
    assert INBOX.consumer == "livelihood"


async def test_a_price_below_zero_is_refused_by_field(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), plan()])
    refused = await client.post("/livelihood/v1/produce-deliveries", json=body | {"price_per_kilogram": "-10.00"})
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["fields"]] == ["price_per_kilogram"]


async def test_a_delivery_does_not_end_before_it_was_divided(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivery = await _record(client, body)
    await hear(database, [_refused(delivery["id"], "2022-12-05")])  # the days before were closed
    path = f"/livelihood/v1/produce-deliveries/{delivery['id']}/reverse"
    undone = await client.post(path, json={"reason": "weighed twice", "reversed_on": "2022-11-21"})
    assert undone.json()["settled_on"] == "2022-12-05"
    async with database.unscoped() as session:
        days = await session.fetch("select headers ->> 'ce_effectiveon' as day from outbox order by id")
    assert [row["day"] for row in days][-2:] == ["2022-12-05", "2022-12-05"]


def _refused(delivery_id: str, refused_on: str = "2022-11-20") -> DeductionRefused:
    return DeductionRefused.model_validate(
        {
            "delivery_id": delivery_id,
            "cooperative_id": COOPERATIVE,
            "member_id": MEMBER,
            "reason": "nothing_overdue",
            "refused_on": refused_on,
        }
    )


async def test_a_reversal_that_was_never_asked_for_is_not_told_again(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    """A refused delivery is undone at once: debt, told of a reversal, would answer what nobody had asked."""
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), plan()])
    delivery = await _record(client, body)
    await hear(database, [_refused(delivery["id"])])
    path = f"/livelihood/v1/produce-deliveries/{delivery['id']}/reverse"
    undone = await client.post(path, json={"reason": "weighed twice", "reversed_on": "2022-11-21"})
    assert undone.json()["status"] == "reversed"
    said = await _events(database)
    assert said == ["produce.delivered", "deduction.requested", "produce.settled", "produce.settled"]
    async with database.unscoped() as session:
        told = [type(event).type async for event, _, _ in deliveries.tell_again(session)]
    assert "plodnee.livelihood.deduction.reversed.v1" not in told


async def test_a_reversal_that_is_too_early_names_its_field(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, body: dict[str, Any]
) -> None:
    client = await client_of("livelihood", scopes=SCOPES, areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), plan()])
    path = f"/livelihood/v1/produce-deliveries/{(await _record(client, body))['id']}/reverse"
    early = await client.post(path, json={"reason": "weighed twice", "reversed_on": "2022-11-19"})
    assert [one["field"] for one in early.json()["fields"]] == ["reversed_on"]
