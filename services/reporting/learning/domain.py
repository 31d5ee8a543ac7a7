"""What rows of literacy contribute to measures."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

from services.reporting.measures.domain import POINT_UNITS, Contribution, Measure, flow
from shared.kernel.calendar import fiscal_year_be
from shared.kernel.money import half_up

Row: TypeAlias = Mapping[str, Any]
CourseMember: TypeAlias = tuple[UUID, UUID, UUID]
"""Course, member and co-operative: whose tests before and after are compared."""


def of_attendance(row: Row) -> Iterator[Contribution]:
    """A member in a session."""
    yield flow(row["cooperative_id"], Measure.ATTENDANCES, row["attended_on"])


def of_ledger_month(row: Row) -> Iterable[Contribution]:
    """A closed month of a household account, in the fiscal year of that month."""
    if row["status"] != "closed":
        return ()
    month: date = row["month"].replace(day=1)
    return (Contribution(row["cooperative_id"], fiscal_year_be(month), Measure.LEDGER_MONTHS_CLOSED, month, 0),)


def of_savings_pledge(row: Row) -> Iterator[Contribution]:
    """A pledge, on the day it starts."""
    yield flow(row["cooperative_id"], Measure.SAVINGS_PLEDGED, row["starts_on"], row["amount_per_month_satang"])


def course_member(row: Row) -> CourseMember:
    """Whose pair of tests an assessment belongs to."""
    return row["course_id"], row["member_id"], row["cooperative_id"]


def of_assessments(rows: Iterable[Row]) -> Iterator[Contribution]:
    """The gain of every member who was tested before and after a course (K21).

    Of several tests of one phase the last counts (by day, then id). The gain belongs to the day of the later test.
    """
    last: dict[CourseMember, dict[Literal["pre", "post"], Row]] = {}
    for row in rows:
        tests = last.setdefault(course_member(row), {})
        known = tests.get(row["phase"])
        if known is None or (known["scored_on"], str(known["id"])) < (row["scored_on"], str(row["id"])):
            tests[row["phase"]] = row
    for (_, _, cooperative_id), tests in last.items():
        if len(tests) == 2:
            before, after = tests["pre"], tests["post"]
            day = max(before["scored_on"], after["scored_on"])
            yield flow(cooperative_id, Measure.LEARNING_GAIN, day, _units(after["score"] - before["score"]))


def _units(points: Decimal) -> int:
    numerator, denominator = points.as_integer_ratio()
    return half_up(numerator * POINT_UNITS, denominator)
