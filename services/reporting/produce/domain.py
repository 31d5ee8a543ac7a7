"""What rows of livelihood contribute to measures."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.reporting.measures.domain import Contribution, Measure, flow

Row = Mapping[str, Any]

SETTLED_REVISION: Final = 1
"""The revision of a settlement that stands; a higher one says that its delivery was reversed: nothing was delivered."""


def is_reversed(revision: int) -> bool:
    """Whether a settlement says that its delivery was reversed; then neither of the two counts in any measure."""
    return revision > SETTLED_REVISION


def of_delivery(row: Row) -> Iterator[Contribution]:
    """The gross value of a delivery that is not reversed."""
    yield flow(row["cooperative_id"], Measure.PRODUCE_GROSS, row["delivered_on"], row["gross_satang"])


def of_settlement(row: Row) -> Iterator[Contribution]:
    """Where the value of a delivery went."""
    if is_reversed(row["revision"]):
        return
    for measure, column in (
        (Measure.PRODUCE_TO_DEBT, "debt_satang"),
        (Measure.PRODUCE_TO_SAVINGS, "savings_satang"),
        (Measure.PRODUCE_TO_MEMBERS, "paid_satang"),
    ):
        yield flow(row["cooperative_id"], measure, row["settled_on"], row[column])
