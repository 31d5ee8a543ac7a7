"""Use cases of plans: proposed by one person, approved by another, accepted by the member, then in force."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from services.debt.business_days.service import open_day
from services.debt.cases.domain import Stage
from services.debt.cases.repository import assessors_of_case, income_of_member
from services.debt.cases.service import lock_case, move_case
from services.debt.errors import PlanNotFound, PlanStateConflict
from services.debt.loans.repository import active_loan_ids
from services.debt.payments.ledger import Ledger, open_ledger
from services.debt.plans import repository
from services.debt.plans.domain import (
    OPEN_STATES,
    PlanState,
    accept,
    approve,
    check_signature,
    check_terms,
    plan_instalments,
    put_in_force,
    reject,
    withdraw,
)
from services.debt.plans.events import plan_recorded
from services.debt.plans.schemas import PlanCreate, PlanRead
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.concurrency import honour_match
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.kernel.identifiers import uuid7

PRODUCE_DEDUCTION = "PRODUCE_DEDUCTION"
PENALTY_WAIVE = "PENALTY_WAIVE"


async def propose_plan(session: WriteSession, caller: Caller, new: PlanCreate, if_match: str | None) -> PlanRead:
    """Propose how the overdue debt of a case is to be paid, in the months in which the household has money.

    Raises:
        CaseNotFound: no such case within reach.
        PreconditionFailed: the caller has read another version of the case.
        CaseStageConflict: the case is not assessed yet, or has ended.
        PlanStateConflict: the case has an open plan.
        PlanTermsInvalid: the terms are out of bounds, or nothing is overdue.
    """
    case, on = await lock_case(session, new.case_id)
    honour_match(if_match, case["version"])
    check_terms(new.deduction_share, new.instalments)
    if await repository.open_plan_of_case(session, case["id"], [state.value for state in OPEN_STATES]):
        raise PlanStateConflict("the case has an open plan", "รายการแก้ไขหนี้นี้มีแผนที่ยังไม่สิ้นสุด")
    covered = await repository.overdue_of_member(session, case["member_id"], case["cooperative_id"], on)
    income = await _income_by_month(session, case)
    instalments = plan_instalments(covered, on, new.instalments, income)
    measures = [PRODUCE_DEDUCTION] if new.deduction_share else []
    measures += [PENALTY_WAIVE] if new.waive_default_interest else []
    plan = {
        "id": uuid7(),
        "case_id": case["id"],
        "cooperative_id": case["cooperative_id"],
        "member_id": case["member_id"],
        "status": PlanState.PROPOSED.value,
        "standing": None,
        "measures": measures,
        "deduction_share": new.deduction_share,
        "waive_default_interest": new.waive_default_interest,
        "overdue_covered": covered,
        "default_interest_waived": 0,
        "proposed_by": caller.subject,
        "proposed_on": on,
        "approved_by": None,
        "accepted_by": None,
        "signed_on": None,
        "starts_on": None,
        "ends_on": instalments[-1].due_on,
        "version": 1,
    }
    await repository.insert_plan(session, plan, instalments)
    await move_case(session, case, Stage.PLAN_DRAFTED, on=on, actor=caller.subject, reason="a plan was proposed")
    await outbox.add_many(session, [plan_recorded(plan, on)])
    return await _read(session, plan["id"])


async def approve_plan(session: WriteSession, caller: Caller, plan_id: UUID, if_match: str | None) -> PlanRead:
    """Approve a proposed plan.

    Raises:
        PlanNotFound: no such plan within reach.
        PreconditionFailed: the caller has read another version of it.
        PlanOwnApproval: the caller proposed it or assessed the case.
        PlanStateConflict: it is not proposed.
    """
    plan, on = await _lock(session, plan_id, if_match)
    assessors = await assessors_of_case(session, plan["case_id"])
    plan["status"] = approve(
        PlanState(plan["status"]), approver=caller.subject, proposer=plan["proposed_by"], assessors=assessors
    ).value
    plan["approved_by"] = caller.subject
    return await _store(session, plan, on)


async def accept_plan(session: WriteSession, caller: Caller, plan_id: UUID, if_match: str | None) -> PlanRead:
    """The member signs an approved plan: it is in force from the open day on, and its waiver is booked.

    Raises:
        PlanNotFound: no such plan within reach.
        PreconditionFailed: the caller has read another version of it.
        PlanStateConflict: it is not approved.
        PlanTermsInvalid: its first instalment falls due by the day of the signature.
    """
    found = await repository.find_plan(session, plan_id)
    if found is None:
        raise PlanNotFound
    # Loans are locked before the plan, as everywhere: a close goes from loans to plans.
    ledger = await _ledger_of(session, found) if found["waive_default_interest"] else None
    case, on = await lock_case(session, found["case_id"])
    plan, _ = await _lock(session, plan_id, if_match)
    plan["status"] = put_in_force(accept(PlanState(plan["status"]))).value
    check_signature((await repository.instalments_of_plans(session, [plan_id]))[plan_id], on)
    plan |= {"accepted_by": caller.subject, "signed_on": on, "starts_on": on}
    if ledger is not None:
        plan["default_interest_waived"] = sum(
            ledger.waive_default_interest(loan_id, on, plan_id) for loan_id in sorted(ledger.accounts)
        )
        await ledger.store(session)
    income = await income_of_member(session, plan["member_id"], case["fiscal_year_be"])
    reason = "the plan was signed, with an occupation plan" if income else "the plan was signed without occupation plan"
    await move_case(session, case, Stage.PLAN_AGREED, Stage.IN_PROGRESS, on=on, actor=caller.subject, reason=reason)
    return await _store(session, plan, on)


async def reject_plan(session: WriteSession, caller: Caller, plan_id: UUID, if_match: str | None) -> PlanRead:
    """Reject a plan that is not signed; raises PlanNotFound, PreconditionFailed or PlanStateConflict."""
    return await _end(session, caller, plan_id, if_match, reject, "the plan was rejected")


async def withdraw_plan(session: WriteSession, caller: Caller, plan_id: UUID, if_match: str | None) -> PlanRead:
    """Withdraw a plan that is not signed; raises PlanNotFound, PreconditionFailed or PlanStateConflict."""
    return await _end(session, caller, plan_id, if_match, withdraw, "the plan was withdrawn")


async def read_plan(session: WriteSession, caller: Caller, plan_id: UUID) -> PlanRead:
    """A plan with what was promised; raises PlanNotFound."""
    plan = await _read(session, plan_id)
    await log_access(session, caller, "plan", [plan.member_id])
    return plan


async def list_plans(
    session: WriteSession,
    caller: Caller,
    page: PageRequest,
    *,
    case_id: UUID | None,
    cooperative_id: UUID | None,
    status: str | None,
) -> Page[PlanRead]:
    """Plans within reach; who was shown is logged."""
    after = page.after(UUID)
    rows = await repository.list_plans(
        session,
        case_id=case_id,
        cooperative_id=cooperative_id,
        status=status,
        after=after[0] if after else None,
        limit=page.fetch_limit,
    )
    await log_access(session, caller, "plan-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["id"],), PlanRead.of)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every plan as it is now."""
    async for plan in repository.every_plan(session):
        yield plan_recorded(plan, plan["signed_on"] or plan["proposed_on"])


