"""Events of the debt service: what is owed, what was paid, and what the close of a day states."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from shared.chassis.events import Event, EventPart, Topic
from shared.contracts import topics
from shared.kernel.money import Money

LoanClass = Literal["normal", "substandard", "doubtful", "doubtful_loss", "loss"]
Channel = Literal["cash", "transfer", "produce", "savings_set_off", "share_set_off"]


class LoanRecorded(Event):
    """A loan's balances after the transaction, due date or class change that alters them.

    overdue_principal and overdue_interest are those at `effective_on`; days past due are derived by the reader.
    """

    topic: ClassVar[Topic] = topics.LOAN
    type: ClassVar[str] = "plodnee.debt.loan.recorded.v1"
    key_field: ClassVar[str] = "loan_id"

    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    disbursed_on: date
    principal: Money
    annual_rate: Decimal
    outstanding_principal: Money
    overdue_principal: Money
    overdue_interest: Money
    oldest_unpaid_due_on: date | None
    loan_class: LoanClass
    status: Literal["active", "closed"]


class CaseRecorded(Event):
    topic: ClassVar[Topic] = topics.CASE
    type: ClassVar[str] = "plodnee.debt.case.recorded.v1"
    key_field: ClassVar[str] = "case_id"

    case_id: UUID
    cooperative_id: UUID
    member_id: UUID
    fiscal_year_be: int
    stage: str
    segment: str | None
    dsr: Decimal | None
    dscr: Decimal | None
    residual_ratio: Decimal | None
    overdue_at_opening: Money
    opened_on: date
    resolved_on: date | None
    resolution: Literal["paid", "reduced", "released"] | None


class PlanRecorded(Event):
    topic: ClassVar[Topic] = topics.PLAN
    type: ClassVar[str] = "plodnee.debt.plan.recorded.v1"
    key_field: ClassVar[str] = "plan_id"

    plan_id: UUID
    case_id: UUID
    cooperative_id: UUID
    member_id: UUID
    status: Literal["proposed", "approved", "accepted", "in_force", "completed", "breached", "rejected", "withdrawn"]
    standing: Literal["on_track", "at_risk", "breached"] | None
    measures: tuple[str, ...]  # codes of the measures' catalogue, e.g. PRODUCE_DEDUCTION, PENALTY_WAIVE
    deduction_share: Decimal  # part of a delivery's gross that pays the debt, 0 to 0.50
    overdue_covered: Money
    default_interest_waived: Money
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None


class CohortPart(EventPart):
    """How much of a fiscal year's cohort overdue a posting takes away (or, negative, gives back)."""

    fiscal_year_be: int
    overdue_reduced: Money


class _Posting(Event):
    """What a posting did to a loan; amounts are negative in a reversal."""

    topic: ClassVar[Topic] = topics.PAYMENT
    key_field: ClassVar[str] = "loan_id"

    payment_id: UUID
    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    posted_on: date
    value_on: date
    channel: Channel
    amount: Money
    fee: Money
    default_interest: Money
    late_interest: Money
    interest: Money
    principal: Money
    excess: Money
    overdue_reduced: Money
    cohorts: tuple[CohortPart, ...]
    delivery_id: UUID | None = None


class PaymentPosted(_Posting):
    type: ClassVar[str] = "plodnee.debt.payment.posted.v1"


class PaymentReversed(_Posting):
    """The undoing of payment_id: the same figures with the other sign, posted on a day of its own."""

    type: ClassVar[str] = "plodnee.debt.payment.reversed.v1"

    reversal_id: UUID


class WaiverBooked(Event):
    topic: ClassVar[Topic] = topics.PAYMENT
    type: ClassVar[str] = "plodnee.debt.waiver.booked.v1"
    key_field: ClassVar[str] = "loan_id"

    waiver_id: UUID
    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    plan_id: UUID | None
    posted_on: date
    default_interest: Money


