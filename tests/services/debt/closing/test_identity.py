"""Goal: whatever days, payments, reversals and closes come in whatever order, the books explain every satang.

Random histories are played against a real database, each in a co-operative of its own; after them, from the rows
alone: overdue debt by instalments is overdue debt by movements on every closed day, what was stated of a day is what
the books still say of it, and every loan owes what it owes when it is computed once more from its opening position.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.debt.closing.domain import overdue_at
from services.debt.closing.service import close_cooperatives, freeze_baseline
from services.debt.loans.domain import DayCount, Frequency, Instalment, LoanTerms, Method
from services.debt.loans.service import NewLoan, open_loans
from services.debt.payments.domain import Entry, late_policy, owed, replay
from services.debt.payments.feed import post_in_order
from services.debt.payments.ledger import TRANSACTION_OF_CHANNEL, NewPayment, open_ledger
from services.debt.payments.repository import find_payment
from shared.contracts.debt import BusinessDateClosed
from shared.kernel.identifiers import derived_id, uuid7
from tests.services.debt.payments.test_posting import assert_books_balance
from tests.services.debt.world import World

FIRST = date(2022, 9, 30)
# What a co-operative's file may name.
METHODS = (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.FLAT)
DAY_COUNTS = (DayCount.THIRTY_360, DayCount.ACTUAL_365)
RATES = (Decimal("0.06"), Decimal("0.0875"))
AMOUNTS = (1, 50_00, 1_000_00, 1_049_99, 3_150_00, 20_000_00)


class History:
    """A co-operative with three loans, to which random things happen."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.code = uuid4().hex[:8]
        self.cooperative_id = derived_id("test-cooperative", self.code)
        self.loans: Sequence[UUID] = ()
        self.waivers: list[tuple[UUID, Entry]] = []

    async def begin(self) -> None:
        await self.world.cooperative(self.code)
        members = await self.world.members(self.code, "1", "2")
        async with self.world.database.unscoped() as session:
            loans = [self._loan(members[number % 2], number) for number in range(3)]
            await open_loans(session, [(loan, loan.instalments()) for loan in loans])
            rows = await session.fetch(
                "select id from loan where cooperative_id = :id order by loan_number", id=self.cooperative_id
            )
        self.loans = [row["id"] for row in rows]

    def _loan(self, member_id: UUID, number: int) -> NewLoan:
        overdue = self.random.choice((0, 500_00, 3_000_00))
        terms = LoanTerms(
            principal=12_000_00, annual_rate=self.random.choice(RATES), disbursed_on=date(2022, 5, 15),
            method=self.random.choice(METHODS), day_count=self.random.choice(DAY_COUNTS),
            every=Frequency.MONTHLY.every, instalments=12, first_due_on=date(2022, 6, 15),
        )  # fmt: skip
        return NewLoan(
            cooperative_id=self.cooperative_id, member_id=member_id, loan_number=f"L{number}", loan_type="medium",
            terms=terms, cut_over_on=FIRST, opening_principal=11_000_00, opening_interest=overdue // 20,
            opening_fee=self.random.choice((0, 100_00)), opening_overdue_principal=overdue, opening_last_paid_on=None,
        )  # fmt: skip

    async def act(self) -> None:
        """One random act."""
        acts = (self._pay, self._reverse, self._close, self._baseline, self._waive)
        await self.random.choices(acts, (7, 3, 3, 1, 1))[0]()

    async def _pay(self) -> None:
        payments = [
            NewPayment(
                loan_id=self.random.choice(self.loans),
                amount=self.random.choice(AMOUNTS),
                value_on=FIRST + timedelta(days=self.random.randint(0, 300)),
                channel=self.random.choice(("cash", "transfer", "savings_set_off", "produce")),
                captured_by="test",
            )
            for _ in range(self.random.choice((1, 1, 5)))
        ]
        async with self.world.database.unscoped() as session:
            ledger = await open_ledger(session, {payment.loan_id for payment in payments})
            outcomes = await post_in_order(session, ledger, list(enumerate(payments)))
        assert set(outcomes.values()) == {"accepted"}

    async def _reverse(self) -> None:
        async with self.world.database.unscoped() as session:
            left = await session.fetch(
                "select id from payment p where kind = 'payment' and cooperative_id = :id"
                " and not exists (select from payment r where r.reverses = p.id) order by id",
                id=self.cooperative_id,
            )
            if not left:
                return
            payment = await find_payment(session, self.random.choice(left)["id"])
            assert payment is not None
            ledger = await open_ledger(session, [payment["loan_id"]], with_history=[payment["loan_id"]])
            ledger.reverse(dict(payment), reason="test", captured_by="test")
            await ledger.store(session)

    async def _waive(self) -> None:
        async with self.world.database.unscoped() as session:
            loan_id = self.random.choice(self.loans)
            ledger = await open_ledger(session, [loan_id], with_history=[loan_id])
            waived_on = FIRST + timedelta(days=self.random.randint(1, 300))
            ledger.waive_default_interest(loan_id, waived_on, None)
            await ledger.store(session)
        self.waivers.append((loan_id, Entry(uuid7(), "waiver", waived_on)))

    async def _close(self) -> None:
        closed_on: date | None = await self.world.value(
            "select closed_on from business_day where cooperative_id = :id", id=self.cooperative_id
        )
        day = (closed_on or FIRST) + timedelta(days=self.random.randint(0, 45))
        left = True
        while left:
            async with self.world.database.unscoped() as session:
                left = (await close_cooperatives(session, [self.cooperative_id], day)).left

    async def _baseline(self) -> None:
        left = True
        while left:
            async with self.world.database.unscoped() as session:
                left = (await freeze_baseline(session, [self.cooperative_id], 2566)).left

    async def check(self) -> None:
        """Overdue debt of a closed day, by the domain from the lines posted so far, is what was booked and stated."""
        own = {"id": self.cooperative_id}
        instalments = await self.world.rows(
            "select i.*, l.opened_on from instalment i join loan l on l.id = i.loan_id where i.cooperative_id = :id",
            **own,
        )
        lines = await self.world.rows("select * from allocation where cooperative_id = :id", **own)
        movements = await self.world.rows("select * from overdue_movement where cooperative_id = :id", **own)
        closed_on = await self.world.value("select closed_on from business_day where cooperative_id = :id", **own)
        statements = {
            row["closed_on"]: BusinessDateClosed.model_validate_json(row["statement"])
            for row in await self.world.rows(
                "select closed_on, cast(statement as text) as statement from close_statement"
                " where cooperative_id = :id",
                **own,
            )
        }
        for day in sorted({*statements, *(row["posted_on"] for row in movements)}):
            if closed_on is None or day > closed_on:
                continue
            overdue = sum(
                overdue_at([_as_of(row, lines, day)], day).amount for row in instalments if row["opened_on"] <= day
            )
            assert overdue == -sum(row["amount_satang"] for row in movements if row["posted_on"] <= day), day
            if day in statements:
                stated = statements[day]
                assert stated.overdue_principal + stated.overdue_interest == overdue, day

    async def check_owed(self) -> None:
        """Every loan owes, lateness included, what it owes by the domain from its opening and all that happened."""
        loans = await self.world.rows("select * from loan where cooperative_id = :id", id=self.cooperative_id)
        for loan in loans:
            own = {"id": loan["id"]}
            payments = await self.world.rows(
                "select * from payment where loan_id = :id and kind <> 'correction'", **own
            )
            entries = [entry for loan_id, entry in self.waivers if loan_id == loan["id"]] + [
                Entry(
                    row["id"], row["kind"], row["value_on"], row["amount"], row["reverses"],
                    TRANSACTION_OF_CHANNEL[row["channel"]],
                )
                for row in payments
            ]  # fmt: skip
            rows = await self.world.rows("select * from instalment where loan_id = :id order by due_on, number", **own)
            stored = [Instalment(*(row[name] for name in Instalment._fields)) for row in rows]
            opening = [
                Instalment(
                    part.number, part.due_on, part.principal, part.interest, part.fee,
                    accrued_to=FIRST if part.due_on < FIRST else None,
                )
                for part in stored
            ]  # fmt: skip
            policy = late_policy(loan["annual_rate"])
            replayed = replay(opening, entries, date.max, policy).instalments
            for day in (FIRST + timedelta(days=nights) for nights in (300, 400)):  # on and after the last entry's day
                assert [owed(part, day, policy) for part in stored] == [owed(part, day, policy) for part in replayed]


def _as_of(row: Any, lines: Sequence[Any], day: date) -> Instalment:
    """An instalment with what was posted of it up to a day."""
    key = (row["loan_id"], row["number"])
    settled = [line for line in lines if (line["loan_id"], line["number"]) == key and line["posted_on"] <= day]
    return Instalment(
        row["number"], row["due_on"], row["principal"], row["interest"],
        paid_principal=sum(line["principal"] for line in settled),
        paid_interest=sum(line["interest"] for line in settled),
    )  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(min_value=0, max_value=2**32))
@example(seed=20624)  # a payment of an earlier open day came after one of a later open day
@example(seed=100059)  # a waiver found nothing to forgive, and then a payment before it was reversed
async def test_books_explain_every_change_on_every_day(world: World, seed: int) -> None:
    history = History(world, Random(seed))
    await history.begin()
    for _ in range(14):
        await history.act()
    await history.check()
    await history.check_owed()
    await assert_books_balance(world)
