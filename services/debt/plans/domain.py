"""A repayment plan: its states, who may approve it, instalments that fall when the household has money, its standing.

    proposed ──> approved ──> accepted ──> in_force ──> completed
        ├───────────┼──> rejected              └──> breached
        └───────────┴──> withdrawn

Amounts in satang. The share of a delivery that pays the debt is agreed per plan, from 10 to 50 per cent.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.debt.errors import PlanOwnApproval, PlanStateConflict, PlanTermsInvalid
from services.debt.loans.domain import HarvestMonth, harvest_ends, spread
from shared.kernel.errors import FieldProblem

DEDUCTION_SHARE_MIN = Decimal("0.10")
DEDUCTION_SHARE_MAX = Decimal("0.50")
PLAN_INSTALMENTS_MAX = 180
HARVEST_MONTHS_MAX = 4


class PlanState(StrEnum):
    """Where a plan stands between the proposal and its end."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    ACCEPTED = "accepted"
    IN_FORCE = "in_force"
    COMPLETED = "completed"
    BREACHED = "breached"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


PLAN_STATE_LABELS_TH: Mapping[PlanState, str] = {
    PlanState.PROPOSED: "เสนอแผน",
    PlanState.APPROVED: "อนุมัติแล้ว",
    PlanState.ACCEPTED: "สมาชิกตกลงแล้ว",
    PlanState.IN_FORCE: "มีผลบังคับใช้",
    PlanState.COMPLETED: "ชำระครบตามแผน",
    PlanState.BREACHED: "ผิดแผน",
    PlanState.REJECTED: "ไม่อนุมัติ",
    PlanState.WITHDRAWN: "ถอนแผน",
}

_NEXT: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.PROPOSED: frozenset({PlanState.APPROVED, PlanState.REJECTED, PlanState.WITHDRAWN}),
    # A member need not sign: until he does, the plan can be ended, or his case could never have another.
    PlanState.APPROVED: frozenset({PlanState.ACCEPTED, PlanState.REJECTED, PlanState.WITHDRAWN}),
    PlanState.ACCEPTED: frozenset({PlanState.IN_FORCE}),
    PlanState.IN_FORCE: frozenset({PlanState.COMPLETED, PlanState.BREACHED}),
    PlanState.COMPLETED: frozenset(),
    PlanState.BREACHED: frozenset(),
    PlanState.REJECTED: frozenset(),
    PlanState.WITHDRAWN: frozenset(),
}

OPEN_STATES = frozenset({PlanState.PROPOSED, PlanState.APPROVED, PlanState.ACCEPTED, PlanState.IN_FORCE})


class Standing(StrEnum):
    """How a plan in force is kept."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BREACHED = "breached"


STANDING_LABELS_TH: Mapping[Standing, str] = {
    Standing.ON_TRACK: "เป็นไปตามแผน",
    Standing.AT_RISK: "เสี่ยงผิดแผน",
    Standing.BREACHED: "ผิดแผน",
}


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """Days after a plan's due date before a shortfall is a breach. No source fixes them: an assumption."""

    effective_from: date
    grace_days: int
    source: str
    assumption: bool


PLAN_POLICIES: tuple[PlanPolicy, ...] = (
    PlanPolicy(date.min, 30, "assumed: one month, because crops are sold some weeks after harvest", True),
)


def plan_policy(on: date, policies: Sequence[PlanPolicy] = PLAN_POLICIES) -> PlanPolicy:
    """The days of grace in force on a day."""
    in_force = [policy for policy in policies if policy.effective_from <= on]
    if not in_force:
        raise LookupError(f"no days of grace are in force on {on}")
    return max(in_force, key=lambda policy: policy.effective_from)


class PlanInstalment(NamedTuple):
    """What the member promises to pay by a date."""

    number: int
    due_on: date
    amount: int


