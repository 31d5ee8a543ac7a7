"""Goal: who works out what an explanation says comes to the interest of its row, to the satang, in both languages."""

import re
from fractions import Fraction
from math import prod

import pytest
from hypothesis import assume, example, given

from shared.kernel.money import format_baht, parse_baht
from tests.services.debt.loans.schedules.bodies import CHANGES, PAYMENTS, Body, answer, any_history, any_terms, body
from tests.services.debt.loans.schedules.nights import day, half_up, satang

_PERCENT = re.compile(r"([\d.]+) % a (?:year|period)")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_DAY_COUNT = re.compile(r" \((?:30/360|actual/\w+|per_period)(?:, -?\d+ nights)?\)$")
_AGREED = r"agreed(?: at [\d.]+ %(?: and [\d.]+ %)* a (?:year|period) on [\d.]+)?"
_EXACT = re.compile(rf"(?:^| ([+-]) )([\d.]+) (?:{_AGREED}|carried over|carried forward|paid before the re-ageing)")
_SHARE = re.compile(r" and takes (?:(\d+)/(\d+)|the rest) of it(?: \+ ([\d.,]+) carried over)?\.")
_MULTIPLE = re.compile(r"the instalment to a multiple of ([\d.]+)\.")
_NIGHTS = re.compile(r"(-?\d+) nights")
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


def nights_of(text: str) -> int:
    nights = _NIGHTS.search(text)
    assert nights is not None
    return int(nights[1])


def currency_of(loan: Body) -> int:
    return satang(loan.get("currency_multiple", "0.01"))


def assert_numbers_are_the_same_in_thai(row: Body) -> None:
    english, thai = (sorted(_NUMBER.findall(row["explain"][language])) for language in ("en", "th"))
    assert english == thai


# Shares of 0.50 are 1.00 to the baht, so the first two rows take all of the 2.00, and the others what is left: nothing.
EXHAUSTED = body("flat", principal="100.00", annual_rate="0.0600", instalments=4, currency_multiple="1")
# A row that was paid a little ahead falls due after the re-aged ones, and is in progress while those are late.
KEPT: Body = {
    "principal": "339.83", "annual_rate": "0.016776", "method": "equal_principal", "day_count": "actual/364",
    "disbursed_on": "2023-12-07", "instalments": 2, "currency_multiple": "1", "interest_grace": 1,
    "due_dates": ["2024-03-06", "2024-03-21"],
    "payments": [{"on": "2023-12-07", "amount": "0.01"}, {"on": "2024-01-20", "amount": "2.59"},
                 {"on": "2024-04-14", "amount": "15.52"}],
    "changes": [{"type": "re_age", "on": "2023-12-15", "start_on": "2023-12-20", "instalments": 2,
                 "every": {"count": 1, "unit": "week"}, "interest": "full"}],
}  # fmt: skip


@example(EXHAUSTED)
@given(any_terms())
def test_interest_of_a_contract_is_what_its_explanation_says(loan: Body) -> None:
    currency, shared = currency_of(loan), 0
    before = loan["disbursed_on"]
    for place, row in enumerate(answer(loan)["rows"]):
        assert_numbers_are_the_same_in_thai(row)
        text = row["explain"]["en"]
        assert nights_of(text) == (day(row["due_on"]) - day(before)).days
        assert f"Rounded half up to {format_baht(currency)}" in text
        if (multiple := _MULTIPLE.search(text)) and place > loan.get("interest_grace", 0):
            assert parse_baht(row["total"]) % parse_baht(multiple[1]) == 0, text
        before = row["due_on"]
        said = interest_of(text, currency)
        if loan["method"] == "flat":
            share = _SHARE.search(text)
            assert share is not None
            weight, of_weights, carried = share.groups()
            whole = said
            said = whole - shared
            if weight is not None:
                said = half_up(Fraction(whole) * int(weight) / int(of_weights), currency)
            shared += said
            said += satang(carried.replace(",", "")) if carried else 0
        waits = "falls due with the first row after it" in text
        assert parse_baht(row["interest"]) == (0 if waits else said), text


@example(KEPT)
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


