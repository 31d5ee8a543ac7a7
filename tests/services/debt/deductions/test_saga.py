"""Goal: every deduction livelihood asks for is answered once and every reversal once, in whatever order they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import orjson
import pytest_asyncio

from services.debt.closing.service import close_cooperatives
from services.debt.deductions.repository import insert_deductions
from services.debt.inbox import INBOX
from services.debt.plans.repository import insert_plan
from shared.contracts.livelihood import DeductionRequested, DeductionReversed
from shared.kernel.identifiers import derived_id
from shared.kernel.money import parse_baht
from tests.conftest import ClientOf
from tests.locks import until_they_wait_or_end
from tests.services.debt.payments.test_posting import assert_books_balance, close_days, loan_id_of, pay
from tests.services.debt.world import World, loan_row, received

COOPERATIVE = derived_id("test-cooperative", "C1")
MEMBER = derived_id("test-member", "C1", "1")
PLAN = derived_id("test-plan", 1)
DELIVERY = derived_id("test-delivery", 1)


@pytest_asyncio.fixture
async def saga(world: World, client_of: ClientOf) -> World:
    """Member 1 with two loans, 3,150.00 overdue in each, and a plan in force."""
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await world.send(client, "loans", [loan_row(), loan_row(number="L2")])
    await store_plan(world)
    return world


async def store_plan(world: World, status: str = "in_force") -> None:
    async with world.database.unscoped() as session:
        await insert_plan(
            session,
            {
                "id": PLAN, "case_id": uuid4(), "cooperative_id": COOPERATIVE, "member_id": MEMBER, "status": status,
                "standing": None, "measures": ["PRODUCE_DEDUCTION"], "deduction_share": 0,
                "waive_default_interest": False, "overdue_covered": 6_300_00, "default_interest_waived": 0,
                "proposed_by": "officer", "proposed_on": date(2022, 10, 1), "approved_by": "manager",
                "accepted_by": "officer", "signed_on": date(2022, 10, 1), "starts_on": date(2022, 10, 1),
                "ends_on": None, "version": 1,
            },
            [],
        )  # fmt: skip


def request(
    amount: int, on: date = date(2022, 10, 10), delivery: UUID = DELIVERY, plan: UUID = PLAN
) -> DeductionRequested:
    return DeductionRequested(
        delivery_id=delivery, cooperative_id=COOPERATIVE, member_id=MEMBER, plan_id=plan, amount=amount,
        delivered_on=on,
    )  # fmt: skip


def reversal(on: date = date(2022, 10, 20)) -> DeductionReversed:
    return DeductionReversed(delivery_id=DELIVERY, cooperative_id=COOPERATIVE, member_id=MEMBER, reversed_on=on)


async def answers(world: World) -> list[str]:
    rows = await world.rows("select headers ->> 'ce_type' as type from outbox where topic = 'plodnee.debt.deduction'")
    return [row["type"].split(".")[-2] for row in rows]


async def test_request_pays_the_oldest_instalments_of_all_loans_of_the_member(saga: World) -> None:
    await saga.hear(request(2_500_00))

    (settled,) = await saga.spoken("deduction.settled")
    assert (settled["applied"], settled["returned"], settled["posted_on"]) == ("2500.00", "0.00", "2022-10-10")
    payments = await saga.spoken("payment.posted")
    assert {payment["channel"] for payment in payments} == {"produce"}
    assert {payment["delivery_id"] for payment in payments} == {str(DELIVERY)}
    assert sum(parse_baht(payment["amount"]) for payment in payments) == 2_500_00
    # Both loans have an instalment of 15 July: both are met before those of August.
    july = await saga.rows("select paid_principal from instalment where due_on = '2022-07-15'")
    assert [row["paid_principal"] for row in july] == [1_000_00, 1_000_00]
    assert set(row["part"] for row in await saga.rows("select part from overdue_movement")) == {"produce"}
    await assert_books_balance(saga)


async def test_more_than_is_overdue_goes_back_to_the_member(saga: World) -> None:
    await saga.hear(request(10_000_00))

    (settled,) = await saga.spoken("deduction.settled")
    assert parse_baht(settled["applied"]) + parse_baht(settled["returned"]) == 10_000_00
    assert await saga.value("select sum(overdue_principal + overdue_interest) from loan") == 0
    # Nothing of an instalment that is still to come was paid.
    assert await saga.value("select sum(paid_principal) from instalment where due_on > '2022-10-10'") == 0


async def test_deduction_before_later_payments_leaves_instalments_to_come_alone(
    saga: World, client_of: ClientOf
) -> None:
    """It spares lateness that the payments had settled; what they then settle instead must be overdue as well."""
    client = await client_of("debt", scopes="payment:write", areas=["52"])
    for number in ("L1", "L2"):
        assert (await pay(client, await loan_id_of(saga, number), "2800.00", "2023-03-31")).status_code == 201
    await close_days(saga, date(2023, 4, 10))

    await saga.hear(request(100_000_00))

    (settled,) = await saga.spoken("deduction.settled")
    assert parse_baht(settled["applied"]) + parse_baht(settled["returned"]) == 100_000_00
    to_come = "select sum(paid_principal + paid_interest + paid_fee) from instalment where due_on >= '2023-04-11'"
    assert await saga.value(to_come) == 0
    assert await saga.value("select sum(excess) from loan") == 0
    assert await saga.value("select sum(overdue_principal + overdue_interest) from loan") == 0
    await assert_books_balance(saga)


async def test_request_told_twice_is_answered_once(saga: World) -> None:
    await saga.hear(request(1_000_00))
    await saga.hear(request(1_000_00))
    await saga.hear(request(1_000_00), request(1_000_00))

    assert await answers(saga) == ["settled"]
    assert await saga.value("select sum(amount) from payment") == 1_000_00


async def test_an_answer_names_what_it_answers_and_the_request_all_of_it_belongs_to(saga: World) -> None:
    asked = replace(received(request(1_000_00)), correlation_id="delivery-entered")
    other = received(request(500_00, delivery=derived_id("test-delivery", 2)))
    async with saga.database.unscoped() as session:
        await INBOX.apply(session, [asked, other])

    rows = await saga.rows("select key, headers from outbox where topic = 'plodnee.debt.deduction'")
    headers = {row["key"]: row["headers"] for row in rows}
    assert headers[asked.key]["ce_causationid"] == str(asked.event_id)
    assert headers[asked.key]["ce_correlationid"] == "delivery-entered"
    assert headers[other.key]["ce_causationid"] == str(other.event_id)
    assert "ce_correlationid" not in headers[other.key]


async def test_reversal_after_settlement_gives_back_all_that_was_applied(saga: World) -> None:
    before = await saga.rows("select * from instalment order by loan_id, number")
    await saga.hear(request(2_500_00))
    await close_days(saga, date(2022, 10, 31))

    await saga.hear(reversal())
    await saga.hear(reversal())

    (undone,) = await saga.spoken("deduction.undone")
    assert (undone["undone"], undone["posted_on"]) == ("2500.00", "2022-11-01")
    assert await saga.rows("select * from instalment order by loan_id, number") == before
    assert await saga.value("select sum(amount_satang) from overdue_movement") == 0
    assert await answers(saga) == ["settled", "undone"]
    await assert_books_balance(saga)


async def test_an_undoing_is_told_for_the_day_of_its_postings(saga: World) -> None:
    await saga.hear(request(2_500_00))  # of 10 October, which is still open

    await saga.hear(reversal(date(2022, 11, 20)))

    (undone,) = await saga.spoken("deduction.undone")
    assert {undone["posted_on"]} == {row["posted_on"] for row in await saga.spoken("payment.reversed")}
    assert undone["posted_on"] == "2022-10-10"


async def test_an_undoing_without_postings_is_told_for_its_own_day(saga: World) -> None:
    await saga.hear(request(1_000_00, plan=uuid4()))

    await saga.hear(reversal(date(2022, 11, 20)))

    (undone,) = await saga.spoken("deduction.undone")
    assert (undone["undone"], undone["posted_on"]) == ("0.00", "2022-11-20")


async def test_reversal_before_the_request_refuses_it_later(saga: World) -> None:
    await saga.hear(reversal())
    await saga.hear(request(1_000_00))
    await saga.hear(request(1_000_00))

    assert await answers(saga) == ["undone", "refused"]
    (undone,), (refused,) = await saga.spoken("deduction.undone"), await saga.spoken("deduction.refused")
    assert (undone["undone"], refused["reason"]) == ("0.00", "reversed_before")
    assert await saga.value("select count(*) from payment") == 0


async def test_request_and_reversal_in_one_batch_leave_nothing_applied(saga: World) -> None:
    await saga.hear(request(1_000_00), reversal())

    assert await answers(saga) == ["settled", "undone"]
    assert await saga.value("select sum(paid_principal) from instalment") == 0


async def test_refused_request_is_undone_with_nothing(saga: World) -> None:
    await saga.hear(request(1_000_00, plan=uuid4()))
    await saga.hear(reversal())

    (refused,), (undone,) = await saga.spoken("deduction.refused"), await saga.spoken("deduction.undone")
    assert (refused["reason"], undone["undone"]) == ("no_plan_in_force", "0.00")


async def test_request_without_overdue_debt_is_refused(saga: World) -> None:
    await saga.hear(request(10_000_00))
    await saga.hear(request(500_00, date(2022, 10, 12), delivery=uuid4()))

    (refused,) = await saga.spoken("deduction.refused")
    assert refused["reason"] == "nothing_overdue"


async def test_two_deliveries_in_one_batch_count_one_after_the_other(saga: World) -> None:
    second = uuid4()
    await saga.hear(request(4_000_00, date(2022, 10, 12), delivery=second), request(4_000_00, date(2022, 10, 10)))

    settled = {row["delivery_id"]: row for row in await saga.spoken("deduction.settled")}
    assert settled[str(DELIVERY)]["applied"] == "4000.00"
    assert 2_300_00 < parse_baht(settled[str(second)]["applied"]) < 2_500_00
    assert await saga.value("select sum(overdue_principal) from loan") == 0
    await assert_books_balance(saga)


async def test_delivery_of_a_closed_day_posts_in_the_open_day(saga: World) -> None:
    await close_days(saga, date(2022, 10, 31))

    await saga.hear(request(1_000_00))

    (settled,) = await saga.spoken("deduction.settled")
    assert settled["posted_on"] == "2022-11-01"
    assert (await saga.spoken("payment.posted"))[0]["value_on"] == "2022-10-10"


OTHER_MEMBER = derived_id("test-member", "C2", "1")


def other(event: DeductionRequested | DeductionReversed, delivery: UUID) -> DeductionRequested | DeductionReversed:
    """The same of the member of the other co-operative."""
    cooperative_id = derived_id("test-cooperative", "C2")
    return event.model_copy(
        update={"cooperative_id": cooperative_id, "member_id": OTHER_MEMBER, "delivery_id": delivery}
    )


@pytest_asyncio.fixture
async def two_sagas(saga: World, client_of: ClientOf) -> World:
    """A second co-operative with a member and a loan, and a delivery settled at each co-operative."""
    await saga.cooperative("C2")
    await saga.members("C2", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await saga.send(client, "loans", [loan_row(number="L3", code="C2")])
    plan = derived_id("test-plan", 2)
    async with saga.database.unscoped() as session:
        await session.execute(
            "insert into plan select (jsonb_populate_record(plan, cast(:other as jsonb))).* from plan",
            other=orjson.dumps(
                {"id": plan, "member_id": OTHER_MEMBER, "cooperative_id": derived_id("test-cooperative", "C2")}
            ).decode(),
        )
    await saga.hear(request(500_00))
    await saga.hear(other(request(500_00, plan=plan), derived_id("test-delivery", 2)))
    assert await answers(saga) == ["settled", "settled"]
    return saga


@asynccontextmanager
async def halfway(world: World) -> AsyncIterator[None]:
    """Meanwhile no request of deliveries 3 and 4 is answered: who has heard of one waits there."""
    async with world.database.unscoped() as session:
        for number in (3, 4):
            await insert_deductions(
                session,
                [
                    {"delivery_id": derived_id("test-delivery", number), "cooperative_id": COOPERATIVE,
                     "member_id": MEMBER, "status": "refused", "requested": True, "amount": 1, "applied": 0,
                     "returned": 1, "reason": "test", "delivered_on": None, "settled_on": None, "refused_on": None,
                     "undone_on": None}
                ],
            )  # fmt: skip
        yield
        await session.execute("delete from deduction where reason = 'test'")


async def test_batches_that_cross_over_the_same_loans_do_not_deadlock(two_sagas: World) -> None:
    """Deliveries of one member come by several partitions, so two members of the group may need the same loans."""
    third, fourth = derived_id("test-delivery", 3), derived_id("test-delivery", 4)
    async with halfway(two_sagas):
        one = asyncio.create_task(
            two_sagas.hear(request(1_00, delivery=third), other(reversal(), derived_id("test-delivery", 2)))
        )
        await until_they_wait_or_end(two_sagas.database, one)
        crossing = asyncio.create_task(two_sagas.hear(other(request(1_00), fourth), reversal()))
        await until_they_wait_or_end(two_sagas.database, one, crossing)
    await asyncio.gather(one, crossing)
    assert sorted(await answers(two_sagas)) == ["refused", "settled", "settled", "settled", "undone", "undone"]
    await assert_books_balance(two_sagas)


async def test_a_batch_and_a_close_of_the_same_cooperatives_do_not_deadlock(two_sagas: World) -> None:
    low, high = sorted((COOPERATIVE, derived_id("test-cooperative", "C2")))
    third = derived_id("test-delivery", 3)
    # The request at the co-operative that a close holds last, the reversal at the one that it holds first.
    if high == COOPERATIVE:
        batch = [request(1_00, delivery=third), other(reversal(), derived_id("test-delivery", 2))]
    else:
        batch = [other(request(1_00), third), reversal()]

    async def close() -> None:
        async with two_sagas.database.unscoped() as session:
            await close_cooperatives(session, [low, high], date(2022, 10, 31))

    async with halfway(two_sagas):
        hearing = asyncio.create_task(two_sagas.hear(*batch))
        await until_they_wait_or_end(two_sagas.database, hearing)
        closing = asyncio.create_task(close())
        await until_they_wait_or_end(two_sagas.database, hearing, closing)
    await asyncio.gather(hearing, closing)
    assert await two_sagas.value("select count(*) from business_day where closed_on = '2022-10-31'") == 2
