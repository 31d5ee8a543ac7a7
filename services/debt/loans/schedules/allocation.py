"""How a payment is shared out over rows: the order is data, keyed by asset class and transaction type.

HORIZONTAL finishes one row before the next; VERTICAL finishes one component before the next; PRINCIPAL_FIRST is
vertical with the principal in front. Past due comes before due, due before in advance, and within a status the oldest
row before the next. What is left over goes where the rule says. The sum of all shares and the excess is the payment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple


class Open(NamedTuple):
    """What is unpaid of one row. A table of the engine has late interest among its interest, the ledger apart."""

    fee: int
    default_interest: int
    late_interest: int
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


HORIZONTAL = Order("horizontal", (0, 1, 2, 3, 4), True)
VERTICAL = Order("vertical", (0, 1, 2, 3, 4), False)
PRINCIPAL_FIRST = Order("principal_first", (4, 0, 1, 2, 3), False)

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


def allocate(rows: Iterable[Open], amount: int, order: Order) -> tuple[Taken, int]:
    """Share ``amount`` out over rows of one status, oldest first: (place, shares) of rows it reached, and the rest.

    By row, no more rows are looked at than the amount reaches.
    """
    if order.by_row:
        return _by_row(rows, amount, order.components)
    opened = list(rows)
    shares = [[0] * len(COMPONENTS) for _ in opened]
    for component in order.components:
        for place, row in enumerate(opened):
            share = min(row[component], amount)
            shares[place][component] = share
            amount -= share
    return [(place, Open(*share)) for place, share in enumerate(shares) if any(share)], amount


def _by_row(rows: Iterable[Open], amount: int, components: Sequence[int]) -> tuple[Taken, int]:
    taken: Taken = []
    places = enumerate(rows)
    while amount and (at := next(places, None)):
        place, row = at
        if sum(row) <= amount:
            share = row
        else:
            parts = [0] * len(COMPONENTS)
            left = amount
            for component in components:
                parts[component] = min(row[component], left)
                left -= parts[component]
            share = Open(*parts)
        amount -= sum(share)
        if any(share):
            taken.append((place, share))
    return taken, amount


class Shared(NamedTuple):
    """What a payment came to: shares by status, what goes to re-amortise the rest of the loan, and the excess."""

    past_due: Taken
    due: Taken
    in_advance: Taken
    re_amortised: int
    excess: int


def share_out(
    past_due: Iterable[Open],
    due: Iterable[Open],
    in_advance: Iterable[Open],
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
        ahead = list(in_advance)
        last = len(ahead) - 1
        backwards, left = allocate(reversed(ahead), left, order)
        return Shared(past, now, [(last - place, share) for place, share in reversed(backwards)], 0, left)
    later, left = allocate(in_advance, left, order)
    return Shared(past, now, later, 0, left)
