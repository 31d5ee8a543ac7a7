"""Goal: every way a Thai file writes a date gives the right day, and an ambiguous year is refused, not guessed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.calendar import (
    add_months,
    buddhist_year,
    fiscal_year_be,
    fiscal_year_bounds,
    format_thai_date,
    month_end,
    month_ends,
    parse_date,
    parse_month,
)
from shared.kernel.errors import BilingualValueError

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2150, 12, 31))


@pytest.mark.parametrize("text", ["30/09/2565", "30-9-2565", "2565-09-30", "2022-09-30", "๓๐/๐๙/๒๕๖๕", " 30.9.2022 "])
def test_one_day_in_every_writing(text: str) -> None:
    assert parse_date(text) == date(2022, 9, 30)


@pytest.mark.parametrize(
    "text", ["0066-09-30", "30/09/66", "30/09/0066", "30/09/1066", "30/09/2300", "30/9-2565", "x", "٣٠/٠٩/٢٥٦٥"]
)
def test_other_years_and_shapes_are_refused_in_both_languages(text: str) -> None:
    with pytest.raises(BilingualValueError) as refused:
        parse_date(text)
    assert "25" in refused.value.message_en
    assert "ให้เขียน" in refused.value.message_th


@pytest.mark.parametrize("text", ["31/09/2565", "29/02/2566", "2022-13-01", "0/1/2565"])
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(BilingualValueError):
        parse_date(text)


def test_years_before_2484_began_in_april() -> None:
    assert parse_date("1/2/2480") == date(1938, 2, 1)
    assert parse_date("1/4/2480") == date(1937, 4, 1)
    assert parse_date("1/1/2484") == date(1941, 1, 1)
    assert buddhist_year(date(1940, 3, 31)) == 2482
    with pytest.raises(BilingualValueError):
        parse_date("1/2/2483")


@given(DAYS)
def test_a_written_date_reads_back(day: date) -> None:
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day.day:02d}/{day.month:02d}/{buddhist_year(day)}") == day


@given(DAYS)
def test_a_day_lies_in_its_fiscal_year(day: date) -> None:
    first, last = fiscal_year_bounds(fiscal_year_be(day))
    assert first <= day <= last
    assert fiscal_year_be(first - timedelta(days=1)) == fiscal_year_be(day) - 1
    assert fiscal_year_be(last + timedelta(days=1)) == fiscal_year_be(day) + 1


def test_fiscal_year_2566() -> None:
    assert fiscal_year_bounds(2566) == (date(2022, 10, 1), date(2023, 9, 30))


def test_month_ends_are_inclusive() -> None:
    assert list(month_ends(date(2022, 9, 30), date(2022, 11, 30))) == [
        date(2022, 9, 30),
        date(2022, 10, 31),
        date(2022, 11, 30),
    ]
    assert list(month_ends(date(2022, 10, 1), date(2022, 10, 30))) == []


def test_add_months_clamps_to_the_last_day() -> None:
    assert add_months(date(2023, 1, 31), 1) == date(2023, 2, 28)
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2022, 3, 31), -13) == date(2021, 2, 28)
    assert add_months(date(2022, 12, 15), 1) == date(2023, 1, 15)


@given(DAYS, st.integers(min_value=-240, max_value=240))
def test_add_months_lands_in_the_right_month(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == min(day.day, month_end(moved).day)


def test_months_are_read_in_both_eras() -> None:
    assert parse_month("2565-11") == parse_month("2022-11") == date(2022, 11, 1)
    with pytest.raises(BilingualValueError):
        parse_month("2565-13")


def test_dates_are_shown_in_the_buddhist_era() -> None:
    assert format_thai_date(date(2022, 9, 30)) == "30 ก.ย. 2565"
