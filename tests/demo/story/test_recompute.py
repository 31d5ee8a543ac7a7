"""Goal: the recomputation that everything is checked against is right by itself, on tables done by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.story.recompute import (
    PARTS,
    Delivery,
    Due,
    LoanBook,
    Received,
    Recovery,
    Sale,
    Settled,
    cohort_figure,
    faults_of_delivery,
    recovery,
    rounded_quotient,
)

BASELINE, END = date(2022, 9, 30), date(2023, 9, 30)


def loan(*settled: Settled) -> LoanBook:
    """1,000.00 fell due in August, 500.00 falls due in December, 500.00 on the year's last day."""
    dues = [Due(1, date(2022, 8, 15), 100_000), Due(2, date(2022, 12, 15), 50_000), Due(3, END, 50_000)]
    return LoanBook("loan", "cooperative", "L1", dues, list(settled))


def parts(**amounts: int) -> dict[str, int]:
    return {**dict.fromkeys(PARTS, 0), **amounts}


def test_an_instalment_is_overdue_the_day_after_its_due_date() -> None:
    book = loan()
    assert book.overdue(date(2022, 8, 15)) == 0
    assert book.overdue(date(2022, 8, 16)) == 100_000
    assert book.overdue(END) == 150_000  # the one due on that day is not overdue at its close


def test_nothing_paid_leaves_what_became_overdue() -> None:
    figure = cohort_figure([loan()], BASELINE, END)
    assert (figure.baseline, figure.overdue, figure.change) == (100_000, 150_000, -50_000)
    assert figure.parts == parts(newly_overdue=-50_000)
    assert figure.gap == 0
    assert figure.percent_hundredths == -5_000


def test_money_counts_in_the_part_of_its_channel() -> None:
    figure = cohort_figure(
        [
            loan(
                Settled(1, date(2022, 11, 1), "cash", 20_000),
                Settled(1, date(2022, 11, 2), "transfer", 10_000),
                Settled(1, date(2022, 11, 3), "produce", 40_000),
                Settled(1, date(2022, 11, 4), "savings_set_off", 5_000),
            )
        ],
        BASELINE,
        END,
    )
    assert figure.parts == parts(cash=30_000, produce=40_000, set_off=5_000, newly_overdue=-50_000)
    assert figure.gap == 0
    assert figure.change == 25_000


def test_what_is_paid_by_the_due_date_never_becomes_overdue() -> None:
    figure = cohort_figure([loan(Settled(2, date(2022, 12, 15), "cash", 30_000))], BASELINE, END)
    assert figure.parts == parts(newly_overdue=-20_000)
    late = cohort_figure([loan(Settled(2, date(2022, 12, 16), "cash", 30_000))], BASELINE, END)
    assert late.parts == parts(cash=30_000, newly_overdue=-50_000)
    assert figure.overdue == late.overdue


def test_a_reversal_gives_back_in_its_own_month() -> None:
    book = loan(Settled(1, date(2023, 2, 1), "cash", 60_000), Settled(1, date(2023, 3, 1), "cash", -60_000))
    assert cohort_figure([book], BASELINE, date(2023, 2, 28)).change == 60_000 - 50_000
    assert cohort_figure([book], BASELINE, date(2023, 3, 31)).parts == parts(newly_overdue=-50_000)


def test_only_loans_overdue_at_the_baseline_are_in_the_cohort() -> None:
    later = LoanBook("other", "cooperative", "L2", [Due(1, date(2022, 10, 5), 70_000)])
    assert cohort_figure([loan(), later], BASELINE, END) == cohort_figure([loan()], BASELINE, END)
    assert cohort_figure([later], BASELINE, END).percent_hundredths is None


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.dates(date(2022, 10, 1), END),
            st.sampled_from(["cash", "transfer", "produce", "savings_set_off"]),
            st.integers(-40_000, 40_000),
        ),
        max_size=12,
    ),
    st.dates(date(2022, 10, 1), END),
)
def test_the_parts_explain_every_history(postings: list[tuple[int, date, str, int]], day: date) -> None:
    assert cohort_figure([loan(*(Settled(*one) for one in postings))], BASELINE, day).gap == 0


def test_recovery_is_net_of_what_went_back_and_only_of_the_year() -> None:
    received = [
        Received("c", "produce", 30_000, date(2022, 12, 1)),
        Received("c", "produce", -10_000, date(2023, 2, 1)),
        Received("c", "cash", 70_000, END),
        Received("c", "cash", 99_000, date(2023, 10, 1)),
    ]
    found = recovery(received, date(2022, 10, 1), END)
    assert found == Recovery(produce=20_000, collected=90_000)
    assert found.percent_hundredths == 2_222
    assert Recovery(0, 0).percent_hundredths is None


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (-4, 10, 0), (15, 10, 2), (25, 10, 3), (-25, 10, -3)],
)
def test_a_half_is_rounded_away_from_zero(numerator: int, denominator: int, quotient: int) -> None:
    assert rounded_quotient(numerator, denominator) == quotient


def test_a_sale_is_rounded_once_a_part() -> None:
    sale = Sale("C", "D1", kilogram_thousandths=1_250_500, price_per_kilogram=825, savings_share_units=300)
    assert sale.gross == 1_031_663  # 10,316.625 baht
    assert sale.savings == 30_950  # 3 % of it is 309.4989 baht


def delivery(**changes: object) -> Delivery:
    values: dict[str, object] = {
        "delivery_id": "d", "cooperative_id": "c", "delivery_number": "D1", "status": "settled",
        "deduction_share_units": 3_000, "gross": 100_000, "debt": 30_000, "savings": 5_000, "paid": 65_000, "held": 0,
    }  # fmt: skip
    return Delivery(**{**values, **changes})  # type: ignore[arg-type]


def test_a_good_delivery_has_no_faults() -> None:
    sale = Sale("C", "D1", kilogram_thousandths=100_000, price_per_kilogram=1_000, savings_share_units=500)
    assert faults_of_delivery(delivery(), sale, applied=30_000) == []


@pytest.mark.parametrize(
    ("changes", "applied", "fault"),
    [
        ({"held": 5_000, "paid": 60_000}, 30_000, "still held"),
        ({"paid": 64_999}, 30_000, "gross is not"),
        ({}, 29_999, "debt says 29999"),
        ({"status": "reversing"}, 30_000, "it is reversing"),
        ({"debt": 30_001, "paid": 64_999}, 30_001, "more than the agreed share"),
        ({"gross": 100_001, "paid": 65_001}, 30_000, "and not 100000 satang"),
        ({"savings": 4_999, "paid": 65_001}, 30_000, "savings are 4999"),
    ],
)
def test_each_fault_of_a_delivery_is_named(changes: dict[str, object], applied: int, fault: str) -> None:
    sale = Sale("C", "D1", kilogram_thousandths=100_000, price_per_kilogram=1_000, savings_share_units=500)
    assert any(fault in found for found in faults_of_delivery(delivery(**changes), sale, applied))
