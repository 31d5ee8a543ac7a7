"""What rows of debt contribute to measures."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from services.reporting.measures.domain import Contribution, Measure, flow

Row = Mapping[str, Any]

RELEASED: Final = frozenset({"paid", "released"})
"""Resolutions of a case that count as released from debt (K14)."""

_COLLECTED: Final = {
    "cash": Measure.COLLECTED_CASH,
    "transfer": Measure.COLLECTED_CASH,
    "produce": Measure.COLLECTED_PRODUCE,
    "savings_set_off": Measure.COLLECTED_SET_OFF,
    "share_set_off": Measure.COLLECTED_SET_OFF,
}
_COHORT: Final = {
    Measure.COLLECTED_CASH: Measure.COHORT_CASH,
    Measure.COLLECTED_PRODUCE: Measure.COHORT_PRODUCE,
    Measure.COLLECTED_SET_OFF: Measure.COHORT_SET_OFF,
}
_DEDUCTIONS: Final = {
    "settled": Measure.DEDUCTIONS_SETTLED,
    "undone": Measure.DEDUCTIONS_UNDONE,
    "refused": Measure.DEDUCTIONS_REFUSED,
}


def of_posting(row: Row) -> Iterator[Contribution]:
    """A payment or reversal: its amount by kind and by channel, and the overdue debt it took away or gave back."""
    cooperative_id, posted_on = row["cooperative_id"], row["posted_on"]
    by_kind = Measure.PAYMENTS if row["kind"] == "payment" else Measure.REVERSALS
    by_channel = _COLLECTED[row["channel"]]
    yield flow(cooperative_id, by_kind, posted_on, row["amount_satang"])
    yield flow(cooperative_id, by_channel, posted_on, row["amount_satang"])
    yield flow(cooperative_id, Measure.OVERDUE_REDUCED, posted_on, row["overdue_reduced_satang"])
    for cohort in row["cohorts"]:
        # A cohort's part belongs to the cohort's year, whatever year the posting lies in.
        yield Contribution(
            cooperative_id,
            cohort["fiscal_year_be"],
            _COHORT[by_channel],
            posted_on,
            cohort["overdue_reduced_satang"],
        )


def of_waiver(row: Row) -> Iterator[Contribution]:
    """Default interest waived."""
    yield flow(row["cooperative_id"], Measure.DEFAULT_INTEREST_WAIVED, row["posted_on"], row["default_interest_satang"])


def of_deduction(row: Row) -> Iterator[Contribution]:
    """The answer to a deduction that was asked for."""
    yield flow(row["cooperative_id"], _DEDUCTIONS[row["outcome"]], row["posted_on"], row["applied_satang"])


def of_case(row: Row) -> Iterator[Contribution]:
    """A case counts in its own fiscal year from the day it was opened; its release in the year of that day."""
    yield Contribution(row["cooperative_id"], row["fiscal_year_be"], Measure.CASES_OPENED, row["opened_on"], 0)
    if row["resolution"] in RELEASED and row["resolved_on"] is not None:
        yield flow(row["cooperative_id"], Measure.CASES_RELEASED, row["resolved_on"])


def of_plan(row: Row) -> Iterable[Contribution]:
    """A signed plan, and the overdue debt it covers."""
    signed_on: date | None = row["signed_on"]
    if signed_on is None:
        return ()
    return (flow(row["cooperative_id"], Measure.PLANS_SIGNED, signed_on, row["overdue_covered_satang"]),)
