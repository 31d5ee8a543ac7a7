"""Goal: who works out what an explanation says comes to the interest of its row, to the satang, in both languages."""

import re
from fractions import Fraction
from math import prod

from hypothesis import assume, given

from shared.kernel.money import parse_baht
from tests.services.debt.loans.schedules.bodies import Body, answer, any_history, any_terms, body
from tests.services.debt.loans.schedules.nights import half_up, satang

_PERCENT = re.compile(r"([\d.]+) % a (?:year|period)")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_DAY_COUNT = re.compile(r" \((?:30/360|actual/\w+|per_period)(?:, -?\d+ nights)?\)$")
_EXACT = re.compile(r"(?:^| ([+-]) )([\d.]+) (?:agreed|carried over|carried forward|paid before the re-ageing)")
_SHARE = re.compile(r" and takes (?:(\d+)/(\d+)|the rest) of it(?: \+ ([\d.,]+) carried over)?\.")
_NUMBER = re.compile(r"\d[\d.,/]*\d|\d")


def value(text: str) -> Fraction:
    """What a sum of products comes to."""
    while inner := _INNERMOST.search(text):
        text = text.replace(inner[0], str(value(inner[1])))
    first, *others = re.split(r" ([+-]) ", text)
    total = Fraction(0)
    for sign, part in zip(["+", *others[::2]], [first, *others[1::2]], strict=True):
        product = prod(map(Fraction, part.split(" x ")), start=Fraction(1))
        total += product if sign == "+" else -product
    return total


def interest_of(text: str, currency: int) -> int:
    """The satang that an explanation says: what accrued is rounded, and what comes from other rows is exact."""
    text = _DAY_COUNT.sub("", text.partition(" = interest")[0]).replace(",", "")
    exact = sum(satang(sign.replace("+", "") + amount) for sign, amount in _EXACT.findall(text))
    text = _EXACT.sub("", text).removeprefix(" + ").replace("unpaid ", "") or "0"
    text = _PERCENT.sub(lambda found: str(Fraction(found[1]) / 100), text)
    return half_up(value(text) * 100, currency) + exact


def currency_of(loan: Body) -> int:
    return satang(loan.get("currency_multiple", "0.01"))


def assert_numbers_are_the_same_in_thai(row: Body) -> None:
    english, thai = (sorted(_NUMBER.findall(row["explain"][language])) for language in ("en", "th"))
    assert english == thai


@given(any_terms())
def test_interest_of_a_contract_is_what_its_explanation_says(loan: Body) -> None:
    currency, shared = currency_of(loan), 0
    rows = answer(loan)["rows"]
    for row in rows:
        assert_numbers_are_the_same_in_thai(row)
        text = row["explain"]["en"]
        said = interest_of(text, currency)
        if loan["method"] == "flat":
            share = _SHARE.search(text)
            assert share is not None
            weight, of_weights, carried = share.groups()
            whole = said
            said = whole - shared
            if weight is not None:
                said = min(currency * half_up(Fraction(whole, currency) * int(weight) / int(of_weights)), said)
            shared += said
            said += satang(carried.replace(",", "")) if carried else 0
        waits = "falls due with the first row after it" in text
        assert parse_baht(row["interest"]) == (0 if waits else said), text


@given(any_history())
def test_interest_of_a_running_loan_is_what_its_explanation_says(loan: Body) -> None:
    assume(loan["changes"] or loan.get("payments") or "as_of" in loan)
    for row in answer(loan)["rows"]:
        assert_numbers_are_the_same_in_thai(row)
        text = row["explain"]["en"]
        said = 0 if "falls due with the first row after it" in text else interest_of(text, currency_of(loan))
        assert parse_baht(row["interest"]) == said, text


def test_an_explanation_tells_each_of_many_stretches_of_a_row() -> None:
    payments = [{"on": f"2024-{month:02d}-03", "amount": "5000.00"} for month in range(3, 12)]
    yearly: Body = {"every": {"count": 1, "unit": "year"}, "disbursed_on": "2023-01-15", "instalments": 3}
    loan = body("equal_principal", "actual/365", **yearly, payments=payments)
    row = answer(loan)["rows"][1]
    assert row["explain"]["en"].count("unpaid ") == 8
    assert parse_baht(row["interest"]) == interest_of(row["explain"]["en"], currency_of(loan))
