"""The one way money moves on a loan: every payment, reversal and waiver goes through a :class:`Ledger`.

A ledger is opened over some loans, which are locked; postings are worked out in memory by the domain's rules and
stored together, so a file of payments costs a few statements a chunk. Receipts are held before the business day, and
that before the loans.

A posting dated before what is already posted, and every reversal, computes the loan again from its opening position.
What then differs from the books is booked in the open day, as lines of the new posting: flows of closed days never
move. A payment of a later open day is moved on its own day, by a correction, so that the books of every day are those
of the payments posted up to it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.debt.business_days.domain import posting_date
from services.debt.business_days.repository import share_days
from services.debt.closing.domain import class_table, classify, overdue_at
from services.debt.errors import LoanNotFound, PaymentAlreadyReversed, PaymentInvalid
from services.debt.loans import repository as loans_repository
from services.debt.loans.domain import Instalment
from services.debt.loans.events import loan_recorded
from services.debt.loans.schedules.allocation import TransactionType
from services.debt.payments import repository
from services.debt.payments.domain import (
    Entry,
    LatePolicy,
    Line,
    Parts,
    Replay,
    allocate,
    late_policy,
    overdue_reduced,
    replay,
    total_owed,
    waive_default_interest,
)
from services.debt.payments.events import payment_event, waiver_event
from shared.chassis import outbox
from shared.chassis.database import WriteSession
from shared.kernel.errors import FieldProblem
from shared.kernel.identifiers import uuid7

PART_OF_CHANNEL: Mapping[str, str] = {
    "cash": "cash",
    "transfer": "cash",
    "produce": "produce",
    "savings_set_off": "set_off",
    "share_set_off": "set_off",
}
"""Which part of the change of overdue debt a channel counts in."""

TRANSACTION_OF_CHANNEL: Mapping[str, TransactionType] = {
    "cash": "payment",
    "transfer": "payment",
    "produce": "produce_deduction",
    "savings_set_off": "set_off",
    "share_set_off": "set_off",
}
"""What a channel is in the table of orders of allocation."""


@dataclass(frozen=True, slots=True)
class NewPayment:
    """Money received for a loan. `amount` in satang; `value_on` is the day it counts from."""

    loan_id: UUID
    amount: int
    value_on: date
    channel: str
    captured_by: str
    receipt_number: str | None = None
    delivery_id: UUID | None = None


@dataclass(slots=True)
class History:
    """What is booked on a loan: its entries, when and how each was posted, and what each settled."""

    entries: list[Entry] = field(default_factory=list)
    posted: dict[UUID, tuple[date, str]] = field(default_factory=dict)
    lines: dict[UUID, dict[int, Line]] = field(default_factory=dict)
    waived: dict[UUID, int] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """A locked loan with its instalments, as they stand after the postings made so far."""

    loan: dict[str, Any]
    instalments: list[Instalment]
    closed_on: date | None
    policy: LatePolicy
    cohorts: list[tuple[int, date]]
    history: History | None = None
    stored: dict[int, Instalment] = field(default_factory=dict)
    changed: bool = False

    def opening(self) -> list[Instalment]:
        """The instalments as the loan entered the ledger: late interest on what was overdue counts from there."""
        cut_over_on: date = self.loan["cut_over_on"]
        return [
            Instalment(
                part.number, part.due_on, part.principal, part.interest, part.fee,
                accrued_to=cut_over_on if part.due_on < cut_over_on else None,
            )
            for part in self.instalments
        ]  # fmt: skip

    def is_back_dated(self, value_on: date) -> bool:
        """Whether something with a later value date is booked already."""
        last: date | None = self.loan["last_value_on"]
        return last is not None and value_on < last

    def restate(self, posted_on: date) -> None:
        """Bring the loan's own figures in line with its instalments."""
        loan = self.loan
        as_of = max(loan["as_of"], posted_on)
        overdue = overdue_at(self.instalments, as_of)
        loan["as_of"] = as_of
        loan["outstanding_principal"] = sum(part.unpaid_principal for part in self.instalments)
        loan["overdue_principal"], loan["overdue_interest"] = overdue.principal, overdue.interest
        loan["oldest_unpaid_due_on"] = overdue.oldest_due_on
        loan["loan_class"] = classify(overdue.oldest_due_on, as_of, class_table(as_of))
        loan["status"] = "active" if total_owed(self.instalments, as_of, self.policy).amount else "closed"
        self.changed = True


