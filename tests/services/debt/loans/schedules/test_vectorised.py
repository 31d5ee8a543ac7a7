"""Goal: the schedules of a whole book are those of the readable path to the satang, on any input."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import terms_of_preview
from services.debt.loans.schedules.table import build_schedule
from services.debt.loans.schedules.terms import LoanTerms, Method
from services.debt.loans.schedules.vectorised import Book, schedule_book, schedule_terms
from shared.kernel.money import MONEY_MAX_SATANG
from tests.services.debt.loans.schedules.bodies import any_terms, body

FEW_AND_MANY_PLACES = (Decimal(0), Decimal("0.000001"), Decimal("0.000003"))


def terms(**fields: object) -> LoanTerms:
    return terms_of_preview(SchedulePreview.model_validate(body(**fields)))  # type: ignore[arg-type]


def assert_same(loans: list[LoanTerms]) -> None:
    for loan, (principal, interest) in zip(loans, schedule_terms(loans), strict=True):
        schedule = build_schedule(loan)
        assert (list(principal), list(interest)) == (list(schedule.principal), list(schedule.interest)), loan


@st.composite
def any_loan(draw: st.DrawFn) -> LoanTerms:
    """Small loans and those of the largest amounts, at percentages of few and of many places."""
    loan = terms_of_preview(SchedulePreview.model_validate(draw(any_terms(rows_max=40))))
    loan = replace(loan, principal=min(loan.principal * 10 ** draw(st.integers(0, 8)), MONEY_MAX_SATANG))
    if loan.principal_percent is not None:
        loan = replace(loan, principal_percent=loan.principal_percent - draw(st.sampled_from(FEW_AND_MANY_PLACES)))
    try:
        build_schedule(loan)
    except LoanTermsInvalid:
        return terms()
    return loan


@given(st.lists(any_loan(), min_size=1, max_size=5))
def test_vector_equals_scalar(loans: list[LoanTerms]) -> None:
    assert_same(loans)


@pytest.mark.parametrize("method", ["fixed_principal_percent", "flat"])
def test_share_beyond_the_bounds_takes_the_readable_path(method: str) -> None:
    """Two billion baht in thirds of six places: twice the satang times 33333333 is more than an int64 holds."""
    assert_same([terms(method=method, principal="2000000000.00", principal_percent="33.333333", instalments=3)])


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "bullet", "fixed_principal_percent", "flat"])
def test_principal_beyond_the_bounds_takes_the_readable_path(method: str) -> None:
    loans = [terms(method=method, principal="10000000000000.00", day_count=day_count, annual_rate="0.123457")
             for day_count in ("30/360", "actual/actual")]  # fmt: skip
    assert_same(loans)


def test_level_that_lies_on_a_half_is_worked_out_exactly() -> None:
    """Without interest, 100.01 baht in two rows is 50.005 each: no float can say which way that goes."""
    loans = [terms(principal="100.01", annual_rate="0.0000", instalments=2)]
    assert_same(loans)
    ones = np.ones((1, 1), dtype=np.int64)
    book = Book(Method.EQUAL_INSTALMENT, 2, np.array([10_001]), 0 * ones, ones, (1, 1))
    done = schedule_book(book)
    assert done.read == 1
    assert done.principal[:, 0].tolist() == [5_001, 5_000]


def test_flat_book_needs_no_readable_path() -> None:
    principal = np.arange(1_000_00, 2_000_00, 977, dtype=np.int64)
    factors = np.full((1, len(principal)), 17, dtype=np.int64), np.full((1, len(principal)), 2_400, dtype=np.int64)
    done = schedule_book(Book(Method.FLAT, 12, principal, *factors, (1,) * 12))
    assert done.read == 0
    one = build_schedule(terms(method="flat", principal="1009.77", annual_rate="0.0850", instalments=12))
    assert (done.principal[:, 1].tolist(), done.interest[:, 1].tolist()) == (list(one.principal), list(one.interest))


def test_most_of_a_book_needs_no_readable_path() -> None:
    principal = np.arange(1_000_00, 2_000_00, 7, dtype=np.int64)
    factors = np.full((1, len(principal)), 17, dtype=np.int64), np.full((1, len(principal)), 2_400, dtype=np.int64)
    done = schedule_book(Book(Method.EQUAL_INSTALMENT, 12, principal, *factors, (1,) * 12))
    assert done.read < len(principal) // 1000
    assert (done.principal.sum(axis=0) == principal).all()
    one = build_schedule(terms(principal="1000.00", annual_rate=str(Decimal(17) / 200), instalments=12))
    assert done.principal[:, 0].tolist() == list(one.principal)
