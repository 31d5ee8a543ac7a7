"""Goal: every table equals that of a calculator written apart, to the satang, over every method, day count, frequency,
rounding and change, and their pairs."""

from datetime import date, timedelta
from time import process_time
from unittest.mock import patch

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules import running
from services.debt.loans.schedules.schemas import SchedulePreview, ScheduleRead
from services.debt.loans.schedules.service import is_long
from shared.kernel.money import parse_baht
from tests.services.debt.loans.schedules.bodies import (
    Body,
    answer,
    any_history,
    any_terms,
    body,
    named_bodies,
    rows_of_answer,
)
from tests.services.debt.loans.schedules.calculator import Calculator

NAMED = named_bodies()


def assert_pays_what_was_drawn(loan: Body, found: Body) -> None:
    """What no calculator has to say: nothing is negative, and the rows pay all principal and no more."""
    drawdowns = [change["amount"] for change in loan.get("changes", []) if change["type"] == "drawdown"]
    assert parse_baht(found["totals"]["principal"]) == sum(map(parse_baht, [loan["principal"], *drawdowns]))
    assert found["rows"][-1]["balance"] == "0.00"
    assert not [row for row in found["rows"] for name in ("principal", "interest", "balance") if row[name][0] == "-"]


def assert_equals_calculator(loan: Body) -> None:
    try:
        found = answer(loan)
    except LoanTermsInvalid:
        assume(False)
    ScheduleRead.model_validate_json(orjson.dumps(found))  # the route answers bytes, which no model has looked at
    assert_pays_what_was_drawn(loan, found)
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
    ScheduleRead.model_validate_json(orjson.dumps(found))  # the route answers bytes, which no model has looked at
    assert_pays_what_was_drawn(loan, found)
    calculator = Calculator(loan).run()
    assert rows_of_answer(found) == calculator.table()
    if "as_of" in loan:
        assert parse_baht(found["pay_off"]) == calculator.pay_off


@given(any_terms())
def test_any_contract_equals_the_independent_calculator(loan: Body) -> None:
    assert_equals_calculator(loan)


PAUSED_AT_THE_END: Body = {
    "principal": "374.53", "annual_rate": "0.000914", "method": "equal_instalment", "day_count": "30/360",
    "disbursed_on": "2023-05-04", "instalments": 3, "due_dates": ["2023-07-27", "2023-10-25", "2024-01-18"],
    "changes": [{"type": "interest_pause", "from": "2024-01-03", "to": "2024-01-25"}], "as_of": "2024-02-27",
}  # fmt: skip


@example(PAUSED_AT_THE_END)
@given(any_history())
def test_any_history_equals_the_independent_calculator(loan: Body) -> None:
    assert_equals_calculator(loan)


def test_a_payment_settles_no_row_that_it_does_not_reach() -> None:
    """What is paid on 1 December is a satang of the overdue row; the next one stands on more than it asks for."""
    loan = body(
        principal="4368.94",
        annual_rate="0.000412",
        disbursed_on="2023-10-25",
        instalments=6,
        every={"count": 1, "unit": "day"},
        first_due_on="2023-12-01",
        principal_grace=1,
        interest_grace=1,
        changes=[{"type": "add_instalment", "due_on": "2023-11-01", "amount": "614.21"}],
        payments=[{"on": "2023-10-25", "amount": "751.09"}, {"on": "2023-12-01", "amount": "0.01"}],
        as_of="2024-01-01",
    )
    found = answer(loan)
    assert rows_of_answer(found)[-1] == ("2023-12-06", 750_97, 7, 0)
    assert found["pay_off"] == "3618.15"
    assert_equals_calculator(loan)


