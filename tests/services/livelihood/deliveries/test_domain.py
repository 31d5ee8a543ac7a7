"""Goal: gross = debt + savings + paid + held at every moment, whatever order the answers come in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.livelihood.deliveries import domain
from services.livelihood.errors import DeliveryNotReversible, SharesOverGross, WorthOutOfBounds

SHARES = st.decimals(min_value=0, max_value=Decimal("0.5"), places=4)


@given(
    gross=st.integers(0, 10**11),
    savings=SHARES,
    deduction=SHARES,
    answers=st.lists(st.sampled_from("srux"), max_size=8),
)
def test_parts_make_the_gross_whatever_comes(
    gross: int, savings: Decimal, deduction: Decimal, answers: list[str]
) -> None:
    division = domain.divide(gross, savings, deduction)  # the shares never pass 1, so it is always divided
    for answer in answers:
        if answer == "s":
            division = domain.settle(division, division.held // 2)
        elif answer == "r":
            division = domain.settle(division, 0)
        elif answer == "u":
            division = domain.end_reversal(division) if division.status == "reversing" else division
        elif division.status in ("held", "settled"):
            division = domain.begin_reversal(division)
        assert division.gross == division.debt + division.savings + division.paid + division.held
        assert min(division.debt, division.savings, division.paid, division.held) >= 0
    if division.status in ("settled", "reversed"):
        assert division.held == 0


def test_an_answer_that_comes_again_changes_nothing() -> None:
    settled = domain.settle(domain.divide(1000_00, Decimal("0.05"), Decimal("0.30")), 250_00)
    assert (settled.debt, settled.paid, settled.savings, settled.held) == (250_00, 700_00, 50_00, 0)
    assert domain.settle(settled, 250_00) == settled


def test_a_reversed_delivery_is_not_reversed_again() -> None:
    reversed_once = domain.begin_reversal(domain.divide(1000_00, Decimal(0), Decimal(0)))
    assert reversed_once.status == "reversed"
    with pytest.raises(DeliveryNotReversible):
        domain.begin_reversal(reversed_once)


def test_the_worth_is_rounded_half_up_once() -> None:
    assert domain.gross_satang(Decimal("868.785"), 756) == 656_801  # 656,801.46
    assert domain.gross_satang(Decimal("0.5"), 1) == 1


@pytest.mark.parametrize(("kilograms", "price"), [("0", 100), ("99999999999.999", 10**15)])
def test_a_worth_that_cannot_be_is_refused(kilograms: str, price: int) -> None:
    with pytest.raises(WorthOutOfBounds):
        domain.gross_satang(Decimal(kilograms), price)


def test_two_halves_of_an_odd_satang_are_not_one_more() -> None:
    division = domain.divide(101, Decimal("0.5"), Decimal("0.5"))
    assert (division.savings, division.held, division.paid) == (51, 50, 0)


def test_shares_over_the_whole_are_refused() -> None:
    with pytest.raises(SharesOverGross):
        domain.divide(100, Decimal("0.6"), Decimal("0.5"))