class _Posted(NamedTuple):
    """What a posting does to the books of one loan: lines by payment, and amounts by waiver."""

    lines: list[tuple[UUID, Line]]
    waivers: list[tuple[UUID, int]]


class Ledger:
    """Locked loans, and the postings made on them. Nothing reaches the database before :meth:`store`."""

    def __init__(self, accounts: Mapping[UUID, Account]) -> None:
        self.accounts = accounts
        self._payments: list[dict[str, Any]] = []
        self._lines: list[tuple[Any, ...]] = []
        self._movements: list[tuple[Any, ...]] = []
        self._waivers: list[dict[str, Any]] = []
        self._cohort_parts: dict[UUID, list[int]] = {}

    def account(self, loan_id: UUID) -> Account:
        """A loan of this ledger; raises LoanNotFound."""
        if loan_id not in self.accounts:
            raise LoanNotFound
        return self.accounts[loan_id]

    def post(self, payment: NewPayment) -> dict[str, Any]:
        """Post a payment and return its row.

        Raises:
            PaymentInvalid: an amount that is not positive, or a value date before the loan's opening position.
            LoanNotFound: the loan is not in this ledger.
        """
        account = self.account(payment.loan_id)
        _check_value_date(account, payment.value_on)
        payment_id = uuid7()
        transaction = TRANSACTION_OF_CHANNEL[payment.channel]
        entry = Entry(payment_id, "payment", payment.value_on, payment.amount, transaction=transaction)
        back_dated = account.is_back_dated(payment.value_on)
        posted = self._replay(account, entry) if back_dated else _append(account, entry)
        return self._book(
            account,
            posted,
            {
                "id": payment_id,
                "kind": "payment",
                "reverses": None,
                "corrects": None,
                "channel": payment.channel,
                "receipt_number": payment.receipt_number,
                "delivery_id": payment.delivery_id,
                "amount": payment.amount,
                "value_on": payment.value_on,
                "reason": None,
                "captured_by": payment.captured_by,
            },
        )

    def reverse(self, payment: Mapping[str, Any], *, reason: str, captured_by: str) -> dict[str, Any]:
        """Undo a payment of a loan in this ledger, as if it had never been; returns the reversal's row.

        Raises:
            PaymentAlreadyReversed: it was undone before.
        """
        account = self.account(payment["loan_id"])
        history = history_of(account)
        if any(entry.reverses == payment["id"] for entry in history.entries):
            raise PaymentAlreadyReversed
        reversal_id = uuid7()
        entry = Entry(reversal_id, "reversal", payment["value_on"], reverses=payment["id"])
        return self._book(
            account,
            self._replay(account, entry),
            {
                "id": reversal_id,
                "kind": "reversal",
                "reverses": payment["id"],
                "corrects": None,
                "channel": payment["channel"],
                "receipt_number": payment["receipt_number"],
                "delivery_id": payment["delivery_id"],
                "amount": -payment["amount"],
                "value_on": payment["value_on"],
                "reason": reason,
                "captured_by": captured_by,
            },
        )

    def waive_default_interest(self, loan_id: UUID, value_on: date, plan_id: UUID | None) -> int:
        """Waive the default interest accrued and unpaid on a day; returns the amount, 0 if there is none."""
        account = self.account(loan_id)
        waiver_id = uuid7()
        entry = Entry(waiver_id, "waiver", value_on)
        last: date | None = account.loan["last_value_on"]
        posted_on = posting_date(value_on, account.closed_on)
        if last is not None and value_on <= last:
            posted = self._replay(account, entry)
        else:
            amount, account.instalments = waive_default_interest(account.instalments, value_on, account.policy)
            posted = _Posted([], [(waiver_id, amount)])
            if account.history is not None:
                account.history.entries.append(entry)
                account.history.waived[waiver_id] = amount
        # One of nothing is booked too: a payment that is reversed later leaves default interest for it to forgive.
        waivers = {waiver_id: 0, **dict(posted.waivers)}
        self._note(account, waiver_id, posted_on, "")
        self._book_corrections(account, posted.lines, posted_on)
        self._book_waivers(account, waivers.items(), posted_on, entry, plan_id)
        account.loan["last_value_on"] = value_on if last is None else max(last, value_on)
        account.restate(posted_on)
        return waivers[waiver_id]

    async def store(self, session: WriteSession) -> None:
        """Write everything back, set by set, and publish it."""
        changed = [account for account in self.accounts.values() if account.changed]
        if not changed:
            return
        for account in changed:
            account.loan["version"] += 1
        await repository.insert_postings(session, self._payments, self._lines, self._movements, self._waivers)
        reversed_ids = [row["reverses"] for row in self._payments if row["kind"] == "reversal"]
        if reversed_ids:
            await repository.mark_reversed(session, reversed_ids)
        await repository.update_instalments(
            session,
            [
                (account.loan["id"], part)
                for account in changed
                for part in account.instalments
                if account.stored[part.number] != part
            ],
        )
        await repository.update_loans(session, [account.loan for account in changed])
        await outbox.add_many(
            session,
            [
                *(payment_event(row, self._cohort_parts[row["id"]]) for row in self._payments),
                *(waiver_event(row) for row in self._waivers),
                *(loan_recorded(account.loan) for account in changed),
            ],
        )

    def _replay(self, account: Account, entry: Entry) -> _Posted:
        """Compute the loan again with one more entry; what differs from the books is what to book."""
        history = history_of(account)
        entries = [*history.entries, entry]
        replayed = replay(account.opening(), entries, date.max, account.policy)
        lines = list(_line_differences(history.lines, replayed))
        waivers = [
            (waiver_id, difference)
            for waiver_id in {**history.waived, **replayed.waivers}
            if (difference := replayed.waivers.get(waiver_id, 0) - history.waived.get(waiver_id, 0))
        ]
        account.instalments = replayed.instalments
        history.entries = entries
        history.lines = {
            payment_id: {line.number: line for line in allocation.lines}
            for payment_id, allocation in replayed.payments.items()
        }
        history.waived = dict(replayed.waivers)
        return _Posted(lines, waivers)

    def _book(self, account: Account, posted: _Posted, row: dict[str, Any]) -> dict[str, Any]:
        """Book a payment or a reversal with everything it moves."""
        loan = account.loan
        posted_on = posting_date(row["value_on"], account.closed_on)
        own = {row["id"], row["reverses"]}
        at_once: list[tuple[UUID, Line]] = []
        later: list[tuple[UUID, Line]] = []
        for payment_id, line in posted.lines:
            is_later = payment_id not in own and _posted_on(account, payment_id) > posted_on
            (later if is_later else at_once).append((payment_id, line))
        self._note(account, row["id"], posted_on, row["channel"])
        self._book_row(account, row, at_once, posted_on)
        self._book_corrections(account, later, posted_on)
        self._book_waivers(account, posted.waivers, posted_on, None, None)
        if row["kind"] == "payment":
            last: date | None = loan["last_value_on"]
            loan["last_value_on"] = row["value_on"] if last is None else max(last, row["value_on"])
        account.restate(posted_on)
        return row

    def _book_corrections(self, account: Account, lines: Iterable[tuple[UUID, Line]], posted_on: date) -> None:
        """Payments that a posting moves without being part of it: each on the later of the two days."""
        by_payment: dict[UUID, list[tuple[UUID, Line]]] = {}
        for payment_id, line in lines:
            by_payment.setdefault(payment_id, []).append((payment_id, line))
        for payment_id, moved in by_payment.items():
            its_day, channel = history_of(account).posted[payment_id]
            day = max(posted_on, its_day)
            row = {
                "id": uuid7(),
                "kind": "correction",
                "reverses": None,
                "corrects": payment_id,
                "channel": channel,
                "receipt_number": None,
                "delivery_id": None,
                "amount": 0,
                "value_on": day,
                "reason": None,
                "captured_by": "ledger",
            }
            self._book_row(account, row, moved, day)
            account.restate(day)

    def _book_row(
        self, account: Account, row: dict[str, Any], lines: Sequence[tuple[UUID, Line]], posted_on: date
    ) -> None:
        """Keep a posting with its lines, and book what they take from overdue debt."""
        loan = account.loan
        for payment_id, line in lines:
            self._lines.append((row["id"], payment_id, loan["id"], loan["cooperative_id"], posted_on, *line))
        reduced = overdue_reduced((line for _, line in lines), account.instalments, posted_on)
        if reduced:
            part = PART_OF_CHANNEL[row["channel"]]
            self._movements.append((loan["id"], loan["cooperative_id"], posted_on, part, reduced, row["id"]))
        parts = _parts_of(lines, row["amount"])
        loan["excess"] += parts.excess
        row |= {
            "cooperative_id": loan["cooperative_id"],
            "loan_id": loan["id"],
            "member_id": loan["member_id"],
            "posted_on": posted_on,
            "overdue_reduced": reduced,
            **parts._asdict(),
        }
        self._payments.append(row)
        self._cohort_parts[row["id"]] = [year for year, baseline_on in account.cohorts if baseline_on < posted_on]

    def _book_waivers(
        self,
        account: Account,
        waivers: Iterable[tuple[UUID, int]],
        posted_on: date,
        new: Entry | None,
        plan_id: UUID | None,
    ) -> None:
        """A new waiver under its own id; a change of an older one as a correction of it."""
        for waiver_id, amount in waivers:
            is_new = new is not None and waiver_id == new.entry_id
            day = posted_on if is_new else max(posted_on, _posted_on(account, waiver_id))
            self._waivers.append(
                {
                    "id": waiver_id if is_new else uuid7(),
                    "cooperative_id": account.loan["cooperative_id"],
                    "loan_id": account.loan["id"],
                    "member_id": account.loan["member_id"],
                    "plan_id": plan_id if is_new else None,
                    "corrects": None if is_new else waiver_id,
                    "value_on": new.value_on if is_new and new is not None else day,
                    "posted_on": day,
                    "default_interest": amount,
                }
            )

    def _note(self, account: Account, entry_id: UUID, posted_on: date, channel: str) -> None:
        if account.history is not None:
            account.history.posted[entry_id] = (posted_on, channel)