def test_what_was_paid_of_the_last_rows_interest_beyond_what_a_change_leaves_is_principal_from_that_day_on() -> None:
    """A rate of nothing for one night makes principal of two satang of interest; a later rate does not undo that."""
    rates = [("2022-01-24", "0.000018"), ("2022-02-01", "0.000000"), ("2022-02-02", "0.200728")]
    loan = body(
        "bullet",
        principal="4321.88",
        annual_rate="0.000000",
        disbursed_on="2022-01-24",
        instalments=6,
        due_dates=["2022-01-25", "2022-01-31", "2022-02-06", "2022-04-16", "2022-06-30", "2022-09-22"],
        changes=[{"type": "rate_change", "from": day, "annual_rate": rate} for day, rate in rates],
        payments=[{"on": "2022-01-24", "amount": "0.03"}, {"on": "2022-02-01", "amount": "0.99"}],
        as_of="2022-11-01",
    )
    assert rows_of_answer(answer(loan))[-1] == ("2022-09-22", 4_321_88, 647_63, 0)
    assert_equals_calculator(loan)


@given(any_history(), st.integers(1, 3))
def test_how_many_rows_a_payment_looks_at_together_changes_nothing(loan: Body, rows: int) -> None:
    assume(loan.get("payments"))
    with patch.object(running, "ROWS_AT_ONCE", rows):
        found = answer(loan)
    assert found == answer(loan)


def test_a_set_amount_stays_when_the_term_is_extended_on_its_date() -> None:
    extend = {"type": "extend", "from": "2024-02-15", "instalments": 3}
    by_hand = {"type": "set_instalment", "due_on": "2024-02-15", "amount": "20000.00"}
    rows = rows_of_answer(answer(body(changes=[by_hand, extend])))
    assert [principal + interest for due_on, principal, interest, _ in rows if due_on == "2024-02-15"] == [20_000_00]
    assert len(rows) == 12


def test_a_moved_period_is_prorated_as_one() -> None:
    """From 29 February to 2 April are 33 nights; the full period that ends there has 31."""
    move = {"type": "move_due_date", "from": "2024-03-30", "to": "2024-04-02"}
    loan: Body = {"principal": "120000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-30", "instalments": 2}
    rows = rows_of_answer(answer(body("equal_principal", **loan, changes=[move])))
    assert rows[1] == ("2024-04-02", 60_000_00, 638_71, 0)  # 60,000 x 1 % x 33/31
    flat = rows_of_answer(answer(body("flat", **loan, changes=[move])))
    assert sum(interest for _, _, interest, _ in flat) == 2_477_42  # 120,000 x 1 % x (1 + 33/31)


def test_harvest_rows_after_a_moved_one_follow_the_rule_of_the_contract_for_short_months() -> None:
    """Until then they fall on the last day of their month, whatever the rule; from then on, on the day moved to."""
    move = {"type": "move_due_date", "from": "2024-03-31", "to": "2024-03-29"}
    harvest_months = [{"month": 2, "weight": "1"}, {"month": 3, "weight": "1"}]
    loan: Body = {"disbursed_on": "2024-01-15", "instalments": 4, "harvest_months": harvest_months, "changes": [move]}
    for month_end, last_but_one in (("clamp", "2025-02-28"), ("roll", "2025-03-01")):
        rows = rows_of_answer(answer(body(**loan, month_end=month_end)))
        assert [due_on for due_on, *_ in rows] == ["2024-02-29", "2024-03-29", last_but_one, "2025-03-29"]


def test_an_instalment_is_rounded_once() -> None:
    """62,285.71 and interest of 4,204 are 66,489.71: 66,480 to 20 baht, and not 66,500 by way of whole baht."""
    loan: Body = {"principal": "872000.00", "annual_rate": "0.0900", "disbursed_on": "2023-07-24", "instalments": 14}
    multiples = {"currency_multiple": "1", "instalment_multiple": "20"}
    rows = rows_of_answer(answer(body("equal_principal", **loan, **multiples)))
    assert rows[5][:3] == ("2024-01-24", 62_276_00, 4_204_00)