def change_state(state: PlanState, to: PlanState) -> PlanState:
    """The new state. Raises ``PlanStateConflict`` if the plan cannot go there."""
    if to not in _NEXT[state]:
        raise PlanStateConflict(
            f"a plan that is {state} cannot become {to}",
            f"แผนที่มีสถานะ “{PLAN_STATE_LABELS_TH[state]}” ไม่สามารถเปลี่ยนเป็น “{PLAN_STATE_LABELS_TH[to]}”",
        )
    return to


def approve(state: PlanState, *, approver: str, proposer: str, assessors: Collection[str]) -> PlanState:
    """Approve a plan: by somebody who neither proposed it nor assessed the case.

    Raises ``PlanStateConflict`` or ``PlanOwnApproval``. Subjects are compared as the identity provider gives them.
    """
    approved = change_state(state, PlanState.APPROVED)
    if approver == proposer:
        raise PlanOwnApproval("the approver proposed this plan", "ผู้อนุมัติเป็นผู้เสนอแผนนี้")
    if approver in assessors:
        raise PlanOwnApproval("the approver assessed this case", "ผู้อนุมัติเป็นผู้ประเมินศักยภาพของรายการนี้")
    return approved


def reject(state: PlanState) -> PlanState:
    """Reject a plan that is not signed; an approval is taken back so."""
    return change_state(state, PlanState.REJECTED)


def withdraw(state: PlanState) -> PlanState:
    """Withdraw a plan that is not signed."""
    return change_state(state, PlanState.WITHDRAWN)


def accept(state: PlanState) -> PlanState:
    """The member signs an approved plan."""
    return change_state(state, PlanState.ACCEPTED)


def check_signature(plan: Sequence[PlanInstalment], signed_on: date) -> None:
    """Raises ``PlanTermsInvalid`` if something falls due by the day of the signature.

    The dates are those of the proposal and stand on the paper that the member signs: they are not moved for him.
    """
    first = min(instalment.due_on for instalment in plan)
    if first <= signed_on:
        problem = FieldProblem(
            "instalments.0.due_on",
            "already_due",
            f"the first instalment fell due on {first}, and the plan would be signed on {signed_on}: withdraw the plan"
            " and propose it again",
            f"งวดแรกครบกำหนดวันที่ {first} แต่จะลงนามวันที่ {signed_on} ให้ถอนแผนแล้วเสนอใหม่",
        )
        raise PlanTermsInvalid(problem.message_en, problem.message_th, [problem])


def put_in_force(state: PlanState) -> PlanState:
    """A signed plan begins: its measures are booked from here on."""
    return change_state(state, PlanState.IN_FORCE)


def after_close(state: PlanState, standing: Standing, *, debt_is_settled: bool) -> PlanState:
    """The state of a plan after a close: completed when its debt is settled, breached when its standing says so."""
    if state is not PlanState.IN_FORCE:
        return state
    if debt_is_settled:
        return change_state(state, PlanState.COMPLETED)
    return change_state(state, PlanState.BREACHED) if standing is Standing.BREACHED else state


def check_terms(deduction_share: Decimal, instalments: int) -> None:
    """Raises ``PlanTermsInvalid`` naming the terms that are out of bounds. A share of 0 means no deduction."""
    problems = []
    if deduction_share and not DEDUCTION_SHARE_MIN <= deduction_share <= DEDUCTION_SHARE_MAX:
        problems.append(
            FieldProblem(
                "deduction_share",
                "out_of_range",
                f"the share lies from {DEDUCTION_SHARE_MIN} to {DEDUCTION_SHARE_MAX}, or is 0 for none",
                f"สัดส่วนหักชำระต้องอยู่ระหว่าง {DEDUCTION_SHARE_MIN} ถึง {DEDUCTION_SHARE_MAX} หรือเป็น 0 หากไม่หัก",
            )
        )
    if not 1 <= instalments <= PLAN_INSTALMENTS_MAX:
        problems.append(
            FieldProblem(
                "instalments",
                "out_of_range",
                f"the number of instalments lies from 1 to {PLAN_INSTALMENTS_MAX}",
                f"จำนวนงวดต้องอยู่ระหว่าง 1 ถึง {PLAN_INSTALMENTS_MAX}",
            )
        )
    if problems:
        raise PlanTermsInvalid(problems[0].message_en, problems[0].message_th, problems)