TOLD = {
    "rate_change": ("at the new rate", "อัตราใหม่"),
    "extend": ("over the longer term", "ระยะเวลาที่ขยาย"),
    "move_due_date": ("after the due date moved", "หลังเลื่อนวันครบกำหนด"),
    "principal_holiday": ("Principal holiday", "พักชำระเงินต้น"),
    "interest_pause": ("Nights of the interest pause bear none", "คืนที่พักดอกเบี้ย"),
    "drawdown": ("after a further drawdown", "หลังเบิกเงินกู้เพิ่ม"),
    "re_age": ("of the interest payable to date", "ดอกเบี้ยถึงวันจัดงวดใหม่"),
    "re_age_full": ("of the full interest of the old schedule", "ดอกเบี้ยทั้งหมดตามตารางเดิม"),
    "re_amortise": ("Overdue amounts are spread", "เฉลี่ยยอดค้างชำระในงวดเหล่านี้"),
    "set_instalment": ("set by hand and stays", "กำหนดเองและคงไว้"),
    "add_instalment": ("Added by hand", "เพิ่มงวดโดยเจ้าหน้าที่"),
    "drop_instalment": ("after a row was dropped", "หลังตัดงวด"),
}


@pytest.mark.parametrize("name", TOLD)
def test_rows_tell_the_change_that_made_them_what_they_are_and_no_other(name: str) -> None:
    rows = answer(body(changes=[CHANGES[name]]))["rows"]
    for language, words in zip(("en", "th"), TOLD[name], strict=True):
        assert any(words in row["explain"][language] for row in rows)
    for other in TOLD.keys() - {name, "set_instalment" if name == "add_instalment" else name}:
        assert not any(TOLD[other][0] in row["explain"]["en"] for row in rows), other


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        ("equal_instalment", "Principal = level instalment - interest."),
        ("equal_principal", "Principal: an equal share of the principal by weight."),
        ("fixed_principal_percent", "Principal: 7.5 % of the principal disbursed."),
        ("flat", "Principal: a share of the principal."),
        ("bullet", "Interest only; the principal falls due at the end."),
    ],
)
def test_rows_tell_the_rule_of_their_method(method: str, rule: str) -> None:
    for loan in (body(method), body(method, as_of="2023-10-16")):
        *rows, last = answer(loan)["rows"]
        assert all(row["explain"]["en"].endswith(rule) for row in rows)
        assert last["explain"]["en"].endswith("The last row takes all that remains.")


def test_a_flat_loan_with_a_history_tells_rates_and_principal_of_what_was_agreed() -> None:
    loan = body("flat", changes=[CHANGES["rate_change"], CHANGES["drawdown"]])
    first, *_, last = (row["explain"] for row in answer(loan)["rows"])
    assert " agreed at 8.5 % a year on 100,000.00 (30/360, 31 nights)" in first["en"]
    assert " agreed at 8.5 % and 6 % a year on 125,000.00 (30/360, 30 nights)" in last["en"]
    assert " ตามที่ตกลง ร้อยละ 8.5 และ 6 ต่อปี ของ 125,000.00 " in last["th"]


def test_rows_that_were_due_before_a_flat_loan_was_re_aged_tell_what_was_agreed_then_and_the_new_rows_do_not() -> None:
    rows = answer(body("flat", changes=[CHANGES["re_age"], CHANGES["drawdown"] | {"on": "2024-04-01"}]))["rows"]
    assert [" agreed at 8.5 % a year on 100,000.00" in row["explain"]["en"] for row in rows] == [True] * 5 + [False] * 7
    assert not any(" on 125,000.00" in row["explain"]["en"] for row in rows)


def test_a_principal_holiday_is_not_told_as_a_grace_as_well() -> None:
    for row in answer(body(changes=[CHANGES["principal_holiday"]]))["rows"]:
        assert "Grace" not in row["explain"]["en"]


@pytest.mark.parametrize(
    ("method", "share", "said"),
    [
        ("equal_principal", 11_111_11, "an equal share of the principal"),
        ("fixed_principal_percent", 7_500_00, "7.5 % of the principal disbursed"),
        ("flat", 11_111_11, "a share of the principal"),
    ],
)
@pytest.mark.parametrize(
    "happened",
    [
        {"payments": PAYMENTS, "as_of": "2024-03-03"},
        {"changes": [{**CHANGES["interest_pause"], "to": "2024-06-30"}], "annual_rate": "0.1500"},
    ],
    ids=["late", "paused"],
)
def test_a_principal_that_gives_way_is_not_called_a_share(method: str, share: int, said: str, happened: Body) -> None:
    """The instalment stays: what late interest takes of it, or a pause leaves of it, is no share of the principal."""
    rows = answer(body(method, **happened))["rows"][:-1]
    gave_way = [row for row in rows if parse_baht(row["principal"]) != share]
    assert gave_way
    for row in rows:
        text = row["explain"]["en"]
        assert (said in text) == (row not in gave_way), text
        assert ("The instalment stays: interest first" in text) == (row in gave_way)
        assert ("ยอดชำระคงเดิม ตัดดอกเบี้ยก่อน" in row["explain"]["th"]) == (row in gave_way)
