"""Debt's side of the produce-deduction saga: each request is answered once, each reversal once, in any order.

request            settled (applied, returned) or refused (reason)
reversal           undone (what had been applied, 0 if nothing had)
reversal, request  undone (0), then refused (reversed_before)
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.business_days.domain import posting_date
from services.debt.business_days.repository import share_days
from services.debt.deductions import repository
from services.debt.deductions.domain import OverdueLoan, Past, split_deduction
from services.debt.loans.repository import active_loan_ids, lock_loans
from services.debt.payments.ledger import Account, Ledger, NewPayment, history_of, load_histories, open_ledger
from services.debt.payments.repository import payments_of_delivery
from services.debt.plans.domain import PlanState
from services.debt.plans.repository import find_plans
from services.debt.projections.repository import known_members
from shared.chassis import outbox
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.events import Received
from shared.chassis.replay import Outgoing
from shared.contracts.debt import DeductionRefused, DeductionSettled, DeductionUndone
from shared.contracts.livelihood import DeductionRequested, DeductionReversed

CAPTURED_BY = "livelihood"


@dataclass(frozen=True, slots=True)
class Deductions:
    """What a part of a batch asks for: requests, or reversals."""

    requests: Sequence[Received[DeductionRequested]] = ()
    reversals: Sequence[Received[DeductionReversed]] = ()


async def answer_deductions(session: WriteSession, asked: Sequence[Deductions]) -> None:
    """Answer all that a batch asks for, in its order."""
    if len(asked) > 1:  # one part locks its own, days before loans
        await _hold(session, asked)
    for part in asked:
        if part.requests:
            await settle_deductions(session, part.requests)
        if part.reversals:
            await undo_deductions(session, part.reversals)


async def _hold(session: WriteSession, asked: Sequence[Deductions]) -> None:
    """Lock the days and then the loans of all parts at once, each in order.

    Part by part a batch would lock them crosswise with another batch, a file of payments or a close.
    """
    requests = [item.event for part in asked for item in part.requests]
    reversals = [item.event for part in asked for item in part.reversals]
    await share_days(session, {*(one.cooperative_id for one in requests), *(one.cooperative_id for one in reversals)})
    loans = await active_loan_ids(session, [(one.member_id, one.cooperative_id) for one in requests])
    payments = await payments_of_delivery(session, [one.delivery_id for one in reversals])
    loan_ids = {*(one for found in loans.values() for one in found), *(payment["loan_id"] for payment in payments)}
    await lock_loans(session, loan_ids)


async def settle_deductions(session: WriteSession, received: Sequence[Received[DeductionRequested]]) -> None:
    """Allocate what livelihood holds to the members' overdue instalments, and answer each request."""
    requests = [item.event for item in received]
    known = await repository.find_deductions(session, [request.delivery_id for request in requests])
    fresh = {
        request.delivery_id: request
        for request in requests
        if request.delivery_id not in known or not known[request.delivery_id]["requested"]
    }
    if not fresh:
        return
    # By value date, so that no request of this batch is back-dated by another.
    ordered = sorted(fresh.values(), key=lambda request: (request.delivered_on, request.delivery_id))
    closed = await share_days(session, {request.cooperative_id for request in ordered})
    loans = await active_loan_ids(session, [(one.member_id, one.cooperative_id) for one in ordered])
    ledger = await open_ledger(session, {loan_id for found in loans.values() for loan_id in found})
    await _load_back_dated(session, ledger, ordered, loans)
    plans = await find_plans(session, {request.plan_id for request in ordered})
    members = await known_members(session, {request.member_id for request in ordered})
    new: list[Mapping[str, Any]] = []
    tombs: list[Mapping[str, Any]] = []
    events: list[Outgoing] = []
    for request in ordered:
        posted_on = posting_date(request.delivered_on, closed[request.cooperative_id])
        tomb = known.get(request.delivery_id)
        if tomb is not None:
            reason: str | None = "reversed_before"
        else:
            plan = plans.get(request.plan_id)
            reason = _refusal(request, plan, request.member_id in members)
        applied = 0
        if reason is None:
            applied = _apply(ledger, request, loans.get(request.member_id, ()), posted_on)
            reason = None if applied else "nothing_overdue"
        row = _row(request, applied, reason, posted_on)
        if tomb is None:
            new.append(row)
        else:
            tombs.append({**tomb, "requested": True, "reason": reason, "refused_on": posted_on})
        events.append(_answer(row if tomb is None else tombs[-1]))
    await ledger.store(session)
    await repository.insert_deductions(session, new)
    await repository.update_deductions(session, tombs)
    await outbox.add_many(session, events, answering=received)


