"""A loan's rules: its schedule, and how a loan that began elsewhere enters Plodnee's ledger. Amounts in satang.

The arithmetic of schedules lives in ``schedules/``; this module is what other capabilities import.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.debt.errors import OpeningPositionInvalid
from services.debt.loans.schedules.calendar_dates import harvest_ends
from services.debt.loans.schedules.methods import spread
from services.debt.loans.schedules.table import Schedule, ScheduleRow, build_schedule, relevel
from services.debt.loans.schedules.terms import MONTHLY, YEARLY, DayCount, Every, HarvestMonth, LoanTerms, Method
from shared.kernel.errors import FieldProblem
from shared.kernel.money import format_baht

__all__ = [
    "LOAN_PRINCIPAL_MAX",
    "DayCount",
    "Frequency",
    "HarvestMonth",
    "Instalment",
    "LoanTerms",
    "Method",
    "Schedule",
    "ScheduleRow",
    "build_schedule",
    "harvest_ends",
    "opening_instalments",
    "relevel",
    "spread",
]


LOAN_PRINCIPAL_MAX = 50_000_000_00
"""Far beyond what a co-operative lends a member. Of a larger loan the sums of late interest could become too large to
be stored, and then no payment of it could be posted."""


class Frequency(StrEnum):
    """How due dates of a stored loan follow each other."""

    MONTHLY = "monthly"
    YEARLY = "yearly"
    HARVEST = "harvest"

    @property
    def every(self) -> Every | None:
        """The distance between due dates; None where harvest months give them."""
        return {Frequency.MONTHLY: MONTHLY, Frequency.YEARLY: YEARLY}.get(self)


class Instalment(NamedTuple):
    """What falls due on one date, and what has been settled of it. Amounts in satang; never negative.

    ``late_basis`` and ``default_basis`` are exact integers: Σ overdue principal x days x millionths of a yearly rate,
    complete up to ``accrued_to`` (None: nothing has accrued since ``due_on``). The interest they stand for is rounded
    once, when it is asked for: see ``payments/domain.py``. They fit a bigint while overdue principal x days late stays
    under 6e13: ``LOAN_PRINCIPAL_MAX`` sees to that for 33 years after the cut-over.
    """

    number: int
    due_on: date
    principal: int
    interest: int
    fee: int = 0
    paid_principal: int = 0
    paid_interest: int = 0
    paid_fee: int = 0
    paid_late_interest: int = 0
    paid_default_interest: int = 0
    waived_default_interest: int = 0
    accrued_to: date | None = None
    late_basis: int = 0
    default_basis: int = 0

    @property
    def unpaid_principal(self) -> int:
        return self.principal - self.paid_principal

    @property
    def unpaid_interest(self) -> int:
        return self.interest - self.paid_interest


def opening_instalments(
    schedule: Schedule,
    cut_over_on: date,
    opening_principal: int,
    opening_interest: int,
    opening_fee: int,
    opening_overdue_principal: int,
) -> list[Instalment]:
    """The instalments of a loan that began elsewhere, from its position at the close of ``cut_over_on``.

    * Overdue principal lies on the due dates before the cut-over, filled from the latest backwards, each at most with
      its scheduled principal; what is over goes to the oldest. Without such a date: one row due the day before.
    * Interest past due is shared among the overdue rows by their principal, the residue on the last.
    * The rest of the principal falls due on the later dates, as scheduled, or levelled again where it differs. If the
      schedule has ended, it falls due on the day of the cut-over.
    * Fees lie on the first row.

    The principal of all rows is ``opening_principal`` exactly. Late interest counts from the cut-over on: what accrued
    before is part of ``opening_interest``. Numbers are those of the schedule's rows; 0 and n+1 mark the two rows that
    the schedule does not have. Raises ``OpeningPositionInvalid``.
    """
    _check_opening(schedule, opening_principal, opening_interest, opening_fee, opening_overdue_principal)
    due_on = schedule.due_on
    first_later = next((index for index, day in enumerate(due_on) if day >= cut_over_on), len(due_on))
    overdue = _overdue_rows(schedule, first_later, cut_over_on, opening_overdue_principal, opening_interest)
    interest = spread(opening_interest, [principal for _, _, principal in overdue])
    rows = [
        Instalment(number, day, principal, share, accrued_to=cut_over_on)
        for (number, day, principal), share in zip(overdue, interest, strict=True)
    ]
    rows += _later_rows(schedule, first_later, cut_over_on, opening_principal - opening_overdue_principal)
    if opening_fee:
        first = rows.pop(0) if rows else Instalment(len(due_on) + 1, cut_over_on, 0, 0)
        rows.insert(0, first._replace(fee=opening_fee))
    return rows


def _check_opening(schedule: Schedule, principal: int, interest: int, fee: int, overdue_principal: int) -> None:
    named = {
        "opening_principal": principal,
        "opening_interest": interest,
        "opening_fee": fee,
        "opening_overdue_principal": overdue_principal,
    }
    problems = [
        FieldProblem(field, "negative_amount", "must not be negative", "ต้องไม่ติดลบ")
        for field, amount in named.items()
        if amount < 0
    ]
    if schedule.terms.principal > LOAN_PRINCIPAL_MAX:
        most = format_baht(LOAN_PRINCIPAL_MAX, thousands=True)
        problems.append(
            FieldProblem("principal", "principal_too_large", f"must be {most} at most", f"ต้องไม่เกิน {most} บาท")
        )
    if principal > schedule.terms.principal:
        disbursed = format_baht(schedule.terms.principal, thousands=True)
        problems.append(
            FieldProblem(
                "opening_principal",
                "principal_mismatch",
                f"is more than the {disbursed} disbursed",
                f"มากกว่าเงินต้นตามสัญญา {disbursed}",
            )
        )
    if overdue_principal > principal:
        problems.append(
            FieldProblem(
                "opening_overdue_principal",
                "principal_mismatch",
                "is more than the outstanding principal",
                "มากกว่าเงินต้นคงเหลือ",
            )
        )
    if problems:
        raise OpeningPositionInvalid(
            f"{problems[0].field} {problems[0].message_en}", f"{problems[0].field} {problems[0].message_th}", problems
        )


def _overdue_rows(
    schedule: Schedule, first_later: int, cut_over_on: date, overdue_principal: int, interest: int
) -> list[tuple[int, date, int]]:
    """(number, due date, principal) of the overdue rows, oldest first."""
    if not overdue_principal and not interest:
        return []
    if first_later == 0:
        return [(0, cut_over_on - timedelta(days=1), overdue_principal)]
    if not overdue_principal:
        return [(first_later, schedule.due_on[first_later - 1], 0)]
    filled: list[tuple[int, date, int]] = []
    left = overdue_principal
    for index in range(first_later - 1, -1, -1):
        scheduled = schedule.principal[index]
        share = left if index == 0 else min(scheduled, left)
        if share:
            filled.append((index + 1, schedule.due_on[index], share))
            left -= share
        if not left:
            break
    filled.reverse()
    return filled


def _later_rows(schedule: Schedule, first_later: int, cut_over_on: date, rest: int) -> list[Instalment]:
    if not rest:
        return []
    if first_later == len(schedule.due_on):
        return [Instalment(first_later + 1, cut_over_on, rest, 0)]
    principal: Sequence[int] = schedule.principal[first_later:]
    interest: Sequence[int] = schedule.interest[first_later:]
    if sum(principal) != rest:
        levelled = relevel(schedule, first_later, rest)
        principal, interest = levelled.principal, levelled.interest
    return [
        Instalment(number, day, principal_due, interest_due)
        for number, (day, principal_due, interest_due) in enumerate(
            zip(schedule.due_on[first_later:], principal, interest, strict=True), start=first_later + 1
        )
        if principal_due or interest_due
    ]