def harvest_months(income_by_month: Mapping[int, int]) -> tuple[HarvestMonth, ...]:
    """The months with the highest expected income, weighted by it, in order of the calendar.

    ``income_by_month`` gives satang for months 1 to 12; missing months have none. Of equal months the earlier counts.
    A household without expected income gets every month with equal weight. Raises ``PlanTermsInvalid``.
    """
    if any(month not in range(1, 13) for month in income_by_month) or any(x < 0 for x in income_by_month.values()):
        # Who proposes names a case: the income expected of its household comes from elsewhere.
        problem = FieldProblem(
            "case_id",
            "income_out_of_range",
            "the household's expected income has a month that is not 1 to 12, or is negative: correct its income plan",
            "รายได้ที่คาดของครัวเรือนมีเดือนที่ไม่ใช่ 1 ถึง 12 หรือติดลบ ให้แก้ไขแผนรายได้ของครัวเรือนก่อน",
        )
        raise PlanTermsInvalid(problem.message_en, problem.message_th, [problem])
    earning = [(income, -month) for month, income in income_by_month.items() if income > 0]
    if not earning:
        return tuple(HarvestMonth(month) for month in range(1, 13))
    best = sorted(earning, reverse=True)[:HARVEST_MONTHS_MAX]
    return tuple(sorted(HarvestMonth(-negative_month, income) for income, negative_month in best))


def plan_instalments(
    amount: int, starts_on: date, instalments: int, income_by_month: Mapping[int, int]
) -> list[PlanInstalment]:
    """``amount`` shared over the next ``instalments`` harvest months by the income expected in them.

    Each falls due on the last day of its month, the first one after ``starts_on``; shares are rounded half up and the
    last takes the residue, so the sum is ``amount`` exactly. Raises ``PlanTermsInvalid``.
    """
    check_terms(Decimal(0), instalments)
    if amount <= 0:
        problem = FieldProblem(
            "case_id",
            "nothing_overdue",
            "the case's member has nothing overdue, so there is nothing to plan: if it stays so, a close ends the case",
            "สมาชิกของรายการนี้ไม่มีหนี้ค้างชำระ จึงไม่ต้องทำแผน หากยังไม่มีหนี้ค้างเมื่อปิดวัน รายการจะสิ้นสุดเอง",
        )
        raise PlanTermsInvalid(problem.message_en, problem.message_th, [problem])
    ends = harvest_ends(harvest_months(income_by_month), starts_on, instalments)
    shares = spread(amount, [weight for _, weight in ends])
    return [
        PlanInstalment(number, day, share) for number, ((day, _), share) in enumerate(zip(ends, shares, strict=True), 1)
    ]


def scheduled_by(plan: Sequence[PlanInstalment], on: date, grace_days: int = 0) -> int:
    """What the plan wanted paid before ``on``, leaving ``grace_days`` after each due date."""
    limit = on - timedelta(days=grace_days)
    return sum(instalment.amount for instalment in plan if instalment.due_on < limit)


def standing(plan: Sequence[PlanInstalment], paid: int, on: date, policy: PlanPolicy) -> Standing:
    """How the plan stands at the close of ``on``: cumulative paid against cumulative scheduled.

    Behind what fell due before the day is at risk; behind it after the days of grace is a breach.
    """
    if paid < scheduled_by(plan, on, policy.grace_days):
        return Standing.BREACHED
    return Standing.AT_RISK if paid < scheduled_by(plan, on) else Standing.ON_TRACK
