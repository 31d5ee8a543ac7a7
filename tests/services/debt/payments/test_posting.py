"""Goal: a payment is posted once, allocated oldest first, and undone or back-dated without moving a closed day."""

import asyncio
from datetime import date
from typing import Any, cast, get_args
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from services.debt.closing.domain import CLASSES
from services.debt.closing.service import close_cooperatives
from services.debt.loans.schedules.allocation import ORDERS, PRINCIPAL_FIRST
from services.debt.payments.ledger import TRANSACTION_OF_CHANNEL, NewPayment, open_ledger
from services.debt.payments.schemas import PaymentCreate
from services.debt.payments.service import post_payment
from shared.chassis.auth.caller import Caller
from shared.chassis.reach import UNSCOPED
from shared.contracts.debt import Channel
from shared.kernel.identifiers import derived_id
from shared.kernel.money import format_baht, parse_baht
from tests.conftest import ClientOf
from tests.locks import until_somebody_waits, until_they_wait_or_end
from tests.services.debt.world import World, loan_row, payment_row

SCOPES = "feed:write payment:write loan:read"


@pytest_asyncio.fixture
async def client(world: World, client_of: ClientOf) -> httpx2.AsyncClient:
    """A partner's system of province 52, with one loan L1 of member 1 in the books."""
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes=SCOPES, areas=["52"])
    await world.send(client, "loans", [loan_row()])
    return client


async def loan_id_of(world: World, number: str = "L1") -> UUID:
    found: UUID = await world.value("select id from loan where loan_number = :number", number=number)
    return found


async def pay(client: httpx2.AsyncClient, loan_id: UUID, amount: str, value_on: str, **body: Any) -> httpx2.Response:
    return await client.post(
        "/debt/v1/payments", json={"loan_id": str(loan_id), "amount": amount, "value_on": value_on, **body}
    )


async def close_days(world: World, closed_on: date) -> None:
    """Mark days closed without a close, where a test is about postings alone."""
    async with world.database.unscoped() as session:
        await session.execute(
            "insert into business_day (cooperative_id, closed_on) select id, :on from cooperative"
            " on conflict (cooperative_id) do update set closed_on = excluded.closed_on",
            on=closed_on,
        )


async def assert_books_balance(world: World) -> None:
    """Allocation lines, instalments, balances and payments all say the same."""
    assert not await world.rows(
        """
        select i.loan_id, i.number from instalment i left join (
            select loan_id, number, sum(principal) principal, sum(interest) interest, sum(fee) fee,
                   sum(late_interest) late, sum(default_interest) default_interest
            from allocation group by loan_id, number) a using (loan_id, number)
        where i.paid_principal <> coalesce(a.principal, 0) or i.paid_interest <> coalesce(a.interest, 0)
           or i.paid_fee <> coalesce(a.fee, 0) or i.paid_late_interest <> coalesce(a.late, 0)
           or i.paid_default_interest <> coalesce(a.default_interest, 0)
        """
    )
    assert not await world.rows(
        """
        select id from payment
        where amount <> fee + default_interest + late_interest + interest + principal + excess
        """
    )
    assert not await world.rows(
        """
        select id from loan where outstanding_principal <>
            (select sum(principal - paid_principal) from instalment where loan_id = loan.id)
        or excess <> (select coalesce(sum(excess), 0) from payment where loan_id = loan.id)
        """
    )


async def test_payment_goes_to_the_oldest_instalment_and_takes_overdue_debt_away(
    world: World, client: httpx2.AsyncClient
) -> None:
    answer = await pay(client, await loan_id_of(world), "1200.00", "2022-10-01")

    assert answer.status_code == 201, answer.text
    payment = answer.json()
    assert payment["posted_on"] == "2022-10-01"
    assert payment["lines"][0]["number"] == 2
    assert payment["lines"][0]["principal"] == "1000.00"
    assert payment["overdue_reduced"] == payment_total(payment, "interest", "principal")
    (event,) = await world.spoken("payment.posted")
    assert event["payment_id"] == payment["id"]
    assert event["overdue_reduced"] == payment["overdue_reduced"]
    # A row owes 50.00 interest and, for one night on 1,000, 0.16 late and 0.08 default interest: 1,200.00 pays the
    # first row of 1,050.24 and, of the 149.76 left, 99.52 of the second row's principal.
    assert [loan["overdue_principal"] for loan in await world.spoken("loan.recorded")][-1] == "1900.48"
    await assert_books_balance(world)