def test_what_is_late_after_a_re_aged_row_due_at_once_is_measured_by_the_new_steps() -> None:
    """28 nights after 2 February are two periods of two weeks: 0.4 % of 1,000 baht, and not a part of a quarter."""
    re_age = {"type": "re_age", "on": "2022-02-02", "start_on": "2022-02-02", "instalments": 1,
              "every": {"count": 2, "unit": "week"}, "interest": "to_date"}  # fmt: skip
    loan: Body = {"principal": "1000.00", "period_rate": "0.002000", "disbursed_on": "2022-01-01", "instalments": 4,
                  "every": {"count": 3, "unit": "month"}, "changes": [re_age], "as_of": "2022-03-02"}  # fmt: skip
    whole = body("equal_principal", "per_period", **loan)
    assert_equals_calculator(whole)
    assert rows_of_answer(answer(whole))[-1][2] == 4_71  # and 71 satang of the 32 nights before: 2 x 32/90


def test_interest_that_waits_behind_a_row_paid_ahead_is_owed_at_a_pay_off() -> None:
    """600 and 502.47 of the rows that are past, 19 of 31 nights of the 403.97 that were paid ahead, with 30,447.74."""
    paid = [("2024-02-01", "9752.90"), ("2024-03-01", "9850.43"), ("2024-03-05", "9948.93")]
    loan: Body = {"principal": "60000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 6,
                  "interest_grace": 3, "payments": [{"on": on, "amount": amount} for on, amount in paid]}  # fmt: skip
    assert answer(body(**loan, as_of="2024-03-20"))["pay_off"] == "31797.80"


def test_a_flat_loan_is_paid_off_with_the_interest_of_its_nights_less_what_was_paid() -> None:
    """Three rows of 440.00 interest, two of them due by 1 March: two months bear 240.00, and lateness 40.00."""
    loan = body("flat", principal="12000.00", annual_rate="0.1200", disbursed_on="2024-01-01", as_of="2024-03-01",
                instalments=3, due_dates=["2024-02-01", "2024-03-01", "2024-12-01"])  # fmt: skip
    late = "12280.00"
    assert answer(loan)["pay_off"] == late
    assert answer(loan | {"payments": [{"on": "2024-03-01", "amount": late}]})["pay_off"] == "0.00"
    on_time = [{"on": "2024-02-01", "amount": "4440.00"}, {"on": "2024-03-01", "amount": "4440.00"}]
    assert answer(loan | {"payments": on_time})["pay_off"] == "3360.00"  # 12,240.00 less 8,880.00


def test_interest_that_was_paid_ahead_comes_off_the_pay_off() -> None:
    """60,000, with 600 of January and 24 of 29 nights' 600 of February, less the 30,000 that were paid."""
    loan: Body = {"principal": "60000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 6,
                  "payments": [{"on": "2024-02-21", "amount": "30000.00"}]}  # fmt: skip
    assert answer(body("bullet", **loan, as_of="2024-02-25"))["pay_off"] == "31096.55"


def test_what_a_change_makes_of_nights_that_are_paid_falls_due_with_the_next_row() -> None:
    """January's 120 are paid ahead; 6,000 more from the 15th bear 17 of its 31 nights' 60, and 60 in February."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 3,
                  "payments": [{"on": "2024-01-05", "amount": "120.00"}],
                  "changes": [{"type": "drawdown", "on": "2024-01-15", "amount": "6000.00"}]}  # fmt: skip
    assert answer(body("bullet", **loan, as_of="2024-02-01"))["pay_off"] == "18032.90"
    for known in ({}, {"as_of": "2024-01-20"}, {"as_of": "2024-02-01"}):
        found = answer(body("bullet", **loan, **known))
        assert [row["interest"] for row in found["rows"]] == ["120.00", "212.90", "180.00"]


@pytest.mark.parametrize(
    ("change", "later"),
    [
        ({"type": "principal_holiday", "from": "2024-02-01", "instalments": 1}, 4),
        ({"type": "extend", "from": "2024-02-01", "instalments": 20}, 23),
    ],
)
def test_a_row_of_which_more_is_paid_than_a_change_leaves_keeps_it(change: Body, later: int) -> None:
    """120 of interest and 880 of principal were paid; the rows after it are level over the other 11,120."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 4,
                  "payments": [{"on": "2024-01-31", "amount": "1000.00"}], "changes": [change]}  # fmt: skip
    first, *rows = rows_of_answer(answer(body("equal_instalment", **loan)))
    assert first == ("2024-02-01", 880_00, 120_00, 11_120_00)
    contract = body("equal_instalment", **{**loan, "principal": "11120.00", "disbursed_on": "2024-02-01"})
    level = rows_of_answer(answer({**contract, "instalments": later, "payments": [], "changes": []}))
    assert rows == level


