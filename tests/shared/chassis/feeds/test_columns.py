"""Goal: a cell becomes the value its writer meant, in either digits and either era, or exactly one code, no crash."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.feeds.columns import RowParser
from shared.chassis.feeds.kinds import ACCEPTED, OLDER, UNCHANGED, Column, ColumnKind, FeedKind, outcome_of
from shared.chassis.feeds.messages import FILE_MESSAGES, ROW_MESSAGES, UNKNOWN_BY_WAIT, row_message
from shared.kernel.calendar import buddhist_year
from shared.kernel.money import format_baht
from tests.shared.chassis.feeds.example import TOOLS

AS_OF = date(2022, 9, 30)
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
KINDS: tuple[ColumnKind, ...] = ("text", "money", "date", "month", "integer", "decimal", "national_id", "code")


def parse(column: Column, text: str) -> object:
    """The value, or the code in brackets."""
    kind = FeedKind("one", [Column("key", "คีย์", required=True), column], key=("key",), apply=TOOLS.apply)
    data, rejects = RowParser(kind, kind.columns, AS_OF, 100).parse(["k", text])
    return f"[{rejects[0][1]}]" if rejects else data.get(column.name, "(absent)")


@given(satang=st.integers(0, 10**15), thai=st.booleans(), thousands=st.booleans())
def test_money_is_satang_however_it_is_written(satang: int, thai: bool, thousands: bool) -> None:
    text = format_baht(satang, thousands=thousands)
    assert parse(Column("x", "ก", "money"), f" {text.translate(THAI_DIGITS) if thai else text} ") == satang


@given(day=st.dates(date(1941, 1, 1), AS_OF), thai=st.booleans(), buddhist=st.booleans())
def test_date_is_the_same_day_in_either_era(day: date, thai: bool, buddhist: bool) -> None:
    year = buddhist_year(day) if buddhist else day.year
    for text in (f"{day.day}/{day.month}/{year}", f"{year:04d}-{day.month:02d}-{day.day:02d}"):
        written = text.translate(THAI_DIGITS) if thai else text
        assert parse(Column("x", "ก", "date"), written) == day.isoformat()
    assert parse(Column("x", "ก", "month"), f"{year}-{day.month:02d}") == day.replace(day=1).isoformat()


@given(value=st.decimals(0, 10**9, places=4), thai=st.booleans())
def test_decimal_keeps_its_value_exactly(value: Decimal, thai: bool) -> None:
    text = format(value, "f")
    found = parse(Column("x", "ก", "decimal"), text.translate(THAI_DIGITS) if thai else text)
    assert Decimal(str(found)) == value


@given(kind=st.sampled_from(KINDS), text=st.text())
def test_any_text_is_a_value_or_a_known_code(kind: ColumnKind, text: str) -> None:
    found = parse(Column("x", "ก", kind), text)
    if isinstance(found, str) and found.startswith("[") and kind not in ("text", "code"):
        assert found.strip("[]") in ROW_MESSAGES


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        (Column("x", "ก"), " a  b ", "a  b"),
        (Column("x", "ก"), "", "(absent)"),
        (Column("x", "ก"), "  ", "(absent)"),
        (Column("x", "ก"), "NULL", None),
        (Column("x", "ก"), "null", "null"),
        (Column("x", "ก", required=True), "NULL", "[missing_value]"),
        (Column("x", "ก"), "x" * 101, "[too_long]"),
        (Column("x", "ก"), "x\u0000", "[invalid_text]"),
        (Column("x", "ก", pattern=r"\d+"), "1a", "[invalid_text]"),
        (Column("x", "ก", "code", pattern=r"\d{2}"), "๕๒", "52"),
        (Column("x", "ก", "code", pattern=r"\d{2}"), "521", "[invalid_code]"),
        (Column("x", "ก", "code", choices=("M", "F")), "m", "M"),
        (Column("x", "ก", "money"), "1.234", "[too_many_decimals]"),
        (Column("x", "ก", "money"), "1e5", "[invalid_number]"),
        (Column("x", "ก", "money"), "NaN", "[invalid_number]"),
        (Column("x", "ก", "money"), "9" * 5_000, "[invalid_number]"),
        (Column("x", "ก", "money"), "-0.01", "[negative_amount]"),
        (Column("x", "ก", "money", negative=True), "-0.01", -1),
        (Column("x", "ก", "money", minimum=1), "0", "[out_of_range]"),
        (Column("x", "ก", "money", maximum=100), "1.01", "[out_of_range]"),
        (Column("x", "ก", "integer"), "1,234", 1234),
        (Column("x", "ก", "integer"), "12.0", 12),
        (Column("x", "ก", "integer"), "12.5", "[too_many_decimals]"),
        (Column("x", "ก", "integer"), "1,23", "[invalid_number]"),
        (Column("x", "ก", "integer"), "9" * 41, "[invalid_number]"),
        (Column("x", "ก", "integer", negative=True), "-5", -5),
        (Column("x", "ก", "decimal", places_max=2), "0.1200", "0.1200"),
        (Column("x", "ก", "decimal", places_max=2), "0.125", "[too_many_decimals]"),
        (Column("x", "ก", "date"), "30/09/65", "[invalid_date]"),
        (Column("x", "ก", "date"), "30/09/0066", "[invalid_date]"),
        (Column("x", "ก", "date", not_after_as_of=True), "30/09/2565", "2022-09-30"),
        (Column("x", "ก", "date", not_after_as_of=True), "01/10/2565", "[date_after_as_of]"),
        (Column("x", "ก", "month"), "2565-13", "[invalid_month]"),
        (Column("x", "ก", "national_id"), "0 0000 00000 01 9", "0000000000019"),
        (Column("x", "ก", "national_id"), "0000000000018", "[invalid_national_id]"),
        (Column("x", "ก", "national_id"), "000000000001", "[invalid_national_id]"),
    ],
)
def test_cell_is_read_as_its_column_says(column: Column, text: str, found: object) -> None:
    assert parse(column, text) == found


def test_row_shorter_than_the_headings_has_empty_cells() -> None:
    parser = RowParser(TOOLS, TOOLS.columns, AS_OF, 100)
    assert parser.parse(["C1", "1"]) == ({"cooperative_code": "C1", "number": "1"}, [])
    assert parser.parse(["C1", "1", *[""] * 20]) == ({"cooperative_code": "C1", "number": "1"}, [])
    assert parser.parse(["C1", "1", *[""] * 9, "x"])[1] == [("", "wrong_column_count")]


def test_key_depends_on_the_key_columns_alone() -> None:
    parser = RowParser(TOOLS, TOOLS.columns, AS_OF, 100)
    same = parser.key({"cooperative_code": "C1", "number": "1", "note": "a"})
    assert same == parser.key({"number": "1", "cooperative_code": "C1"})
    assert same != parser.key({"cooperative_code": "C11", "number": ""})


def test_outcome_of_a_state_follows_the_day_it_stands_for() -> None:
    stored, earlier, later = {"a": 1, "b": 2}, date(2022, 8, 31), date(2022, 9, 30)
    assert outcome_of(None, None, {"a": 1}, later) == ACCEPTED
    assert outcome_of(stored, earlier, {"a": 1}, later) == UNCHANGED
    assert outcome_of(stored, earlier, {"a": 2}, later) == ACCEPTED
    assert outcome_of(stored, later, {"a": 2}, later) == ACCEPTED
    assert outcome_of(stored, later, {"a": 1}, earlier) == OLDER
    assert outcome_of(stored, earlier, {"b": None}, later) == ACCEPTED


def test_every_message_stands_in_both_languages() -> None:
    for message in (*ROW_MESSAGES.values(), *FILE_MESSAGES.values(), row_message("of-tomorrow")):
        assert message.en.isascii() or "“" in message.en
        assert any("ก" <= letter <= "๛" for letter in message.th)
    assert set(UNKNOWN_BY_WAIT.values()) <= set(ROW_MESSAGES)