def payment_total(payment: dict[str, Any], *parts: str) -> str:
    return format_baht(sum(parse_baht(payment[part]) for part in parts))


async def test_spaces_around_a_receipt_number_make_no_other_receipt(world: World, client: httpx2.AsyncClient) -> None:
    loan_id = await loan_id_of(world)
    assert (await pay(client, loan_id, "100.00", "2022-10-05", receipt_number=" R1 ")).status_code == 201

    assert (await pay(client, loan_id, "100.00", "2022-10-05", receipt_number="R1")).status_code == 422
    delivery = await world.send(client, "payments", [payment_row("R1", "100.00", "2022-10-05")], as_of="2022-10-31")
    assert (delivery["accepted"], delivery["unchanged"]) == (0, 1)
    assert (await pay(client, loan_id, "100.00", "2022-10-05", receipt_number="  ")).status_code == 422


async def test_same_receipt_of_a_file_is_posted_once(world: World, client: httpx2.AsyncClient) -> None:
    rows = [payment_row("R1", "500.00", "2022-10-05"), payment_row("R2", "700.00", "2022-10-03")]
    first = await world.send(client, "payments", rows, as_of="2022-10-31")
    again = await world.send(client, "payments", rows, as_of="2022-10-31")

    assert (first["accepted"], again["accepted"], again["unchanged"]) == (2, 0, 2), (first, again)
    assert await world.value("select count(*) from payment") == 2
    await assert_books_balance(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "999.00"},
        {"paid_on": "2022-10-06"},
        {"loan_number": "L2"},
        {"channel": "transfer"},
    ],
)
async def test_a_row_that_states_a_posted_receipt_otherwise_is_listed_and_nothing_is_overwritten(
    world: World, client: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    await world.send(client, "loans", [loan_row(number="L2")])
    await pay(client, await loan_id_of(world), "500.00", "2022-10-05", receipt_number="R9")
    rows = [payment_row("R8", "1.00", "2022-10-05"), {**payment_row("R9", "500.00", "2022-10-05"), **changes}]

    delivery = await world.send(client, "payments", rows, as_of="2022-10-31")

    assert (delivery["accepted"], delivery["unchanged"], delivery["rejected"]) == (1, 0, 1), delivery
    rejects = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}/rejects")).text
    assert rejects.strip().splitlines()[1].split(",")[:3] == ["3", "receipt_number", "receipt_number_taken"]
    assert await world.value("select amount from payment where receipt_number = 'R9'") == 500_00


async def test_a_receipt_that_was_reversed_is_posted_again_by_hand(world: World, client: httpx2.AsyncClient) -> None:
    loan_id = await loan_id_of(world)
    for amount in ("500.00", "600.00"):
        posted = await pay(client, loan_id, amount, "2022-10-05", receipt_number="R9")
        assert posted.status_code == 201, posted.text
        assert (await pay(client, loan_id, amount, "2022-10-05", receipt_number="R9")).status_code == 422
        await client.post(f"/debt/v1/payments/{posted.json()['id']}/reverse", json={"reason": "entered wrongly"})

    assert (await pay(client, loan_id, "700.00", "2022-10-05", receipt_number="R9")).status_code == 201
    assert await world.value("select sum(amount) from payment where receipt_number = 'R9'") == 700_00
    await assert_books_balance(world)


async def test_a_file_corrects_a_receipt_that_was_reversed_and_brings_none_back(
    world: World, client: httpx2.AsyncClient
) -> None:
    rows = [payment_row("R1", "500.00", "2022-10-05"), payment_row("R2", "700.00", "2022-10-05")]
    await world.send(client, "payments", rows, as_of="2022-10-31")
    for payment in await world.rows("select id from payment"):
        await client.post(f"/debt/v1/payments/{payment['id']}/reverse", json={"reason": "entered wrongly"})

    corrected = [rows[0], payment_row("R2", "70.00", "2022-10-05")]
    first = await world.send(client, "payments", corrected, as_of="2022-10-31")
    again = await world.send(client, "payments", corrected, as_of="2022-10-31")
    older = await world.send(client, "payments", rows, as_of="2022-10-31")

    assert (first["accepted"], first["unchanged"], first["rejected"]) == (1, 1, 0), first
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (0, 2, 0), again
    assert (older["accepted"], older["unchanged"], older["rejected"]) == (0, 1, 1), older
    assert await world.value("select sum(amount) from payment") == 70_00


