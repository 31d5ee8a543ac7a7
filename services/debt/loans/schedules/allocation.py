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


class Shared(NamedTuple):
    """What a payment came to: shares by status, what goes to re-amortise the rest of the loan, and the excess."""

    past_due: Taken
    due: Taken
    in_advance: Taken
    re_amortised: int
    excess: int


def share_out(
    past_due: Sequence[Open],
    due: Sequence[Open],
    in_advance: Sequence[Open],
    amount: int,
    order: Order = HORIZONTAL,
    surplus: Surplus = Surplus.NEXT_ROW,
) -> Shared:
    """Share a payment out: past due before due, and what is left by the rule for a surplus.

    To re-amortise takes at most the principal that is not due yet: the caller levels the rest of the loan for less.
    Shares, what is re-amortised and the excess sum to ``amount``.
    """
    past, left = allocate(past_due, amount, order)
    now, left = allocate(due, left, order)
    if surplus is Surplus.RE_AMORTISE:
        taken = min(left, sum(row.principal for row in in_advance))
        return Shared(past, now, [], taken, left - taken)
    if surplus is Surplus.LAST_ROW:
        last = len(in_advance) - 1
        backwards, left = allocate(in_advance[::-1], left, order)
        return Shared(past, now, [(last - place, share) for place, share in reversed(backwards)], 0, left)
    ahead, left = allocate(in_advance, left, order)
    return Shared(past, now, ahead, 0, left)
