"""What debt's baselines and closes change in the read model."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.reporting.changes import Changes
from services.reporting.closes.repository import STANDING_COHORT, insert_statements, upsert_standings
from shared.chassis.database import WriteSession
from shared.chassis.events import InvalidEvent, Received
from shared.contracts.debt import BaselineRecorded, BusinessDateClosed, CohortStanding
from shared.kernel.calendar import fiscal_year_be


async def store_baselines(session: WriteSession, received: Sequence[Received[BaselineRecorded]]) -> Changes:
    """Frozen cohorts."""
    rows = [
        {
            "cooperative_id": item.event.cooperative_id,
            "fiscal_year_be": item.event.fiscal_year_be,
            "baseline_on": item.event.baseline_on,
            "cohort_loans": item.event.cohort_loans,
            "cohort_members": item.event.cohort_members,
            "cohort_overdue_satang": item.event.cohort_overdue,
            "overdue_all_satang": item.event.overdue_all,
            "outstanding_all_satang": item.event.outstanding_all,
            "participants": item.event.participants,
            "participants_debt_satang": item.event.participants_debt,
        }
        for item in received
    ]
    await insert_statements(session, "baseline", rows, "cooperative_id, fiscal_year_be")
    return Changes(restated={(item.event.cooperative_id, item.event.fiscal_year_be) for item in received})


async def store_closes(session: WriteSession, received: Sequence[Received[BusinessDateClosed]]) -> Changes:
    """Closed business dates, every revision, with the standing of each cohort.

    Raises:
        InvalidEvent: the parts of a cohort's change do not sum to the change.
    """
    closes = [_close(item.event) for item in received]
    cohorts = [_cohort(item.event, cohort) for item in received for cohort in item.event.cohorts]
    await insert_statements(session, "close_statement", closes, "cooperative_id, closed_on, revision")
    await insert_statements(session, "close_cohort", cohorts, "cooperative_id, fiscal_year_be, closed_on, revision")
    standings = _standings(item.event for item in received)
    await upsert_standings(session, standings)
    return Changes(restated={(row["cooperative_id"], row["fiscal_year_be"]) for row in standings})


def _close(event: BusinessDateClosed) -> dict[str, Any]:
    return {
        "cooperative_id": event.cooperative_id,
        "closed_on": event.closed_on,
        "revision": event.revision,
        "covers_from": event.covers_from,
        "payments": event.control.payments,
        "payments_satang": event.control.payments_amount,
        "reversals": event.control.reversals,
        "reversals_satang": event.control.reversals_amount,
        "waivers": event.control.waivers,
        "waivers_satang": event.control.waivers_amount,
        "deductions_settled": event.control.deductions_settled,
        "deductions_applied_satang": event.control.deductions_applied,
        "loans": event.loans,
        "loans_overdue": event.loans_overdue,
        "outstanding_principal_satang": event.outstanding_principal,
        "overdue_principal_satang": event.overdue_principal,
        "overdue_interest_satang": event.overdue_interest,
        "npl_principal_satang": event.npl_principal,
        "members_borrowing": event.members_borrowing,
        "members_overdue": event.members_overdue,
        "members_overdue_with_plan": event.members_overdue_with_plan,
        "cases_active": event.cases_active,
        "cause": event.cause,
    }


def _cohort(event: BusinessDateClosed, cohort: CohortStanding) -> dict[str, Any]:
    parts = cohort.parts.model_dump()
    if sum(parts.values()) != cohort.overdue_at_baseline - cohort.overdue:
        raise InvalidEvent("the parts of the change of overdue debt do not sum to the change")
    return {
        "cooperative_id": event.cooperative_id,
        "fiscal_year_be": cohort.fiscal_year_be,
        "closed_on": event.closed_on,
        "revision": event.revision,
        "baseline_on": cohort.baseline_on,
        "overdue_at_baseline_satang": cohort.overdue_at_baseline,
        "overdue_satang": cohort.overdue,
        **{f"{name}_satang": amount for name, amount in parts.items()},
        "loans": cohort.loans,
        "loans_cured": cohort.loans_cured,
        "participants_debt_at_baseline_satang": cohort.participants_debt_at_baseline,
        "participants_debt_satang": cohort.participants_debt,
    }


def _standings(events: Iterable[BusinessDateClosed]) -> list[dict[str, Any]]:
    """The newest close of every co-operative and fiscal year among these."""
    newest: dict[tuple[UUID, int], BusinessDateClosed] = {}
    for event in sorted(events, key=lambda one: (one.closed_on, one.revision)):
        for year in {fiscal_year_be(event.closed_on), fiscal_year_be(event.closed_on + timedelta(days=1))}:
            newest[event.cooperative_id, year] = event
    return [_standing(event, year) for (_, year), event in newest.items()]


def _standing(event: BusinessDateClosed, year: int) -> dict[str, Any]:
    cohort = next((one for one in event.cohorts if one.fiscal_year_be == year), None)
    return {
        "cooperative_id": event.cooperative_id,
        "fiscal_year_be": year,
        "closed_on": event.closed_on,
        "revision": event.revision,
        "overdue_satang": event.overdue_principal + event.overdue_interest,
        "outstanding_principal_satang": event.outstanding_principal,
        "npl_principal_satang": event.npl_principal,
        "members_overdue": event.members_overdue,
        "members_overdue_with_plan": event.members_overdue_with_plan,
        **_standing_of_cohort(cohort),
    }


def _standing_of_cohort(cohort: CohortStanding | None) -> dict[str, int | None]:
    if cohort is None:
        return dict.fromkeys(STANDING_COHORT)
    return {
        "cohort_baseline_satang": cohort.overdue_at_baseline,
        "cohort_overdue_satang": cohort.overdue,
        **{f"{name}_satang": amount for name, amount in cohort.parts.model_dump().items()},
        "cohort_loans": cohort.loans,
        "cohort_loans_cured": cohort.loans_cured,
        "participants_debt_baseline_satang": cohort.participants_debt_at_baseline,
        "participants_debt_satang": cohort.participants_debt,
    }
