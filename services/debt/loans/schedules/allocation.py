"""How a payment is shared out over rows: the order is data, keyed by asset class and transaction type.

HORIZONTAL finishes one row before the next; VERTICAL finishes one component before the next; PRINCIPAL_FIRST is
vertical with the principal in front. Past due comes before due, due before in advance, and within a status the oldest
row before the next. What is left over goes where the rule says. The sum of all shares and the excess is the payment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple


class Open(NamedTuple):
    """What is unpaid of one row."""

    fee: int
    default_interest: int
    interest: int
    principal: int


COMPONENTS = Open._fields


class Surplus(StrEnum):
    """Where money goes that the rows past due and due do not need."""

    NEXT_ROW = "next_row"
    LAST_ROW = "last_row"
    RE_AMORTISE = "re_amortise"


@dataclass(frozen=True, slots=True)
class Order:
    """The order of one strategy: components as positions in ``COMPONENTS``, and what goes first."""

    name: Literal["horizontal", "vertical", "principal_first"]
    components: tuple[int, ...]
    by_row: bool


HORIZONTAL = Order("horizontal", (0, 1, 2, 3), True)
VERTICAL = Order("vertical", (0, 1, 2, 3), False)
PRINCIPAL_FIRST = Order("principal_first", (3, 0, 1, 2), False)

AssetClass = Literal["normal", "substandard", "doubtful", "doubtful_loss", "loss"]
TransactionType = Literal["payment", "produce_deduction", "set_off", "recovery", "restructured_payment"]

_EVERY_CLASS: tuple[AssetClass, ...] = ("normal", "substandard", "doubtful", "doubtful_loss", "loss")

ORDERS: Mapping[tuple[AssetClass, TransactionType], Order] = {
    **{(asset, "payment"): HORIZONTAL for asset in _EVERY_CLASS},
    **{(asset, "produce_deduction"): HORIZONTAL for asset in _EVERY_CLASS},
    **{(asset, "set_off"): HORIZONTAL for asset in _EVERY_CLASS},
    **{(asset, "recovery"): HORIZONTAL for asset in _EVERY_CLASS},
    **{(asset, "restructured_payment"): PRINCIPAL_FIRST for asset in _EVERY_CLASS},
}  # fmt: skip
"""Which order counts. An assumption where no law fixes it: co-operatives follow the central bank's horizontal order."""

Taken = list[tuple[int, Open]]


def allocate(rows: Sequence[Open], amount: int, order: Order) -> tuple[Taken, int]:
    """Share ``amount`` out over rows of one status, oldest first: (place, shares) of rows it reached, and the rest."""
    if order.by_row:
        return _by_row(rows, amount, order.components)
    shares = [[0, 0, 0, 0] for _ in rows]
    for component in order.components:
        for place, row in enumerate(rows):
            share = min(row[component], amount)
            shares[place][component] = share
            amount -= share
    return [(place, Open(*share)) for place, share in enumerate(shares) if any(share)], amount


def _by_row(rows: Sequence[Open], amount: int, components: Sequence[int]) -> tuple[Taken, int]:
    taken: Taken = []
    for place, row in enumerate(rows):
        if not amount:
            break
        share = [0, 0, 0, 0]
        for component in components:
            share[component] = min(row[component], amount)
            amount -= share[component]
        if any(share):
            taken.append((place, Open(*share)))
    return taken, amount
