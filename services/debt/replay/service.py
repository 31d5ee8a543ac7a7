"""Debt says again what it knows: states as they are now, facts as they were."""

from collections.abc import AsyncIterator

from services.debt.cases.events import case_recorded
from services.debt.loans.events import loan_recorded
from services.debt.payments.events import payment_event, waiver_event
from services.debt.plans.events import plan_recorded
from services.debt.replay import repository
from shared.chassis.database import ReadSession
from shared.chassis.replay import Outgoing
from shared.contracts.debt import BaselineRecorded, BusinessDateClosed


async def tell_states_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every loan, case and plan."""
    async for loan in repository.every_loan(session):
        yield loan_recorded(loan)
    async for case in repository.every_case(session):
        yield case_recorded(case, case["resolved_on"] or case["opened_on"])
    async for plan in repository.every_plan(session):
        yield plan_recorded(plan, plan["signed_on"] or plan["proposed_on"])


async def tell_postings_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every payment, reversal, correction and waiver."""
    async for payment in repository.every_payment(session):
        yield payment_event(payment, payment["cohort_years"])
    async for waiver in repository.every_waiver(session):
        yield waiver_event(waiver)


async def tell_closes_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every baseline and every statement of a closed day."""
    async for baseline in repository.every_baseline(session):
        yield BaselineRecorded.model_validate(dict(baseline)), 1, baseline["baseline_on"]
    async for close in repository.every_close(session):
        yield BusinessDateClosed.model_validate_json(close["statement"]), 1, close["closed_on"]
