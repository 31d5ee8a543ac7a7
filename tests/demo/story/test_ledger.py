"""Goal: the ledger that the debt service's is held against is right by itself, on tables done by hand."""

from datetime import date
from fractions import Fraction

import pytest

from demo.story.checks.ledgers import check_ledgers
from demo.story.ledger import Agreed, LoanYear, Paid, faults_of_loan, settle
from demo.story.owners import Case, DebtBooks
from demo.story.recompute import Due, LoanBook

CUT_OVER = date(2022, 9, 30)


def loan(*paid: Paid, rate: Fraction = Fraction(365, 10_000), waived_on: tuple[date, ...] = ()) -> LoanYear:
    """At 3.65 % a night costs 10 satang per 1,000.00 baht of principal; default adds 3 points.

    1,000.00 and interest of 50.00 fell due in August, 500.00 and 20.00 fall due in December.
    """
    agreed = [
        Agreed(2, date(2022, 12, 15), 50_000, 2_000, 0, CUT_OVER),
        Agreed(1, date(2022, 8, 15), 100_000, 5_000, 700, CUT_OVER),
    ]
    return LoanYear("loan", rate, agreed, list(paid), list(waived_on))


def paid(on: date, amount: int, payment_id: str = "p") -> Paid:
    return Paid(on, payment_id, amount)


# Lateness counts from the cut-over, and the 15 nights of grace ended long before: 10 nights are 100 satang of late
# interest and, at 3 points, 82.19 of default interest.
TEN_NIGHTS = date(2022, 10, 10)


@pytest.mark.parametrize(
    ("amount", "settled"),
    [
        (500, {1: [500, 0, 0, 0, 0]}),
        (750, {1: [700, 50, 0, 0, 0]}),
        (850, {1: [700, 82, 68, 0, 0]}),
        (5_000, {1: [700, 82, 100, 4_118, 0]}),
        (6_000, {1: [700, 82, 100, 5_000, 118]}),
        (105_882, {1: [700, 82, 100, 5_000, 100_000]}),
        (108_000, {1: [700, 82, 100, 5_000, 100_000], 2: [0, 0, 0, 2_000, 118]}),
        (999_999, {1: [700, 82, 100, 5_000, 100_000], 2: [0, 0, 0, 2_000, 50_000]}),
    ],
)
def test_a_payment_goes_to_the_oldest_and_through_its_parts(amount: int, settled: dict[int, list[int]]) -> None:
    assert settle(loan(paid(TEN_NIGHTS, amount))) == settled


def test_lateness_is_that_of_what_was_unpaid_and_is_rounded_over_the_whole_time() -> None:
    # 5 nights of 1,000.00 and 5 of 900.00: 50 + 45 of late interest, 41.10 + 36.99 of default interest.
    first = 700 + 41 + 50 + 5_000 + 10_000
    found = settle(loan(paid(date(2022, 10, 5), first, "a"), paid(TEN_NIGHTS, 100, "b")))
    assert found == {1: [700, 41 + 37, 50 + 45, 5_000, 10_000 + 18]}


def test_default_interest_spares_the_first_fifteen_nights() -> None:
    only = loan().agreed[0]
    for nights, default, late in ((15, 0, 75), (16, 4, 80)):
        found = settle(
            LoanYear("loan", Fraction(365, 10_000), [only], [paid(date.fromordinal(738_504 + nights), 60_000)])
        )
        assert found == {2: [0, default, late, 2_000, 50_000]}, nights
    assert date.fromordinal(738_504) == only.due_on


def test_interest_and_default_together_stop_at_fifteen_percent() -> None:
    for rate, default in ((Fraction(13, 100), 55), (Fraction(15, 100), 0), (Fraction(18, 100), 0)):
        found = settle(loan(paid(TEN_NIGHTS, 2_000), rate=rate))
        assert found[1][1] == default
        assert found[1][2] == round(100_000 * min(rate, Fraction(15, 100)) * 10 / 365)


def test_a_waiver_forgives_default_interest_before_that_days_payments() -> None:
    found = settle(loan(paid(TEN_NIGHTS, 5_000), waived_on=(TEN_NIGHTS,)))
    assert found == {1: [700, 0, 100, 4_200, 0]}


def test_the_order_of_arrival_does_not_matter() -> None:
    payments = [paid(date(2022, 12, 20), 90_000, "a"), paid(TEN_NIGHTS, 40_000, "b")]
    assert settle(loan(*payments)) == settle(loan(*reversed(payments)))


def test_a_line_that_differs_is_named() -> None:
    good = loan(paid(TEN_NIGHTS, 5_000))
    good.booked = dict(settle(good))
    assert faults_of_loan(good) == []
    good.booked = {1: [700, 82, 100, 4_117, 1]}
    assert faults_of_loan(good) == [
        "interest of instalment 1: 4117 satang settled and not 4118",
        "principal of instalment 1: 1 satang settled and not 0",
    ]
    good.booked = {**settle(good), 2: [0, 0, 0, 1, 0]}
    assert faults_of_loan(good) == ["interest of instalment 2: 1 satang settled and not 0"]


def test_a_case_that_ended_as_paid_with_overdue_debt_is_a_fault() -> None:
    on = date(2022, 12, 31)
    book = LoanBook("loan", "c", "L1", [Due(1, date(2022, 12, 30), 100)], member_id="m")
    later = LoanBook("other", "c", "L2", [Due(1, on, 100)], member_id="other")
    cases = [Case("c", "m", "paid", on), Case("c", "other", "paid", on), Case("c", "x", None, None)]
    _, check = check_ledgers(DebtBooks([book, later], [], {}, cases), [])
    assert (check.ok, check.detail) == (False, "member m owed 100 satang overdue on 2022-12-31")