async def test_payment_of_unknown_loan_waits_until_the_loan_comes(world: World, client: httpx2.AsyncClient) -> None:
    rows = [payment_row("R1", "500.00", "2022-10-05", loan="L2")]
    delivery = await world.send(client, "payments", rows, as_of="2022-10-31")
    assert delivery["waiting"] == 1

    await world.send(client, "loans", [loan_row(number="L2")])

    delivery = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}")).json()
    assert (delivery["accepted"], delivery["waiting"]) == (1, 0)


async def test_payment_beyond_everything_owed_is_excess_and_closes_the_loan(
    world: World, client: httpx2.AsyncClient
) -> None:
    payment = (await pay(client, await loan_id_of(world), "20000.00", "2022-10-01")).json()

    assert payment["principal"] == "11000.00"
    assert payment["excess"] != "0.00"
    (loan,) = await world.rows("select * from loan")
    assert (loan["status"], loan["outstanding_principal"], loan["overdue_principal"]) == ("closed", 0, 0)
    await assert_books_balance(world)


async def test_back_dated_payment_posts_in_the_open_day_and_equals_one_in_time(
    world: World, client: httpx2.AsyncClient
) -> None:
    await world.send(client, "loans", [loan_row(number="L2")])
    late, in_time = await loan_id_of(world, "L1"), await loan_id_of(world, "L2")
    for loan_id, order in ((in_time, ("2022-10-05", "2022-11-20")), (late, ("2022-11-20",))):
        for value_on in order:
            assert (await pay(client, loan_id, "900.00", value_on)).status_code == 201
    before = await world.rows("select * from overdue_movement where loan_id = :id", id=late)
    await close_days(world, date(2022, 11, 30))

    payment = (await pay(client, late, "900.00", "2022-10-05")).json()

    assert (payment["value_on"], payment["posted_on"]) == ("2022-10-05", "2022-12-01")
    state = "select number, paid_principal, paid_interest, paid_late_interest, paid_default_interest, late_basis"
    assert await world.rows(f"{state} from instalment where loan_id = :id order by number", id=late) == (
        await world.rows(f"{state} from instalment where loan_id = :id order by number", id=in_time)
    )
    # What was booked before stands as it stood.
    movements = await world.rows("select * from overdue_movement where loan_id = :id order by id", id=late)
    assert movements[: len(before)] == before
    assert {row["posted_on"] for row in movements[len(before) :]} == {date(2022, 12, 1)}
    await assert_books_balance(world)