async def open_ledger(
    session: WriteSession, loan_ids: Collection[UUID], *, with_history: Collection[UUID] = ()
) -> Ledger:
    """Lock the days and the loans, and load what postings on them need.

    `with_history` names the loans of which something is to be reversed; back-dated payments load theirs by
    :func:`load_histories` once the ledger is open. Loans out of reach are left out.
    """
    found = await loans_repository.find_loans(session, loan_ids)
    closed = await share_days(session, {row["cooperative_id"] for row in found.values()})
    rows = await loans_repository.lock_loans(session, found)
    instalments = await loans_repository.instalments_of_loans(session, found)
    cohorts = await loans_repository.cohorts_of_loans(session, found)
    accounts = {}
    for row in rows:
        parts = instalments[row["id"]]
        accounts[row["id"]] = Account(
            loan=dict(row),
            instalments=parts,
            closed_on=closed[row["cooperative_id"]],
            policy=late_policy(row["annual_rate"]),
            cohorts=cohorts.get(row["id"], []),
            stored={part.number: part for part in parts},
        )
    ledger = Ledger(accounts)
    await load_histories(session, ledger, [loan_id for loan_id in with_history if loan_id in accounts])
    return ledger


async def load_histories(session: WriteSession, ledger: Ledger, loan_ids: Collection[UUID]) -> None:
    """Load what is booked on these loans of the ledger, before anything is posted on them."""
    wanted = {loan_id for loan_id in loan_ids if ledger.accounts[loan_id].history is None}
    if not wanted:
        return
    histories: dict[UUID, History] = {loan_id: History() for loan_id in wanted}
    for row in await repository.entries_of_loans(session, wanted):
        history = histories[row["loan_id"]]
        transaction = TRANSACTION_OF_CHANNEL.get(row["channel"], "payment")  # a waiver came by no channel
        history.entries.append(
            Entry(row["id"], row["kind"], row["value_on"], row["amount"], row["reverses"], transaction)
        )
        history.posted[row["id"]] = (row["posted_on"], row["channel"])
    for row in await repository.booked_lines(session, wanted):
        line = Line(*(row[name] for name in Line._fields))
        histories[row["loan_id"]].lines.setdefault(row["payment_id"], {})[line.number] = line
    for row in await repository.booked_waivers(session, wanted):
        histories[row["loan_id"]].waived[row["id"]] = row["default_interest"]
    for loan_id, history in histories.items():
        ledger.accounts[loan_id].history = history