def test_a_moved_row_may_be_dropped_by_its_new_date() -> None:
    changes = [{"type": "move_due_date", "from": "2024-03-01", "to": "2024-03-10"},
               {"type": "drop_instalment", "due_on": "2024-03-10"}]  # fmt: skip
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 4}
    rows = rows_of_answer(answer(body("equal_instalment", **loan, changes=changes)))
    assert [row[0] for row in rows] == ["2024-02-01", "2024-04-10", "2024-05-10"]


def test_a_rate_counts_for_what_is_late_after_the_last_due_date() -> None:
    """12,000 are late for 9 nights of the 31 from 1 May at 12 %, and for 15 at 24 %: 34.84 and 116.13."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 4,
                  "changes": [{"type": "rate_change", "from": "2024-05-10", "annual_rate": "0.2400"}]}  # fmt: skip
    before = parse_baht(answer(body("bullet", **{**loan, "changes": []}, as_of="2024-05-01"))["pay_off"])
    assert parse_baht(answer(body("bullet", **loan, as_of="2024-05-25"))["pay_off"]) == before + 150_97
    with pytest.raises(LoanTermsInvalid, match="no unpaid instalment is left"):
        answer(body("bullet", **loan))


@pytest.mark.parametrize("as_of", [None, "2024-01-20", "2024-01-31", "2024-02-01", "2024-02-10", "2024-03-15"])
def test_a_row_that_has_paid_for_the_nights_before_it_has_paid_once(as_of: str | None) -> None:
    """33.54 of January's nights are paid with February's 171.62; March and April bear 183.45 and 177.53."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 4,
                  "day_count": "actual/365",
                  "payments": [{"on": "2024-01-05", "amount": "122.30"}, {"on": "2024-01-20", "amount": "205.16"}],
                  "changes": [{"type": "drawdown", "on": "2024-01-15", "amount": "6000.00"}]}  # fmt: skip
    rows = answer(body("bullet", **loan, **({} if as_of is None else {"as_of": as_of})))["rows"]
    assert [row["interest"] for row in rows] == ["122.30", "205.16", "183.45", "177.53"]


def test_what_was_paid_of_the_last_rows_interest_beyond_what_a_change_leaves_of_it_is_principal() -> None:
    """120 were paid, 100.65 of them of nights that bear none: 11,899.35 are late, 4.10 a night."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 1,
                  "payments": [{"on": "2024-01-05", "amount": "120.00"}],
                  "changes": [{"type": "interest_pause", "from": "2024-01-06", "to": "2024-01-31"}]}  # fmt: skip
    days = ("2024-01-31", "2024-02-01", "2024-02-02", "2024-03-01")
    pay_offs = []
    for day in days:
        found = answer(body("bullet", **loan, as_of=day))
        assert_equals_calculator(body("bullet", **loan, as_of=day))
        pay_offs.append(found["pay_off"])
        # What the table leaves to be paid is what would settle the loan.
        left = parse_baht(found["totals"]["total"]) - parse_baht(found["totals"]["paid"])
        assert left == parse_baht(found["pay_off"])
    assert pay_offs == ["11899.35", "11899.35", "11903.46", "12018.35"]


def test_nights_before_an_extension_bear_interest_behind_a_row_that_was_paid_ahead() -> None:
    """The January row lies between re-aged ones; 44,700 are late for the period of two months around it: 447.00."""
    re_age = {"type": "re_age", "on": "2025-10-01", "start_on": "2025-10-01", "instalments": 2,
              "every": {"count": 2, "unit": "month"}}  # fmt: skip
    loan: Body = {"principal": "60000.00", "period_rate": "0.0100", "method": "equal_instalment",
                  "disbursed_on": "2025-01-01", "instalments": 2, "harvest_months": [{"month": 1}],
                  "payments": [{"on": "2025-01-01", "amount": "0.01"}, {"on": "2026-02-01", "amount": "0.01"}],
                  "changes": [re_age, {"type": "extend", "from": "2025-10-02", "instalments": 1}]}  # fmt: skip
    assert rows_of_answer(answer(loan))[-1] == ("2026-02-01", 15_300_00, 112_19 + 447_00, 0)


def test_a_set_amount_takes_no_principal_that_was_paid_of_later_rows() -> None:
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 2,
                  "interest_grace": 1, "payments": [{"on": "2024-01-05", "amount": "11000.00"}],
                  "changes": [{"type": "set_instalment", "due_on": "2024-02-01", "amount": "2400.00"}]}  # fmt: skip
    with pytest.raises(LoanTermsInvalid, match=r"all that is left to pay on this date is 1360\.00"):
        answer(body("bullet", **loan))


def test_nights_that_a_pause_gives_back_come_off_the_next_rows() -> None:
    """17 of January's 31 nights were paid, 65.81; what February's 40 do not need of it comes off March's."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 3,
                  "payments": [{"on": "2024-01-05", "amount": "120.00"}],
                  "changes": [{"type": "interest_pause", "from": "2024-01-15", "to": "2024-01-31"},
                              {"type": "rate_change", "from": "2024-02-01", "annual_rate": "0.0400"}]}  # fmt: skip
    found = answer(body("bullet", **loan, as_of="2024-01-31"))
    assert [row["interest"] for row in found["rows"]] == ["120.00", "0.00", "14.19"]


