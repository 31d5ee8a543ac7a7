"""Goal: money is read, written and rounded exactly, and nothing that could hide a float or a unit error gets in."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.kernel.errors import BilingualValueError
from shared.kernel.money import (
    MONEY_MAX_SATANG,
    Money,
    MoneyIn,
    Rate,
    TooManyDecimals,
    format_all_baht,
    format_baht,
    format_rate,
    half_up,
    parse_baht,
)


class Bill(BaseModel):
    amount: Money
    rate: Rate = Decimal("0.0850")


class Request(BaseModel):
    amount: MoneyIn


@given(st.integers(), st.integers(min_value=1, max_value=10**12))
def test_half_up_is_the_nearest_integer_half_away_from_zero(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    rounded = half_up(numerator, denominator)
    assert abs(exact - rounded) <= Fraction(1, 2)
    if abs(exact - rounded) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)
    assert half_up(-numerator, denominator) == -rounded


@given(st.integers(min_value=-MONEY_MAX_SATANG, max_value=MONEY_MAX_SATANG))
def test_text_of_money_reads_back_to_the_same_satang(satang: int) -> None:
    assert parse_baht(format_baht(satang)) == satang
    assert parse_baht(format_baht(satang, thousands=True)) == satang
    assert Bill.model_validate_json(Bill(amount=satang).model_dump_json()).amount == satang


@example([-1, 0, 99_999, 100_000, 100_099, 12_345_678, 99_999_999, 100_000_000])
@given(st.lists(st.integers(min_value=-MONEY_MAX_SATANG, max_value=MONEY_MAX_SATANG)))
def test_column_of_money_is_written_as_each_amount_is(amounts: list[int]) -> None:
    assert format_all_baht(amounts) == [format_baht(satang) for satang in amounts]
    assert format_all_baht(amounts, thousands=True) == [format_baht(satang, thousands=True) for satang in amounts]


@pytest.mark.parametrize(
    ("text", "satang"),
    [
        ("1234.50", 123450),
        ("1234.5", 123450),
        ("1,234,567.89", 123456789),
        ("๑,๒๓๔.๕๐", 123450),
        (" ฿ 20 ", 2000),
        ("-0.05", -5),
        ("0", 0),
        ("007", 700),
    ],
)
def test_money_is_read_as_files_write_it(text: str, satang: int) -> None:
    assert parse_baht(text) == satang


@pytest.mark.parametrize(
    "text",
    ["", "1e3", "NaN", "inf", "1,23", "12,3456", "1.", ".5", "1 000", "0x10", "๑๐ บาท", "1_0", "١٢", "9" * 5_000],
)
def test_money_refuses_every_other_text(text: str) -> None:
    with pytest.raises(BilingualValueError) as refused:
        parse_baht(text)
    assert refused.value.message_th != refused.value.message_en


def test_money_finer_than_a_satang_has_an_error_of_its_own() -> None:
    with pytest.raises(TooManyDecimals):
        parse_baht("10.005")


def test_money_above_the_bound_is_refused() -> None:
    with pytest.raises(BilingualValueError):
        parse_baht("10000000000000.01")
    with pytest.raises(ValidationError):
        Bill(amount=MONEY_MAX_SATANG + 1)


@pytest.mark.parametrize("body", ['{"amount": 100}', '{"amount": 100.5}', '{"amount": true}', '{"amount": null}'])
def test_money_in_json_is_never_a_number(body: str) -> None:
    with pytest.raises(ValidationError):
        Bill.model_validate_json(body)


@pytest.mark.parametrize("value", [10.5, True, None, Decimal("1.00")])
def test_money_in_python_refuses_floats_and_look_alikes(value: object) -> None:
    with pytest.raises(ValidationError):
        Bill.model_validate({"amount": value})


def test_request_bodies_refuse_integers_even_as_python_values() -> None:
    assert Request.model_validate({"amount": "10.00"}).amount == 1000
    with pytest.raises(ValidationError):
        Request.model_validate({"amount": 1000})


def test_money_stays_satang_in_python_and_text_in_json() -> None:
    bill = Bill(amount=123450)
    assert bill.model_dump() == {"amount": 123450, "rate": Decimal("0.0850")}
    assert bill.model_dump(mode="json") == {"amount": "1234.50", "rate": "0.0850"}
    assert Bill.model_json_schema()["properties"]["amount"]["type"] == "string"
    assert Bill.model_json_schema(mode="serialization")["properties"]["amount"]["type"] == "string"


def test_equal_rates_have_one_text() -> None:
    assert {format_rate(Decimal(text)) for text in ("0.085", "0.0850", "0.085000")} == {"0.0850"}
    assert format_rate(Decimal("0.066667")) == "0.066667"
    assert format_rate(Decimal(0)) == "0.0000"
    assert format_rate(Decimal(1)) == "1.0000"


@pytest.mark.parametrize(
    "value",
    [0.085, "8.5", "-0.01", "NaN", "1e-2", "0.0000001", f"0.085{'0' * 30}1", f"0.{'0' * 5_000}", Decimal("NaN"), True],
)
def test_rate_refuses_floats_percentages_and_noise(value: object) -> None:
    with pytest.raises(ValidationError):
        Bill.model_validate({"amount": 1, "rate": value})
