"""How the worth of a delivery is divided, and what each answer of the debt service does to it. Pure; satang."""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from services.livelihood.errors import DeliveryNotReversible, SharesOverGross, WorthOutOfBounds
from shared.kernel.money import MONEY_MAX_SATANG, half_up

Status = Literal["held", "settled", "reversing", "reversed"]


@dataclass(frozen=True)
class Division:
    """Where the money of a delivery is: gross = debt + savings + paid + held, always."""

    status: Status
    gross: int
    debt: int
    savings: int
    paid: int
    held: int

    def __post_init__(self) -> None:
        parts = (self.debt, self.savings, self.paid, self.held)
        if self.gross != sum(parts) or min(parts) < 0:
            raise ValueError("a delivery's parts do not make its gross")


def gross_satang(kilograms: Decimal, price_satang_per_kilogram: int) -> int:
    """The worth of a delivery, rounded half up to the satang once; raises WorthOutOfBounds."""
    worth = kilograms * price_satang_per_kilogram
    if kilograms <= 0 or worth > MONEY_MAX_SATANG:
        raise WorthOutOfBounds
    return int(worth.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share_of(gross: int, share: Decimal) -> int:
    """A share (0 to 1, up to four places) of an amount, half up."""
    return half_up(gross * int(share.scaleb(4)), 10_000)


def divide(gross: int, savings_share: Decimal, deduction_share: Decimal) -> Division:
    """Divide at delivery: savings aside, the agreed share held for the debt, the undisputed rest paid at once.

    Raises:
        SharesOverGross: the two shares are more than the whole.
    """
    if savings_share + deduction_share > 1:
        raise SharesOverGross(
            f"savings {savings_share} and deduction {deduction_share} must not pass 1 together",
            f"สัดส่วนเงินออม {savings_share} และเงินหักชำระหนี้ {deduction_share} รวมกันต้องไม่เกิน 1",
        )
    savings = share_of(gross, savings_share)
    held = min(
        share_of(gross, deduction_share), gross - savings
    )  # two halves, each rounded up, are not one satang more
    return Division(
        status="held" if held else "settled",
        gross=gross,
        debt=0,
        savings=savings,
        paid=gross - savings - held,
        held=held,
    )


def settle(division: Division, applied: int) -> Division:
    """The answer of debt: `applied` pays the debt, the rest of what was held goes to the member.

    An answer that comes while the delivery is being reversed moves the money and leaves the reversal open; one that
    comes again, or after the end, changes nothing.
    """
    if division.status not in ("held", "reversing") or division.held == 0:
        return division
    if not 0 <= applied <= division.held:
        raise ValueError("more was applied than was held")
    status: Status = "settled" if division.status == "held" else "reversing"
    return replace(division, status=status, debt=applied, paid=division.paid + division.held - applied, held=0)


def begin_reversal(division: Division) -> Division:
    """Ask for the undoing of a delivery that was a mistake; without a deduction it is undone at once.

    Raises:
        DeliveryNotReversible: it is reversed, or being reversed, already.
    """
    if division.status in ("reversing", "reversed"):
        raise DeliveryNotReversible
    if division.held == 0 and division.debt == 0:
        return end_reversal(division)
    return replace(division, status="reversing")


def end_reversal(division: Division) -> Division:
    """Nothing was delivered: every part is 0."""
    return replace(division, status="reversed", gross=0, debt=0, savings=0, paid=0, held=0)
