"""What rows of livelihood contribute to measures."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.reporting.measures.domain import Contribution, Measure, flow

Row = Mapping[str, Any]


def of_delivery(row: Row) -> Iterator[Contribution]:
    """The gross value of a delivery."""
    yield flow(row["cooperative_id"], Measure.PRODUCE_GROSS, row["delivered_on"], row["gross_satang"])


def of_settlement(row: Row) -> Iterator[Contribution]:
    """Where the value of a delivery went."""
    for measure, column in (
        (Measure.PRODUCE_TO_DEBT, "debt_satang"),
        (Measure.PRODUCE_TO_SAVINGS, "savings_satang"),
        (Measure.PRODUCE_TO_MEMBERS, "paid_satang"),
    ):
        yield flow(row["cooperative_id"], measure, row["settled_on"], row[column])
