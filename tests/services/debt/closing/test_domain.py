"""Goal: a close says the same of a loan whoever asks: what is overdue, since when, its class, and why it changed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.closing import domain
from services.debt.closing.domain import (
    CLASS_TABLES,
    CLASSES,
    MOVEMENT_PARTS,
    ClassTable,
    Overdue,
    class_table,
    classify,
    days_past_due,
    earliest_first_close,
    identity_gap,
    next_day_to_state,
    overdue_at,
)
from services.debt.loans.domain import Instalment

DUE = date(2022, 11, 30)
TABLE = CLASS_TABLES[0]


def test_an_instalment_is_overdue_from_the_day_after_its_due_date() -> None:
    loan = [Instalment(1, DUE, 1_000_00, 50_00, fee=9_00)]
    assert overdue_at(loan, DUE) == Overdue(0, 0, None, 0)
    assert overdue_at(loan, DUE + timedelta(days=1)) == Overdue(1_000_00, 50_00, DUE, 1)
    assert overdue_at(loan, DUE + timedelta(days=1)).amount == 1_050_00  # the fee is kept apart


def test_the_oldest_date_with_something_unpaid_counts() -> None:
    loan = [
        Instalment(2, DUE + timedelta(days=30), 1_000_00, 0),
        Instalment(1, DUE, 1_000_00, 50_00, paid_principal=1_000_00, paid_interest=50_00, late_basis=10**12),
        Instalment(3, DUE + timedelta(days=60), 1_000_00, 0),
    ]
    overdue = overdue_at(loan, DUE + timedelta(days=61))
    assert overdue == Overdue(2_000_00, 0, DUE + timedelta(days=30), 2)
    assert days_past_due(overdue.oldest_due_on, DUE + timedelta(days=61)) == 31
    assert days_past_due(None, DUE) == 0


@pytest.mark.parametrize(
    ("closed_on", "expected"),
    [
        (date(2022, 12, 1), "normal"),
        (date(2023, 2, 28), "normal"),
        (date(2023, 3, 1), "substandard"),
        (date(2023, 5, 30), "substandard"),
        (date(2023, 5, 31), "doubtful"),
        (date(2023, 11, 30), "doubtful"),
        (date(2023, 12, 1), "doubtful_loss"),
        (date(2033, 1, 1), "doubtful_loss"),
    ],
)
def test_class_by_months_over(closed_on: date, expected: str) -> None:
    assert classify(DUE, closed_on, TABLE) == expected


def test_a_loan_with_nothing_overdue_is_normal() -> None:
    assert classify(None, DUE, TABLE) == "normal"


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.integers(0, 900), st.integers(0, 900))
def test_a_class_never_gets_better_by_time_alone(oldest: date, first: int, later: int) -> None:
    earlier_class = classify(oldest, oldest + timedelta(days=min(first, later)), TABLE)
    later_class = classify(oldest, oldest + timedelta(days=max(first, later)), TABLE)
    assert CLASSES.index(earlier_class) <= CLASSES.index(later_class)


def test_the_table_in_force_is_the_newest_of_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = ClassTable(date(2023, 1, 1), TABLE.thresholds, "test", False)
    monkeypatch.setattr(domain, "CLASS_TABLES", (newer, *CLASS_TABLES))
    assert class_table(date(2022, 12, 31)) is TABLE
    assert class_table(date(2023, 1, 1)) is newer


def test_provisions_rise_with_the_class_and_are_marked_as_assumed() -> None:
    provisions = [threshold.provision for threshold in TABLE.thresholds]
    assert provisions == sorted(provisions)
    assert TABLE.assumption


def test_identity_gap_shows_what_the_parts_leave_unexplained() -> None:
    parts = dict.fromkeys(MOVEMENT_PARTS, 0) | {"cash": 70, "produce": 40, "newly_overdue": -10}
    assert identity_gap(500, 400, parts) == 0
    assert identity_gap(500, 399, parts) == 1
    with pytest.raises(ValueError, match="barter"):
        identity_gap(1, 0, {"barter": 1})


@pytest.mark.parametrize(
    ("closed_on", "close_to", "expected"),
    [
        (None, date(2022, 12, 15), date(2022, 12, 15)),
        (date(2022, 9, 30), date(2022, 10, 1), date(2022, 10, 1)),
        (date(2022, 9, 30), date(2022, 10, 31), date(2022, 10, 31)),
        (date(2022, 9, 30), date(2022, 12, 15), date(2022, 10, 31)),
        (date(2022, 10, 30), date(2022, 12, 15), date(2022, 10, 31)),
        (date(2022, 11, 30), date(2022, 12, 15), date(2022, 12, 15)),
    ],
)
def test_the_next_day_to_state_is_a_month_end_or_the_last(
    closed_on: date | None, close_to: date, expected: date
) -> None:
    assert next_day_to_state(closed_on, close_to) == expected


@pytest.mark.parametrize(
    ("opened_on", "expected"),
    [
        (date(2022, 9, 30), date(2021, 9, 30)),
        (date(2022, 10, 1), date(2022, 9, 30)),
        (date(1999, 1, 1), date(2016, 9, 30)),
        (None, date(2016, 9, 30)),
    ],
)
def test_the_first_close_is_of_the_baseline_of_the_oldest_loans_year_at_the_earliest(
    opened_on: date | None, expected: date
) -> None:
    assert earliest_first_close(opened_on) == expected