async def test_a_payment_keeps_the_order_of_its_transaction_when_its_loan_is_computed_again(
    world: World, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loan_class in CLASSES:
        monkeypatch.setitem(cast(dict[object, object], ORDERS), (loan_class, "set_off"), PRINCIPAL_FIRST)
    loan_id = await loan_id_of(world)
    set_off = (await pay(client, loan_id, "900.00", "2022-10-20", channel="share_set_off")).json()
    assert [(line["interest"], line["principal"]) for line in set_off["lines"]] == [("0.00", "900.00")]

    cash = (await pay(client, loan_id, "500.00", "2022-10-05")).json()

    lines = await world.rows(
        "select payment_id, sum(interest) interest, sum(principal) principal from allocation group by payment_id"
    )
    settled = {row["payment_id"]: (row["interest"], row["principal"]) for row in lines}
    assert settled[UUID(set_off["id"])] == (0, 900_00)
    assert settled[UUID(cash["id"])][0] == 50_00
    await assert_books_balance(world)


def test_every_channel_is_a_transaction_of_the_table_of_orders() -> None:
    assert set(TRANSACTION_OF_CHANNEL) == set(get_args(Channel))
    assert {(loan_class, of) for loan_class in CLASSES for of in TRANSACTION_OF_CHANNEL.values()} <= set(ORDERS)


async def test_reversal_restores_the_loan_and_books_the_difference_in_the_open_day(
    world: World, client: httpx2.AsyncClient
) -> None:
    loan_id = await loan_id_of(world)
    before = await world.rows("select * from instalment order by number")
    payment = (await pay(client, loan_id, "2500.00", "2022-10-05")).json()
    await close_days(world, date(2022, 10, 31))

    answer = await client.post(f"/debt/v1/payments/{payment['id']}/reverse", json={"reason": "wrong member"})

    assert answer.status_code == 201, answer.text
    reversal = answer.json()
    assert (reversal["amount"], reversal["posted_on"], reversal["reverses"]) == (
        "-2500.00", "2022-11-01", payment["id"],
    )  # fmt: skip
    assert await world.rows("select * from instalment order by number") == before
    assert await world.value("select sum(amount_satang) from overdue_movement") == 0
    (event,) = await world.spoken("payment.reversed")
    assert (event["payment_id"], event["reversal_id"]) == (payment["id"], reversal["id"])
    again = await client.post(f"/debt/v1/payments/{payment['id']}/reverse", json={"reason": "twice"})
    assert again.status_code == 409
    assert again.json()["type"].endswith("payment-already-reversed")
    await assert_books_balance(world)


async def test_reversing_one_of_two_payments_moves_the_other_to_where_it_belongs(
    world: World, client: httpx2.AsyncClient
) -> None:
    loan_id = await loan_id_of(world)
    first = (await pay(client, loan_id, "1500.00", "2022-10-05")).json()
    second = (await pay(client, loan_id, "1500.00", "2022-10-20")).json()

    await client.post(f"/debt/v1/payments/{first['id']}/reverse", json={"reason": "bounced"})

    lines = (await client.get(f"/debt/v1/payments/{second['id']}")).json()["lines"]
    assert [line["number"] for line in lines if line["principal"] != "0.00"] == [2, 3]
    await assert_books_balance(world)


@pytest.mark.parametrize("waiver_first", [True, False])
async def test_waiver_of_nothing_forgives_what_a_later_reversal_brings_back(
    world: World, client: httpx2.AsyncClient, waiver_first: bool
) -> None:
    loan_id, signed_on = await loan_id_of(world), date(2022, 12, 1)
    payment = (await pay(client, loan_id, "6000.00", "2022-10-05")).json()  # all that falls due before the signing

    async def waive() -> int:
        async with world.database.unscoped() as session:
            ledger = await open_ledger(session, [loan_id], with_history=[loan_id])
            amount = ledger.waive_default_interest(loan_id, signed_on, None)
            await ledger.store(session)
            return amount

    waived = await waive() if waiver_first else None
    await client.post(f"/debt/v1/payments/{payment['id']}/reverse", json={"reason": "bounced"})
    waived = await waive() if waived is None else waived

    assert (waived == 0) is waiver_first
    parts = (await client.get(f"/debt/v1/loans/{loan_id}/instalments?as_of={signed_on}")).json()["items"]
    assert {part["owed_default_interest"] for part in parts} == {"0.00"}
    assert any(parse_baht(part["owed_late_interest"]) for part in parts)
    # Listeners count what the close's control totals count: every row of the table.
    told = [parse_baht(event["default_interest"]) for event in await world.spoken("waiver.booked")]
    assert sorted(told) == sorted(row["default_interest"] for row in await world.rows("select * from waiver"))
    await assert_books_balance(world)


async def test_payment_of_an_earlier_open_day_moves_a_later_one_on_its_own_day(
    world: World, client: httpx2.AsyncClient
) -> None:
    loan_id = await loan_id_of(world)
    await pay(client, loan_id, "1050.24", "2022-11-10")

    first = (await pay(client, loan_id, "1050.24", "2022-10-01")).json()

    assert first["posted_on"] == "2022-10-01"
    assert [line["number"] for line in first["lines"]] == [2]
    (correction,) = await world.rows("select * from payment where kind = 'correction'")
    assert (correction["amount"], correction["posted_on"]) == (0, date(2022, 11, 10))
    # Up to the day before, the books are those of the first payment alone.
    before = await world.rows("select distinct payment_id from allocation where posted_on < '2022-11-10'")
    assert [str(row["payment_id"]) for row in before] == [first["id"]]
    assert len(await world.spoken("payment.posted")) == 3
    await assert_books_balance(world)


async def test_two_payments_at_once_on_one_loan_are_both_booked(world: World, client: httpx2.AsyncClient) -> None:
    loan_id = await loan_id_of(world)

    answers = await asyncio.gather(*(pay(client, loan_id, "300.00", "2022-10-05") for _ in range(6)))

    assert [answer.status_code for answer in answers] == [201] * 6
    assert await world.value("select version from loan") == 7
    paid = await world.value(
        "select sum(paid_principal + paid_interest + paid_late_interest + paid_default_interest) from instalment"
    )
    assert paid == 6 * 300_00
    await assert_books_balance(world)


async def test_same_idempotency_key_posts_once_and_repeats_the_answer(world: World, client: httpx2.AsyncClient) -> None:
    loan_id, key = await loan_id_of(world), uuid4().hex
    body = {"loan_id": str(loan_id), "amount": "300.00", "value_on": "2022-10-05"}

    answers = await asyncio.gather(
        *(client.post("/debt/v1/payments", json=body, headers={"idempotency-key": key}) for _ in range(3))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await world.value("select count(*) from payment") == 1


async def test_set_off_of_savings_is_a_part_of_its_own(world: World, client: httpx2.AsyncClient) -> None:
    await pay(client, await loan_id_of(world), "500.00", "2022-10-05", channel="savings_set_off")

    (movement,) = await world.rows("select part, amount_satang from overdue_movement")
    assert movement["part"] == "set_off"


async def test_produce_cannot_be_posted_by_hand(world: World, client: httpx2.AsyncClient) -> None:
    answer = await pay(client, await loan_id_of(world), "500.00", "2022-10-05", channel="produce")

    assert answer.status_code == 422


async def test_loan_outside_reach_is_not_found(world: World, client: httpx2.AsyncClient, client_of: ClientOf) -> None:
    loan_id = await loan_id_of(world)
    stranger = await client_of("debt", scopes=SCOPES, areas=["90"])

    assert (await pay(stranger, loan_id, "1.00", "2022-10-05")).status_code == 404
    assert (await stranger.get(f"/debt/v1/loans/{loan_id}")).status_code == 404
    assert (await stranger.get(f"/debt/v1/loans/{loan_id}/instalments")).status_code == 404


async def test_money_as_a_number_and_dates_to_come_are_refused(world: World, client: httpx2.AsyncClient) -> None:
    loan_id = str(await loan_id_of(world))
    for body in (
        {"loan_id": loan_id, "amount": 100, "value_on": "2022-10-05"},
        {"loan_id": loan_id, "amount": "-100.00", "value_on": "2022-10-05"},
        {"loan_id": loan_id, "amount": "100.00", "value_on": "2199-01-01"},
        {"loan_id": loan_id, "amount": "100.00", "value_on": "2022-09-29"},
    ):
        answer = await client.post("/debt/v1/payments", json=body)
        assert answer.status_code == 422, answer.text
    assert await world.value("select count(*) from payment") == 0


async def test_a_files_payment_is_found_by_its_loan_and_undone(
    world: World, client: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    rows = [payment_row("R1", "100.00", "2022-10-05"), payment_row("R2", "200.00", "2022-10-06")]
    await world.send(client, "payments", rows, as_of="2022-10-31")
    address = f"/debt/v1/payments?loan_id={await loan_id_of(world)}"
    first = (await client.get(f"{address}&limit=1")).json()
    (second,) = (await client.get(f"{address}&cursor={first['next_cursor']}")).json()["items"]
    assert [one["receipt_number"] for one in (*first["items"], second)] == ["R1", "R2"]

    reversal = await client.post(f"/debt/v1/payments/{second['id']}/reverse", json={"reason": "entered twice"})

    listed = (await client.get(address)).json()["items"]
    assert [(one["kind"], one["amount"], one["reversed_by"]) for one in listed] == [
        ("payment", "100.00", None),
        ("payment", "200.00", reversal.json()["id"]),
        ("reversal", "-200.00", None),
    ]
    foreign = await client_of("debt", scopes=SCOPES, areas=["90"])
    assert (await foreign.get(address)).status_code == 404
    assert await world.value("select count(*) from access_log where what = 'payment-list'") == 3


async def test_a_receipt_posted_by_hand_while_its_file_is_taken_in_is_posted_once(
    world: World, client: httpx2.AsyncClient
) -> None:
    loan_id, day = await loan_id_of(world), date(2022, 10, 5)
    by_hand = NewPayment(loan_id, 100_00, day, "cash", captured_by="officer", receipt_number="R1")
    async with world.database.unscoped() as session:
        ledger = await open_ledger(session, [loan_id])
        rows = [payment_row("R1", "100.00", day.isoformat())]
        sending = asyncio.create_task(world.send(client, "payments", rows, as_of="2022-10-31"))
        await until_somebody_waits(world.database, sending)
        ledger.post(by_hand)
        await ledger.store(session)

    delivery = await sending

    assert (delivery["status"], delivery["accepted"], delivery["unchanged"]) == ("completed", 0, 1), delivery
    assert await world.value("select count(*) from payment") == 1


async def test_a_receipt_posted_on_one_loan_is_refused_on_another_without_harm_to_its_file(
    world: World, client: httpx2.AsyncClient
) -> None:
    await world.send(client, "loans", [loan_row(number="L2")])
    loan_id, other_id = await loan_id_of(world), await loan_id_of(world, "L2")
    rows = [payment_row("R0", "100.00", "2022-10-05"), payment_row("R1", "100.00", "2022-10-05")]
    officer = Caller("officer", "test", frozenset(), UNSCOPED)
    async with world.database.unscoped() as session:
        first = PaymentCreate.model_validate(
            {"loan_id": other_id, "amount": "100.00", "value_on": "2022-10-05", "receipt_number": "R1"}
        )
        await post_payment(session, officer, first)
        sending = asyncio.create_task(world.send(client, "payments", rows, as_of="2022-10-31"))
        posting = asyncio.create_task(pay(client, loan_id, "100.00", "2022-10-05", receipt_number="R1"))
        await until_they_wait_or_end(world.database, sending, posting)

    delivery, answer = await asyncio.gather(sending, posting)

    assert (delivery["status"], delivery["accepted"], delivery["rejected"]) == ("completed", 1, 1), delivery
    assert (answer.status_code, [problem["field"] for problem in answer.json()["fields"]]) == (422, ["receipt_number"])
    booked = await world.rows("select receipt_number, loan_id from payment order by receipt_number")
    assert [tuple(row.values()) for row in booked] == [("R0", loan_id), ("R1", other_id)]


async def test_receipts_loans_and_days_are_held_in_one_order(world: World, client: httpx2.AsyncClient) -> None:
    """Receipts posted by hand, files, reversals and closes over the same loans wait for each other and never cross."""
    await world.send(client, "loans", [loan_row(number="L2")])
    loans = [await loan_id_of(world), await loan_id_of(world, "L2")]
    payment = (await pay(client, loans[0], "100.00", "2022-10-01")).json()
    rows = [payment_row(f"F{n}", "1.00", "2022-10-05", loan=("L1", "L2")[n % 2]) for n in range(10)]

    async def close(day: date) -> None:
        async with world.database.unscoped() as session:
            await close_cooperatives(session, [derived_id("test-cooperative", "C1")], day)

    delivery, _, reversal, *answers = await asyncio.gather(
        world.send(client, "payments", rows, as_of="2022-10-31"),
        close(date(2022, 10, 1)),
        client.post(f"/debt/v1/payments/{payment['id']}/reverse", json={"reason": "bounced"}),
        *(pay(client, loans[n % 2], "1.00", "2022-10-05", receipt_number=f"H{n}") for n in range(10)),
    )

    assert (delivery["status"], delivery["accepted"]) == ("completed", 10), delivery
    assert {reversal.status_code, *(answer.status_code for answer in answers)} == {201}
    await assert_books_balance(world)
