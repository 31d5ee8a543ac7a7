"""What literacy's events change in the read model."""

from collections.abc import Sequence

from services.reporting.changes import Changes
from services.reporting.learning.domain import (
    course_member,
    of_assessments,
    of_attendance,
    of_ledger_month,
    of_savings_pledge,
)
from services.reporting.learning.repository import assessments_of
from services.reporting.measures.repository import store_facts, store_revisions, store_states
from services.reporting.participation.domain import entry_of_ledger_month
from shared.chassis.database import WriteSession
from shared.chassis.events import Received
from shared.contracts.literacy import (
    AssessmentScored,
    LedgerMonthRecorded,
    SavingsPledgeRecorded,
    SessionAttended,
)


async def store_attendances(session: WriteSession, received: Sequence[Received[SessionAttended]]) -> Changes:
    """Attendances, once each."""
    rows = [
        {
            "fact_id": item.event.attendance_id,
            "session_id": item.event.session_id,
            "course_id": item.event.course_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "attended_on": item.event.attended_on,
        }
        for item in received
    ]
    return Changes(await store_facts(session, "attendance", rows, of_attendance))


async def store_assessments(session: WriteSession, received: Sequence[Received[AssessmentScored]]) -> Changes:
    """Tests, and the gains of the pairs they belong to.

    All tests of a member come by one partition, so nobody else changes these pairs meanwhile.
    """
    rows = [
        {
            "id": item.event.assessment_id,
            "course_id": item.event.course_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "phase": item.event.phase,
            "score": item.event.score,
            "scored_on": item.event.scored_on,
            "revision": item.event.revision,
        }
        for item in received
    ]
    pairs = {course_member(row) for row in rows}
    before = await assessments_of(session, pairs)
    await store_revisions(session, "assessment", rows, lambda _row: ())
    after = await assessments_of(session, pairs)
    return Changes([*(item.taken_back() for item in of_assessments(before)), *of_assessments(after)])


async def store_ledger_months(session: WriteSession, received: Sequence[Received[LedgerMonthRecorded]]) -> Changes:
    """Months of household accounts."""
    rows = [
        {
            "id": item.event.ledger_month_id,
            "household_account_id": item.event.household_account_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "household_id": item.event.household_id,
            "month": item.event.month.replace(day=1),
            "status": item.event.status,
            "closed_on": item.event.closed_on,
            "farm_income_satang": item.event.totals.farm_income,
            "farm_cost_satang": item.event.totals.farm_cost,
            "nonfarm_income_satang": item.event.totals.nonfarm_income,
            "food_satang": item.event.totals.food,
            "other_consumption_satang": item.event.totals.other_consumption,
            "debt_service_satang": item.event.totals.debt_service,
            "saving_satang": item.event.totals.saving,
            **item.guard(),
        }
        for item in received
    ]
    written, contributions = await store_states(session, "ledger_month", rows, of_ledger_month)
    return Changes(contributions, [entry_of_ledger_month(row) for row in written])


async def store_savings_pledges(session: WriteSession, received: Sequence[Received[SavingsPledgeRecorded]]) -> Changes:
    """Pledges to save."""
    rows = [
        {
            "id": item.event.savings_pledge_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "amount_per_month_satang": item.event.amount_per_month,
            "starts_on": item.event.starts_on,
            "ends_on": item.event.ends_on,
            "status": item.event.status,
            **item.guard(),
        }
        for item in received
    ]
    _, contributions = await store_states(session, "savings_pledge", rows, of_savings_pledge)
    return Changes(contributions)
