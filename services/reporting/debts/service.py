"""What debt's events change in the read model, closes apart."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from services.reporting.changes import Changes
from services.reporting.debts.domain import of_case, of_deduction, of_plan, of_posting, of_waiver
from services.reporting.measures.repository import store_facts, store_states
from services.reporting.participation.domain import entry_of_case
from shared.chassis.database import WriteSession
from shared.chassis.events import Received
from shared.chassis.inbox import upsert_state
from shared.contracts.debt import (
    CaseRecorded,
    DeductionRefused,
    DeductionSettled,
    DeductionUndone,
    LoanRecorded,
    PaymentPosted,
    PaymentReversed,
    PlanRecorded,
    WaiverBooked,
)
from shared.kernel.identifiers import derived_id


async def store_loans(session: WriteSession, received: Sequence[Received[LoanRecorded]]) -> None:
    """Loans with their balances."""
    await upsert_state(
        session,
        "loan",
        [
            {
                "id": item.event.loan_id,
                "cooperative_id": item.event.cooperative_id,
                "member_id": item.event.member_id,
                "disbursed_on": item.event.disbursed_on,
                "principal_satang": item.event.principal,
                "annual_rate": item.event.annual_rate,
                "outstanding_principal_satang": item.event.outstanding_principal,
                "overdue_principal_satang": item.event.overdue_principal,
                "overdue_interest_satang": item.event.overdue_interest,
                "oldest_unpaid_due_on": item.event.oldest_unpaid_due_on,
                "loan_class": item.event.loan_class,
                "status": item.event.status,
                "effective_on": item.effective_on,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_cases(session: WriteSession, received: Sequence[Received[CaseRecorded]]) -> Changes:
    """Cases; each also makes its member a participant."""
    rows = [
        {
            "id": item.event.case_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "fiscal_year_be": item.event.fiscal_year_be,
            "stage": item.event.stage,
            "segment": item.event.segment,
            "dsr": item.event.dsr,
            "dscr": item.event.dscr,
            "residual_ratio": item.event.residual_ratio,
            "overdue_at_opening_satang": item.event.overdue_at_opening,
            "opened_on": item.event.opened_on,
            "resolved_on": item.event.resolved_on,
            "resolution": item.event.resolution,
            **item.guard(),
        }
        for item in received
    ]
    written, contributions = await store_states(session, "debt_case", rows, of_case)
    return Changes(contributions, [entry_of_case(row) for row in written])


async def store_plans(session: WriteSession, received: Sequence[Received[PlanRecorded]]) -> Changes:
    """Repayment plans."""
    rows = [
        {
            "id": item.event.plan_id,
            "case_id": item.event.case_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "status": item.event.status,
            "standing": item.event.standing,
            "measures": list(item.event.measures),
            "deduction_share": item.event.deduction_share,
            "overdue_covered_satang": item.event.overdue_covered,
            "default_interest_waived_satang": item.event.default_interest_waived,
            "signed_on": item.event.signed_on,
            "starts_on": item.event.starts_on,
            "ends_on": item.event.ends_on,
            **item.guard(),
        }
        for item in received
    ]
    _, contributions = await store_states(session, "plan", rows, of_plan)
    return Changes(contributions)


async def store_payments(session: WriteSession, received: Sequence[Received[PaymentPosted]]) -> Changes:
    """Payments, once each."""
    rows = [_posting("payment", item.event.payment_id, item.event) for item in received]
    return Changes(await store_facts(session, "posting", rows, of_posting))


async def store_reversals(session: WriteSession, received: Sequence[Received[PaymentReversed]]) -> Changes:
    """Reversals of payments, once each."""
    rows = [_posting("reversal", item.event.reversal_id, item.event) for item in received]
    return Changes(await store_facts(session, "posting", rows, of_posting))


def _posting(
    kind: Literal["payment", "reversal"], fact_id: UUID, event: PaymentPosted | PaymentReversed
) -> dict[str, Any]:
    return {
        "fact_id": fact_id,
        "kind": kind,
        "payment_id": event.payment_id,
        "loan_id": event.loan_id,
        "cooperative_id": event.cooperative_id,
        "member_id": event.member_id,
        "posted_on": event.posted_on,
        "value_on": event.value_on,
        "channel": event.channel,
        "amount_satang": event.amount,
        "fee_satang": event.fee,
        "default_interest_satang": event.default_interest,
        "late_interest_satang": event.late_interest,
        "interest_satang": event.interest,
        "principal_satang": event.principal,
        "excess_satang": event.excess,
        "overdue_reduced_satang": event.overdue_reduced,
        "cohorts": [
            {"fiscal_year_be": part.fiscal_year_be, "overdue_reduced_satang": part.overdue_reduced}
            for part in event.cohorts
        ],
        "delivery_id": event.delivery_id,
    }


async def store_waivers(session: WriteSession, received: Sequence[Received[WaiverBooked]]) -> Changes:
    """Waivers of default interest, once each."""
    rows = [
        {
            "fact_id": item.event.waiver_id,
            "loan_id": item.event.loan_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "plan_id": item.event.plan_id,
            "posted_on": item.event.posted_on,
            "default_interest_satang": item.event.default_interest,
        }
        for item in received
    ]
    return Changes(await store_facts(session, "waiver", rows, of_waiver))


async def store_settled_deductions(session: WriteSession, received: Sequence[Received[DeductionSettled]]) -> Changes:
    """Deductions that went into debt."""
    rows = [
        _deduction("settled", item.event, None, item.event.applied, item.event.returned)
        | {"posted_on": item.event.posted_on}
        for item in received
    ]
    return Changes(await store_facts(session, "deduction", rows, of_deduction))


async def store_refused_deductions(session: WriteSession, received: Sequence[Received[DeductionRefused]]) -> Changes:
    """Deductions of which nothing was taken."""
    rows = [
        _deduction("refused", item.event, item.event.reason, 0, 0) | {"posted_on": item.event.refused_on}
        for item in received
    ]
    return Changes(await store_facts(session, "deduction", rows, of_deduction))


async def store_undone_deductions(session: WriteSession, received: Sequence[Received[DeductionUndone]]) -> Changes:
    """Deductions whose delivery was a mistake."""
    rows = [
        _deduction("undone", item.event, None, -item.event.undone, 0) | {"posted_on": item.event.posted_on}
        for item in received
    ]
    return Changes(await store_facts(session, "deduction", rows, of_deduction))


def _deduction(
    outcome: str,
    event: DeductionSettled | DeductionRefused | DeductionUndone,
    reason: str | None,
    applied_satang: int,
    returned_satang: int,
) -> dict[str, Any]:
    return {
        "fact_id": derived_id("deduction", event.delivery_id, outcome),
        "delivery_id": event.delivery_id,
        "cooperative_id": event.cooperative_id,
        "member_id": event.member_id,
        "outcome": outcome,
        "reason": reason,
        "applied_satang": applied_satang,
        "returned_satang": returned_satang,
    }