async def _end(
    session: WriteSession,
    caller: Caller,
    plan_id: UUID,
    if_match: str | None,
    change: Callable[[PlanState], PlanState],
    reason: str,
) -> PlanRead:
    """End a plan that nobody has signed; its case goes back to where a plan can be drafted."""
    found = await repository.find_plan(session, plan_id)
    if found is None:
        raise PlanNotFound
    case, on = await lock_case(session, found["case_id"])
    plan, _ = await _lock(session, plan_id, if_match)
    plan["status"] = change(PlanState(plan["status"])).value
    if Stage(case["stage"]) is Stage.PLAN_DRAFTED:
        await move_case(session, case, Stage.SEGMENTED, on=on, actor=caller.subject, reason=reason)
    return await _store(session, plan, on)


async def _ledger_of(session: WriteSession, plan: Row) -> Ledger:
    """The open loans of a plan's member at the co-operative, with what is booked on them."""
    member_id: UUID = plan["member_id"]
    loans = await active_loan_ids(session, [(member_id, plan["cooperative_id"])])
    return await open_ledger(session, loans[member_id], with_history=loans[member_id])


async def _income_by_month(session: ReadSession, case: dict[str, Any]) -> dict[int, int]:
    """Expected income in satang by month of the calendar; empty where nobody knows it."""
    plan = await income_of_member(session, case["member_id"], case["fiscal_year_be"])
    by_month: dict[int, int] = {}
    for entry in orjson.loads(plan["months"]) if plan is not None else []:
        month = date.fromisoformat(entry["month"]).month
        by_month[month] = by_month.get(month, 0) + entry["income"]
    return by_month


async def _lock(session: WriteSession, plan_id: UUID, if_match: str | None) -> tuple[dict[str, Any], date]:
    """A plan, held until the transaction ends, and the open day of its co-operative."""
    found = await repository.find_plan(session, plan_id)
    if found is None:
        raise PlanNotFound
    on = await open_day(session, found["cooperative_id"])
    plan = await repository.lock_plan(session, plan_id)
    honour_match(if_match, plan["version"])
    return plan, on


async def _store(session: WriteSession, plan: dict[str, Any], on: date) -> PlanRead:
    plan["version"] += 1
    await repository.update_plans(session, [plan])
    await outbox.add_many(session, [plan_recorded(plan, on)])
    return await _read(session, plan["id"])


async def _read(session: ReadSession, plan_id: UUID) -> PlanRead:
    row = await repository.find_plan(session, plan_id)
    if row is None:
        raise PlanNotFound
    return PlanRead.of(row, (await repository.instalments_of_plans(session, [plan_id]))[plan_id])