class DeductionSettled(Event):
    """applied went to overdue instalments, returned goes to the member; applied + returned = what was asked for."""

    topic: ClassVar[Topic] = topics.DEDUCTION
    type: ClassVar[str] = "plodnee.debt.deduction.settled.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    applied: Money
    returned: Money
    posted_on: date


class DeductionRefused(Event):
    """Nothing was applied: the whole amount asked for goes to the member."""

    topic: ClassVar[Topic] = topics.DEDUCTION
    type: ClassVar[str] = "plodnee.debt.deduction.refused.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    reason: Literal["no_plan_in_force", "nothing_overdue", "reversed_before", "unknown_member"]
    refused_on: date


class DeductionUndone(Event):
    """The answer to a reversal: undone is what had been applied and is now owed again (0 if nothing had been)."""

    topic: ClassVar[Topic] = topics.DEDUCTION
    type: ClassVar[str] = "plodnee.debt.deduction.undone.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    undone: Money
    posted_on: date


class PartsOfChange(EventPart):
    """What took overdue debt away (positive) or added to it (negative) since the baseline; their sum is the change."""

    cash: Money = 0  # cash and transfer
    produce: Money = 0
    set_off: Money = 0
    waived: Money = 0
    written_off: Money = 0
    rescheduled: Money = 0
    left_cohort: Money = 0
    newly_overdue: Money = 0


class BaselineRecorded(Event):
    """The cohort of one co-operative, frozen by loan id as of t0 (30 September before the fiscal year)."""

    topic: ClassVar[Topic] = topics.CLOSE
    type: ClassVar[str] = "plodnee.debt.baseline.recorded.v1"
    key_field: ClassVar[str] = "cooperative_id"

    cooperative_id: UUID
    fiscal_year_be: int
    baseline_on: date
    cohort_loans: int
    cohort_members: int
    cohort_overdue: Money
    overdue_all: Money
    outstanding_all: Money  # principal of all loans
    participants: int  # members with a case of this fiscal year
    participants_debt: Money  # K01c: outstanding principal + overdue interest of participants


class CohortStanding(EventPart):
    fiscal_year_be: int
    baseline_on: date
    overdue_at_baseline: Money
    overdue: Money
    parts: PartsOfChange
    loans: int
    loans_cured: int  # cohort loans without overdue
    participants_debt_at_baseline: Money
    participants_debt: Money


class ControlTotals(EventPart):
    """Count and sum of the postings of the days this close covers (after `covers_from`, to `closed_on`)."""

    payments: int
    payments_amount: Money
    reversals: int
    reversals_amount: Money  # negative or 0
    waivers: int
    waivers_amount: Money
    deductions_settled: int
    deductions_applied: Money


class BusinessDateClosed(Event):
    """What stands at the end of a business date. All revisions are kept; the highest is what counts."""

    topic: ClassVar[Topic] = topics.CLOSE
    type: ClassVar[str] = "plodnee.debt.business_date.closed.v1"
    key_field: ClassVar[str] = "cooperative_id"

    cooperative_id: UUID
    closed_on: date
    revision: int
    covers_from: date | None  # the day after the close before; None for the first
    control: ControlTotals
    loans: int
    loans_overdue: int
    outstanding_principal: Money
    overdue_principal: Money
    overdue_interest: Money
    npl_principal: Money  # outstanding principal of loans over 90 days past due
    members_borrowing: int
    members_overdue: int
    members_overdue_with_plan: int  # of these, with a signed plan
    cases_active: int
    cohorts: tuple[CohortStanding, ...]
    cause: Literal["correction"] | None = None  # why a date is stated again


EVENTS: list[type[Event]] = [
    LoanRecorded,
    CaseRecorded,
    PlanRecorded,
    PaymentPosted,
    PaymentReversed,
    WaiverBooked,
    DeductionSettled,
    DeductionRefused,
    DeductionUndone,
    BaselineRecorded,
    BusinessDateClosed,
]
