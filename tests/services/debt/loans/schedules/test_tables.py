"""Goal: every table equals that of a calculator written apart, to the satang, over every method, day count, frequency,
rounding and change, and their pairs."""

import pytest
from hypothesis import assume, given

from services.debt.errors import LoanTermsInvalid
from shared.kernel.money import parse_baht
from tests.services.debt.loans.schedules.bodies import (
    Body,
    answer,
    any_history,
    any_terms,
    named_bodies,
    rows_of_answer,
)
from tests.services.debt.loans.schedules.calculator import Calculator

NAMED = named_bodies()


def assert_equals_calculator(loan: Body) -> None:
    try:
        found = answer(loan)
    except LoanTermsInvalid:
        assume(False)
    calculator = Calculator(loan).run()
    assert rows_of_answer(found) == calculator.table()
    if "as_of" in loan:
        assert parse_baht(found["pay_off"]) == calculator.pay_off
    if loan.get("payments"):
        assert parse_baht(found["totals"]["excess"]) == calculator.excess


def test_there_are_tables_enough() -> None:
    assert len(NAMED) >= 60


@pytest.mark.parametrize("loan", [pytest.param(loan, id=name) for name, loan in NAMED.items()])
def test_table_equals_the_independent_calculator(loan: Body) -> None:
    found = answer(loan)
    calculator = Calculator(loan).run()
    assert rows_of_answer(found) == calculator.table()
    if "as_of" in loan:
        assert parse_baht(found["pay_off"]) == calculator.pay_off


@given(any_terms())
def test_any_contract_equals_the_independent_calculator(loan: Body) -> None:
    assert_equals_calculator(loan)


@given(any_history())
def test_any_history_equals_the_independent_calculator(loan: Body) -> None:
    assert_equals_calculator(loan)