def test_a_little_money_ahead_does_not_settle_the_rows_of_nothing_before_it() -> None:
    """January 600; February 600 x 9/29 + 300 x 20/29; March and April 300 each, at the rate from 10 February."""
    change = {"type": "rate_change", "from": "2024-02-10", "annual_rate": "0.0600"}
    loan: Body = {"principal": "60000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 6,
                  "principal_grace": 3, "interest_grace": 3, "changes": [change],
                  "payments": [{"on": "2024-01-20", "amount": "100.00"}]}  # fmt: skip
    rows = rows_of_answer(answer(body("equal_principal", **loan)))
    assert rows[3] == ("2024-05-01", 20_000_00, 1_593_10, 40_000_00)


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "fixed_principal_percent", "flat"])
def test_a_re_aged_loan_is_levelled_over_the_rows_that_nobody_paid(method: str) -> None:
    """45,000 baht ahead settle the rows of April and May; the five new rows lie between and after them."""
    re_age = {"type": "re_age", "on": "2024-03-10", "start_on": "2024-04-15", "instalments": 5}
    drawdown = {"type": "drawdown", "on": "2024-04-20", "amount": "7000.00"}
    loan: Body = {"principal": "60000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", "instalments": 6,
                  "payments": [{"on": "2024-02-20", "amount": "45000.00"}], "changes": [re_age, drawdown]}  # fmt: skip
    rows = rows_of_answer(answer(body(method, **loan)))
    assert sum(principal for _, principal, _, _ in rows) == 67_000_00
    later = [principal for due_on, principal, _, _ in rows if due_on > "2024-05-01" and due_on.endswith("15")]
    assert max(later) - min(later) < 4


@pytest.mark.parametrize("payments", [0, 1000])
def test_lateness_of_a_lifetime_is_measured_at_once_and_told_in_few_words(payments: int) -> None:
    paid = [{"on": str(date(2024, 1, 1) + timedelta(days=64 * number)), "amount": "0.01"} for number in range(payments)]
    loan = body(every={"count": 1, "unit": "day"}, payments=paid, as_of="2199-12-31")
    begun = process_time()
    found = answer(loan)

    assert process_time() - begun < 10  # half a second; minutes, where every day is counted from the first one
    assert found["rows"][-1]["balance"] == "0.00"
    assert len(found["rows"][-1]["explain"]["en"]) < 1000  # tens of thousands of days, told one by one, are a megabyte
    assert is_long(SchedulePreview.model_validate(loan))