def _append(account: Account, entry: Entry) -> _Posted:
    """A payment after everything that is booked: only the instalments it reaches change."""
    allocation = allocate(account.instalments, entry.amount, entry.value_on, account.policy, entry.transaction)
    account.instalments = allocation.instalments
    if account.history is not None:
        account.history.entries.append(entry)
        account.history.lines[entry.entry_id] = {line.number: line for line in allocation.lines}
    return _Posted([(entry.entry_id, line) for line in allocation.lines], [])


def history_of(account: Account) -> History:
    """What is booked on a loan; raises LookupError where nobody has loaded it."""
    if account.history is None:
        raise LookupError("a posting that replays a loan needs its history: open the ledger with it")
    return account.history


def _check_value_date(account: Account, value_on: date) -> None:
    if value_on < account.loan["cut_over_on"]:
        raise PaymentInvalid(
            f"the value date lies before the opening position of {account.loan['cut_over_on']}",
            f"วันที่มีผลอยู่ก่อนวันที่ยกยอด {account.loan['cut_over_on']}",
            [FieldProblem("value_on", "before_opening", "lies before the opening position", "อยู่ก่อนวันที่ยกยอด")],
        )


def _line_differences(booked: Mapping[UUID, Mapping[int, Line]], replayed: Replay) -> Iterable[tuple[UUID, Line]]:
    """Per payment and instalment, what the replay settles less what is booked."""
    for payment_id in {**booked, **replayed.payments}:
        before = booked.get(payment_id, {})
        allocation = replayed.payments.get(payment_id)
        after = {line.number: line for line in allocation.lines} if allocation is not None else {}
        for number in {**before, **after}:
            nothing = Line(number, 0, 0, 0, 0, 0)
            old, new = before.get(number, nothing), after.get(number, nothing)
            if old != new:
                yield payment_id, Line(number, *(mine - theirs for mine, theirs in zip(new[1:], old[1:], strict=True)))


def _parts_of(lines: Iterable[tuple[UUID, Line]], amount: int) -> Parts:
    """The sums of lines; what they do not settle of the amount is excess."""
    fee = default_interest = late_interest = interest = principal = 0
    for _, line in lines:
        fee += line.fee
        default_interest += line.default_interest
        late_interest += line.late_interest
        interest += line.interest
        principal += line.principal
    settled = fee + default_interest + late_interest + interest + principal
    return Parts(fee, default_interest, late_interest, interest, principal, amount - settled)


def _posted_on(account: Account, entry_id: UUID) -> date:
    return history_of(account).posted[entry_id][0]