async def undo_deductions(session: WriteSession, received: Sequence[Received[DeductionReversed]]) -> None:
    """Undo what was applied for deliveries that were a mistake; remember those whose request has not come yet."""
    reversals = [item.event for item in received]
    known = await repository.find_deductions(session, [one.delivery_id for one in reversals])
    fresh = {
        one.delivery_id: one
        for one in reversals
        if one.delivery_id not in known or known[one.delivery_id]["status"] != "undone"
    }
    if not fresh:
        return
    closed = await share_days(session, {one.cooperative_id for one in fresh.values()})
    payments = await payments_of_delivery(session, fresh)
    loan_ids = {payment["loan_id"] for payment in payments}
    ledger = await open_ledger(session, loan_ids, with_history=loan_ids)
    undone_on: dict[UUID, date] = {}
    for payment in payments:
        row = ledger.reverse(payment, reason="the delivery was reversed", captured_by=CAPTURED_BY)
        undone_on[payment["delivery_id"]] = row["posted_on"]  # the payments of a delivery share co-operative and day
    await ledger.store(session)
    new: list[Mapping[str, Any]] = []
    changed: list[Mapping[str, Any]] = []
    events: list[Outgoing] = []
    for delivery_id, reversal in fresh.items():
        found = known.get(delivery_id)
        # The day of the ledger's rows, so that both count in one month; without any, the reversal's own.
        posted_on = undone_on.get(delivery_id) or posting_date(reversal.reversed_on, closed[reversal.cooperative_id])
        if found is None:
            new.append(_tomb(reversal, posted_on))
        else:
            changed.append({**found, "status": "undone", "undone_on": posted_on})
        events.append(_undone((new if found is None else changed)[-1]))
    await repository.insert_deductions(session, new)
    await repository.update_deductions(session, changed)
    await outbox.add_many(session, events, answering=received)


async def _load_back_dated(
    session: WriteSession,
    ledger: Ledger,
    requests: Sequence[DeductionRequested],
    loans: Mapping[UUID, Sequence[UUID]],
) -> None:
    back_dated = {
        loan_id
        for request in requests
        for loan_id in loans.get(request.member_id, ())
        if ledger.accounts[loan_id].is_back_dated(request.delivered_on)
    }
    await load_histories(session, ledger, back_dated)


def _refusal(request: DeductionRequested, plan: Mapping[str, Any] | None, member_is_known: bool) -> str | None:
    """Why nothing can be applied, before looking at what is overdue."""
    if plan is None:
        return "no_plan_in_force" if member_is_known else "unknown_member"
    fits = plan["member_id"] == request.member_id and plan["cooperative_id"] == request.cooperative_id
    return None if fits and plan["status"] == PlanState.IN_FORCE else "no_plan_in_force"


def _apply(ledger: Ledger, request: DeductionRequested, loan_ids: Sequence[UUID], posted_on: date) -> int:
    """Post the request's shares; returns their sum. Nothing is posted before a loan's opening position."""
    accounts = [
        ledger.accounts[loan_id]
        for loan_id in loan_ids
        if ledger.accounts[loan_id].loan["cut_over_on"] <= request.delivered_on
    ]
    shares = split_deduction(
        request.amount,
        {account.loan["id"]: _overdue_loan(account, request.delivered_on) for account in accounts},
        value_on=request.delivered_on,
        posted_on=posted_on,
    )
    for loan_id, share in shares.items():
        ledger.post(
            NewPayment(
                loan_id=loan_id,
                amount=share,
                value_on=request.delivered_on,
                channel="produce",
                captured_by=CAPTURED_BY,
                delivery_id=request.delivery_id,
            )
        )
    return sum(shares.values())


def _overdue_loan(account: Account, value_on: date) -> OverdueLoan:
    past = None
    if account.is_back_dated(value_on):
        past = Past(account.opening(), history_of(account).entries)
    return OverdueLoan(account.instalments, account.policy, past)


def _row(request: DeductionRequested, applied: int, reason: str | None, posted_on: date) -> Mapping[str, Any]:
    settled = reason is None
    return {
        "delivery_id": request.delivery_id,
        "cooperative_id": request.cooperative_id,
        "member_id": request.member_id,
        "status": "settled" if settled else "refused",
        "requested": True,
        "amount": request.amount,
        "applied": applied,
        "returned": request.amount - applied,
        "reason": reason,
        "delivered_on": request.delivered_on,
        "settled_on": posted_on if settled else None,
        "refused_on": None if settled else posted_on,
        "undone_on": None,
    }


def _tomb(reversal: DeductionReversed, posted_on: date) -> Mapping[str, Any]:
    """A reversal that came before its request."""
    return {
        "delivery_id": reversal.delivery_id,
        "cooperative_id": reversal.cooperative_id,
        "member_id": reversal.member_id,
        "status": "undone",
        "requested": False,
        "amount": 0,
        "applied": 0,
        "returned": 0,
        "reason": None,
        "delivered_on": None,
        "settled_on": None,
        "refused_on": None,
        "undone_on": posted_on,
    }


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every answer: to the request, and to the reversal where there was one."""
    async for row in repository.every_deduction(session):
        if row["requested"]:
            yield _answer(row)
        if row["status"] == "undone":
            yield _undone(row)


def _answer(row: Mapping[str, Any]) -> Outgoing:
    """What is answered to the request; a request of which something was applied has a day of settlement."""
    if row["settled_on"] is not None:
        settled = DeductionSettled.model_validate({**_shared(row), "posted_on": row["settled_on"]})
        return settled, 1, row["settled_on"]
    refused = DeductionRefused.model_validate({**_shared(row), "refused_on": row["refused_on"]})
    return refused, 1, row["refused_on"]


def _undone(row: Mapping[str, Any]) -> Outgoing:
    undone = DeductionUndone.model_validate({**_shared(row), "undone": row["applied"], "posted_on": row["undone_on"]})
    return undone, 1, row["undone_on"]


def _shared(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("delivery_id", "cooperative_id", "member_id", "applied", "returned", "reason")
    return {name: row[name] for name in names}