@pytest.mark.parametrize(
    ("change", "interest"),
    [
        ({"type": "rate_change", "from": "2024-05-15", "annual_rate": "0.1200"}, "660.00"),  # 420.00 of six rows
        ({"type": "extend", "from": "2024-05-20", "instalments": 2}, "740.00"),  # 500.00 of eight
        ({"type": "drop_instalment", "due_on": "2024-07-15"}, "690.00"),  # 450.00 of five
        ({"type": "drop_instalment", "due_on": "2024-09-15"}, "640.00"),  # 400.00 of five
    ],
)
def test_overdue_interest_that_was_spread_is_owed_whole_also_after_a_later_change(change: Body, interest: str) -> None:
    """The 240.00 of two missed rows, 15.00 of them late interest, are spread over the six that are left."""
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-15", "instalments": 8}
    changes = [{"type": "re_amortise", "on": "2024-04-01"}, change]
    found = answer(body("equal_principal", **loan, changes=changes, as_of="2024-04-01"))
    assert found["totals"]["interest"] == interest


def test_level_instalments_that_take_overdue_interest_stay_level_through_a_change_before_it_is_paid() -> None:
    loan: Body = {"principal": "12000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-15", "instalments": 8}
    re_amortise = {"type": "re_amortise", "on": "2024-04-01"}
    to_the_same_rate = {"type": "rate_change", "from": "2024-04-10", "annual_rate": "0.1200"}
    rows = [
        rows_of_answer(answer(body("equal_instalment", **loan, changes=changes, as_of="2024-04-01")))
        for changes in ([re_amortise], [re_amortise, to_the_same_rate])
    ]
    assert rows[1] == rows[0]
    assert [principal + interest for _, principal, interest, _ in rows[0][2:]] == [2_111_58] * 5 + [2_111_59]


@pytest.mark.parametrize(
    ("on", "calendar", "totals"),
    [
        ("2025-01-15", {"instalments": 24}, [9_937_84] * 11 + [9_937_85]),
        (
            "2026-05-15",
            {"instalments": 10, "harvest_months": [{"month": 12, "weight": "1"}, {"month": 3, "weight": "2"}]},
            [21_326_99, 42_653_99, 21_326_99, 42_653_99, 21_326_98],
        ),
    ],
    ids=["months", "harvests"],
)
def test_overdue_interest_of_more_than_an_instalment_goes_to_as_many_level_ones_as_it_takes(
    on: str, calendar: Body, totals: list[int]
) -> None:
    """Nothing was paid for a year or two: what that comes to is more than the first row that is left has room for."""
    loan: Body = {"principal": "100000.00", "annual_rate": "0.1200", "disbursed_on": "2024-01-01", **calendar,
                  "changes": [{"type": "re_amortise", "on": on}], "as_of": on}  # fmt: skip
    assert_equals_calculator(body("equal_instalment", **loan))
    rows = rows_of_answer(answer(body("equal_instalment", **loan)))[-len(totals) :]
    assert [principal + interest for _, principal, interest, _ in rows] == totals
    assert rows[0][1] == 0 < rows[1][1]


@pytest.mark.parametrize("method", ["equal_principal", "flat"])
def test_rows_take_none_of_the_principal_that_was_paid_of_a_later_one(method: str) -> None:
    """Shares of 41.67 are nothing in hundreds, so the payment went to the last row; with the drawdown they are 100."""
    loan = body(
        method, principal="1000.00", annual_rate="0.0000", instalments=24, currency_multiple="100",
        payments=[{"on": "2023-10-20", "amount": "700.00"}],
        changes=[{"type": "drawdown", "on": "2023-10-25", "amount": "300.00"}],
    )  # fmt: skip
    assert_equals_calculator(loan)
    assert [row["principal"] for row in answer(loan)["rows"] if row["principal"] != "0.00"] == ["100.00"] * 6 + [
        "700.00"
    ]


def test_a_flat_instalment_that_its_multiple_would_leave_nothing_of_is_rounded_to_the_currency() -> None:
    loan = body("flat", principal="1000.00", annual_rate="0.0000", instalments=24, instalment_multiple="100")
    assert_equals_calculator(loan)
    assert {row["principal"] for row in answer(loan)["rows"][:-1]} == {"41.67"}
