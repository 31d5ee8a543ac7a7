"""Events of literacy: what was learnt, what a household's account shows, what is pledged to savings."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from shared.chassis.events import Event, EventPart, Topic
from shared.contracts import topics
from shared.kernel.money import Money


class SessionAttended(Event):
    topic: ClassVar[Topic] = topics.LEARNING
    type: ClassVar[str] = "plodnee.literacy.session.attended.v1"
    key_field: ClassVar[str] = "member_id"

    attendance_id: UUID
    session_id: UUID
    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    attended_on: date


class AssessmentScored(Event):
    """A test before or after a course; score is 0 to 100. A revision replaces the score before it."""

    topic: ClassVar[Topic] = topics.LEARNING
    type: ClassVar[str] = "plodnee.literacy.assessment.scored.v1"
    key_field: ClassVar[str] = "member_id"

    assessment_id: UUID
    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    phase: Literal["pre", "post"]
    score: Decimal
    scored_on: date
    revision: int = 1


class CategoryTotals(EventPart):
    farm_income: Money = 0
    farm_cost: Money = 0
    nonfarm_income: Money = 0
    food: Money = 0
    other_consumption: Money = 0
    debt_service: Money = 0
    saving: Money = 0


class LedgerMonthRecorded(Event):
    """One month of a household's account, named by its first day."""

    topic: ClassVar[Topic] = topics.LEDGER_MONTH
    type: ClassVar[str] = "plodnee.literacy.ledger_month.recorded.v1"
    key_field: ClassVar[str] = "ledger_month_id"

    ledger_month_id: UUID
    household_account_id: UUID
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None
    month: date
    status: Literal["open", "closed"]
    closed_on: date | None
    totals: CategoryTotals


class SavingsPledgeRecorded(Event):
    topic: ClassVar[Topic] = topics.SAVINGS
    type: ClassVar[str] = "plodnee.literacy.savings_pledge.recorded.v1"
    key_field: ClassVar[str] = "savings_pledge_id"

    savings_pledge_id: UUID
    cooperative_id: UUID
    member_id: UUID
    amount_per_month: Money
    starts_on: date
    ends_on: date | None
    status: Literal["pledged", "active", "paused", "broken", "completed"]


EVENTS: list[type[Event]] = [SessionAttended, AssessmentScored, LedgerMonthRecorded, SavingsPledgeRecorded]
