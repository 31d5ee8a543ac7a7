"""Goal: every row of a schedule is exact to the satang, and a loan that began elsewhere opens without losing one."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.errors import LoanTermsInvalid, OpeningPositionInvalid
from services.debt.loans.domain import (
    LOAN_PRINCIPAL_MAX,
    DayCount,
    Frequency,
    HarvestMonth,
    Instalment,
    LoanTerms,
    Method,
    Schedule,
    build_schedule,
    opening_instalments,
    spread,
)
from services.debt.loans.schedules.explanation import explained_schedule
from services.debt.loans.schedules.terms import YEARLY
from tests.services.debt.loans.calculator import Contract, table

JANUARY = date(2022, 1, 15)
# What files of co-operatives may name; everything else is in schedules/.
SPINE_METHODS = (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.FLAT)
SPINE_DAY_COUNTS = (DayCount.THIRTY_360, DayCount.ACTUAL_365)

ONE_HARVEST = (HarvestMonth(11),)
TWO_HARVESTS = (HarvestMonth(1, 70_000_00), HarvestMonth(11, 30_000_00))


def terms(  # one shape for all tests; the defaults are a plain monthly loan
    method: Method = Method.EQUAL_INSTALMENT,
    day_count: DayCount = DayCount.THIRTY_360,
    frequency: Frequency = Frequency.MONTHLY,
    instalments: int = 12,
    first_due_on: date | None = None,
    harvest_months: tuple[HarvestMonth, ...] = (),
    principal: int = 100_000_00,
    annual_rate: str = "0.0850",
    disbursed_on: date = JANUARY,
) -> LoanTerms:
    return LoanTerms(
        principal, Decimal(annual_rate), disbursed_on, method, day_count, frequency.every, instalments, first_due_on,
        harvest_months,
    )  # fmt: skip


TABLES = [
    pytest.param(
        terms(method, day_count, frequency, instalments, first_due_on, harvest_months),
        id=f"{method}-{day_count}-{name}",
    )
    for method in SPINE_METHODS
    for day_count in SPINE_DAY_COUNTS
    for name, frequency, instalments, first_due_on, harvest_months in (
        ("monthly", Frequency.MONTHLY, 36, None, ()),
        ("monthly_short_first", Frequency.MONTHLY, 12, date(2022, 2, 1), ()),
        ("monthly_long_first", Frequency.MONTHLY, 12, date(2022, 3, 31), ()),
        ("yearly", Frequency.YEARLY, 5, None, ()),
        ("yearly_long_first", Frequency.YEARLY, 3, date(2023, 3, 31), ()),
        ("one_harvest", Frequency.HARVEST, 3, date(2022, 11, 30), ONE_HARVEST),
        ("two_weighted_harvests", Frequency.HARVEST, 6, date(2022, 11, 30), TWO_HARVESTS),
        ("harvest_without_first_date", Frequency.HARVEST, 4, None, TWO_HARVESTS),
    )
]


def contract_of(loan: LoanTerms) -> Contract:
    return Contract(
        principal=loan.principal,
        rate=Fraction(loan.annual_rate),
        disbursed_on=loan.disbursed_on,
        method=str(loan.method),
        day_count=str(loan.day_count),
        instalments=loan.instalments,
        every=12 if loan.every == YEARLY else 1,
        harvest={harvest.month: int(harvest.weight) for harvest in loan.harvest_months},
        first_due_on=loan.first_due_on,
    )


def assert_equals_calculator(loan: LoanTerms) -> None:
    rows = [(row.due_on, row.principal, row.interest, row.balance) for row in build_schedule(loan).rows()]
    assert rows == [(row.due_on, row.principal, row.interest, row.balance) for row in table(contract_of(loan))]


@st.composite
def any_terms(draw: st.DrawFn) -> LoanTerms:
    frequency = draw(st.sampled_from(Frequency))
    disbursed_on = draw(st.dates(date(2000, 1, 1), date(2060, 12, 31)))
    harvest_months: tuple[HarvestMonth, ...] = ()
    first_due_on = None
    if frequency is Frequency.HARVEST:
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
        harvest_months = tuple(HarvestMonth(month, draw(st.integers(1, 10**9))) for month in months)
    if draw(st.booleans()):
        first_due_on = disbursed_on + timedelta(days=draw(st.integers(1, 800)))
        if harvest_months:
            day = min(first_due_on.day, 28)
            year = disbursed_on.year + 1 + draw(st.integers(0, 1))
            first_due_on = date(year, draw(st.sampled_from(harvest_months)).month, day)
    return LoanTerms(
        principal=draw(st.integers(1, 10**11)),
        annual_rate=Decimal(draw(st.integers(0, 1_000_000))).scaleb(-6),
        disbursed_on=disbursed_on,
        method=draw(st.sampled_from(SPINE_METHODS)),
        day_count=draw(st.sampled_from(SPINE_DAY_COUNTS)),
        every=frequency.every,
        instalments=draw(st.integers(1, 40)),
        first_due_on=first_due_on,
        harvest_months=harvest_months,
    )


@pytest.mark.parametrize("loan", TABLES)
def test_table_equals_the_independent_calculator(loan: LoanTerms) -> None:
    assert_equals_calculator(loan)


@given(any_terms())
def test_any_terms_equal_the_independent_calculator(loan: LoanTerms) -> None:
    assert_equals_calculator(loan)


@given(any_terms())
def test_schedule_returns_the_principal_and_is_never_negative(loan: LoanTerms) -> None:
    schedule = build_schedule(loan)
    rows = list(schedule.rows())
    assert len(rows) == loan.instalments
    assert sum(schedule.principal) == loan.principal
    assert rows[-1].balance == 0
    assert all(row.principal >= 0 and row.interest >= 0 and row.balance >= 0 for row in rows)
    assert all(before.due_on < after.due_on for before, after in pairwise(rows))
    assert rows[0].due_on > loan.disbursed_on


def test_textbook_annuity() -> None:
    rows = list(build_schedule(terms(annual_rate="0.12")).rows())
    assert [row.total for row in rows] == [8_884_88] * 11 + [8_884_85]
    assert [row.interest for row in rows[:3]] == [1_000_00, 921_15, 841_51]


def test_instalment_moves_once_when_the_last_row_differs_too_much() -> None:
    rows = list(build_schedule(terms(annual_rate="0.12", instalments=60)).rows())
    # At 2,224.44 the last row would be 0.43 higher, more than 30 satang; at 2,224.45 it is 0.39 lower.
    assert {row.total for row in rows[:-1]} == {2_224_45}
    assert rows[-1].total == 2_224_06


def test_equal_principal_by_hand() -> None:
    rows = list(build_schedule(terms(Method.EQUAL_PRINCIPAL, instalments=3, annual_rate="0.12")).rows())
    assert [(row.principal, row.interest, row.balance) for row in rows] == [
        (33_333_33, 1_000_00, 66_666_67),
        (33_333_33, 666_67, 33_333_34),
        (33_333_34, 333_33, 0),
    ]


def test_flat_interest_stands_on_the_original_principal() -> None:
    rows = list(build_schedule(terms(Method.FLAT, instalments=12, annual_rate="0.10")).rows())
    assert [row.interest for row in rows] == [833_33] * 11 + [833_37]
    assert sum(row.interest for row in rows) == 10_000_00


def test_short_first_period_is_prorated_by_its_nights() -> None:
    schedule = build_schedule(terms(first_due_on=date(2022, 2, 1), annual_rate="0.12"))
    assert Fraction(*schedule.factors[0]) == Fraction(12, 100) / 12 * Fraction(17, 31)
    assert Fraction(*schedule.factors[1]) == Fraction(1, 100)


def test_due_dates_clamp_to_the_month_end_and_come_back() -> None:
    schedule = build_schedule(terms(disbursed_on=date(2024, 1, 31), instalments=4))
    assert schedule.due_on == (date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31))
    said = build_schedule(terms(disbursed_on=date(2024, 1, 31), instalments=4, first_due_on=date(2024, 2, 29)))
    assert said.due_on == schedule.due_on  # to say the usual first date changes nothing


def test_harvest_instalments_follow_the_expected_income() -> None:
    loan = terms(
        Method.EQUAL_PRINCIPAL,
        frequency=Frequency.HARVEST,
        instalments=4,
        first_due_on=date(2022, 11, 30),
        harvest_months=TWO_HARVESTS,
    )
    rows = list(build_schedule(loan).rows())
    assert [row.due_on for row in rows] == [
        date(2022, 11, 30), date(2023, 1, 30), date(2023, 11, 30), date(2024, 1, 30),
    ]  # fmt: skip
    assert [row.principal for row in rows] == [15_000_00, 35_000_00, 15_000_00, 35_000_00]


def test_unpaid_interest_is_never_added_to_the_principal() -> None:
    loan = terms(
        frequency=Frequency.HARVEST,
        instalments=4,
        first_due_on=date(2022, 11, 30),
        annual_rate="0.15",
        harvest_months=(HarvestMonth(11, 1), HarvestMonth(1, 1000)),
    )
    rows = list(build_schedule(loan).rows())
    assert rows[0].principal == 0
    assert rows[0].interest > 0
    assert rows[0].balance == loan.principal


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (terms(principal=0), "principal"),
        (terms(annual_rate="1.01"), "annual_rate"),
        (terms(instalments=0), "instalments"),
        (terms(instalments=601), "instalments"),
        (terms(first_due_on=JANUARY), "first_due_on"),
        (terms(harvest_months=ONE_HARVEST), "harvest_months"),
        (terms(frequency=Frequency.HARVEST), "harvest_months"),
        (terms(frequency=Frequency.HARVEST, harvest_months=(HarvestMonth(13),)), "harvest_months"),
        (terms(frequency=Frequency.HARVEST, harvest_months=ONE_HARVEST * 2), "harvest_months"),
        (
            terms(frequency=Frequency.HARVEST, harvest_months=ONE_HARVEST, first_due_on=date(2022, 12, 1)),
            "first_due_on",
        ),
    ],
)
def test_terms_without_a_schedule_name_the_field(wrong: LoanTerms, field: str) -> None:
    with pytest.raises(LoanTermsInvalid) as refused:
        build_schedule(wrong)
    assert [problem.field for problem in refused.value.fields] == [field]
    assert refused.value.detail_th


@pytest.mark.parametrize("loan", TABLES)
def test_every_row_explains_itself_in_both_languages(loan: LoanTerms) -> None:
    schedule = build_schedule(loan)
    explained = explained_schedule(schedule)
    for row, begin, text in zip(schedule.rows(), explained.begins, explained.texts, strict=True):
        english, thai = begin + text.en, begin + text.th
        before = loan.principal if loan.method is Method.FLAT else row.balance + row.principal
        nights = (row.due_on - row.starts_on).days
        assert f"{before / 100:,.2f}" in english
        assert f"{before / 100:,.2f}" in thai
        assert f"{nights} nights" in english
        assert "half up to 0.01" in english
        assert "8.5 %" in english
        assert "ดอกเบี้ย" in thai
        assert ("takes all that remains" in english) == (row.number == loan.instalments)


def test_explanation_shows_the_proration_of_the_first_period() -> None:
    first, second, *_ = explained_schedule(build_schedule(terms(first_due_on=date(2022, 2, 1)))).texts
    assert "30/360 x 17/31" in first.en
    assert "x 30/360 (" in second.en


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_spread_loses_nothing_and_is_never_negative(total: int, weights: list[int]) -> None:
    shares = spread(total, weights)
    assert sum(shares) == total
    assert len(shares) == len(weights)
    assert min(shares) >= 0


# --- Opening positions ------------------------------------------------------------------------------------------------

CUT_OVER = date(2022, 9, 30)


def totals(rows: list[Instalment]) -> tuple[int, int, int]:
    overdue = [row for row in rows if row.due_on < CUT_OVER]
    return (
        sum(row.principal for row in rows),
        sum(row.principal for row in overdue),
        sum(row.interest for row in overdue),
    )


def loan_at_cut_over(method: Method = Method.EQUAL_PRINCIPAL) -> Schedule:
    """Due on the 30th of June to November 2022; three dates lie before the cut-over, one on it, two after it."""
    return build_schedule(
        terms(
            method, principal=60_000_00, instalments=6, first_due_on=date(2022, 6, 30), disbursed_on=date(2022, 5, 30)
        )
    )


def test_overdue_principal_fills_due_dates_from_the_latest_backwards() -> None:
    rows = opening_instalments(loan_at_cut_over(), CUT_OVER, 45_000_00, 300_01, 50_00, 15_000_00)
    overdue = [row for row in rows if row.due_on < CUT_OVER]
    assert [(row.number, row.due_on.month, row.principal) for row in overdue] == [
        (2, 7, 5_000_00),
        (3, 8, 10_000_00),
    ]
    assert [row.interest for row in overdue] == [100_00, 200_01]
    assert [row.fee for row in rows] == [50_00, 0, 0, 0, 0]
    assert {row.accrued_to for row in overdue} == {CUT_OVER}
    later = rows[2:]
    assert [row.due_on for row in later] == [date(2022, 9, 30), date(2022, 10, 30), date(2022, 11, 30)]
    assert [row.principal for row in later] == [10_000_00] * 3
    assert [row.interest for row in later] == list(loan_at_cut_over().interest[3:])


def test_rest_that_differs_from_the_schedule_is_levelled_again() -> None:
    rows = opening_instalments(loan_at_cut_over(), CUT_OVER, 36_000_00, 0, 0, 15_000_00)
    later = rows[2:]
    assert [row.principal for row in later] == [7_000_00] * 3
    assert [row.interest for row in later] == [148_75, 99_17, 49_58]  # 8.5 % / 12 of 21,000, 14,000 and 7,000


def test_flat_interest_of_later_rows_stays_when_the_rest_is_levelled() -> None:
    schedule = loan_at_cut_over(Method.FLAT)
    later = opening_instalments(schedule, CUT_OVER, 21_000_00, 0, 0, 0)
    assert [row.interest for row in later] == list(schedule.interest[3:])


def test_more_overdue_than_scheduled_goes_to_the_oldest_date() -> None:
    rows = opening_instalments(loan_at_cut_over(), CUT_OVER, 40_000_00, 0, 0, 40_000_00)
    assert [(row.number, row.principal) for row in rows] == [(1, 20_000_00), (2, 10_000_00), (3, 10_000_00)]


def test_overdue_without_a_date_before_the_cut_over_is_one_row_the_day_before() -> None:
    schedule = build_schedule(terms(disbursed_on=date(2022, 9, 15)))
    rows = opening_instalments(schedule, CUT_OVER, 100_000_00, 10_00, 0, 5_000_00)
    assert rows[0] == Instalment(0, date(2022, 9, 29), 5_000_00, 10_00, accrued_to=CUT_OVER)
    assert sum(row.principal for row in rows) == 100_000_00


def test_interest_without_overdue_principal_lies_on_the_latest_date() -> None:
    rows = opening_instalments(loan_at_cut_over(), CUT_OVER, 30_000_00, 77_00, 0, 0)
    assert (rows[0].number, rows[0].principal, rows[0].interest) == (3, 0, 77_00)


def test_rest_of_a_matured_loan_falls_due_on_the_cut_over_day() -> None:
    schedule = build_schedule(terms(disbursed_on=date(2020, 1, 15)))
    rows = opening_instalments(schedule, CUT_OVER, 9_000_00, 0, 0, 8_000_00)
    assert rows[-1] == Instalment(13, CUT_OVER, 1_000_00, 0)
    assert totals(rows)[:2] == (9_000_00, 8_000_00)


def test_fee_alone_is_a_row_that_is_not_overdue() -> None:
    assert opening_instalments(loan_at_cut_over(), CUT_OVER, 0, 0, 25_00, 0) == [
        Instalment(7, CUT_OVER, 0, 0, fee=25_00)
    ]
    assert opening_instalments(loan_at_cut_over(), CUT_OVER, 0, 0, 0, 0) == []


@pytest.mark.parametrize(
    ("position", "field", "code"),
    [
        ((60_000_01, 0, 0, 0), "opening_principal", "principal_mismatch"),
        ((10_00, 0, 0, 10_01), "opening_overdue_principal", "principal_mismatch"),
        ((10_00, -1, 0, 0), "opening_interest", "negative_amount"),
    ],
)
def test_contradicting_position_is_refused(position: tuple[int, int, int, int], field: str, code: str) -> None:
    with pytest.raises(OpeningPositionInvalid) as refused:
        opening_instalments(loan_at_cut_over(), CUT_OVER, *position)
    assert [(problem.field, problem.code) for problem in refused.value.fields] == [(field, code)]


@given(any_terms(), st.data())
def test_opening_keeps_every_satang_of_the_position(loan: LoanTerms, data: st.DataObject) -> None:
    loan = replace(loan, principal=min(loan.principal, LOAN_PRINCIPAL_MAX))
    schedule = build_schedule(loan)
    cut_over_on = data.draw(st.dates(loan.disbursed_on, schedule.due_on[-1] + timedelta(days=400)))
    principal = data.draw(st.integers(0, loan.principal))
    overdue_principal = data.draw(st.integers(0, principal))
    interest, fee = data.draw(st.integers(0, 10**9)), data.draw(st.integers(0, 10**9))
    rows = opening_instalments(schedule, cut_over_on, principal, interest, fee, overdue_principal)
    overdue = [row for row in rows if row.due_on < cut_over_on]
    assert sum(row.principal for row in rows) == principal
    assert sum(row.principal for row in overdue) == overdue_principal
    assert sum(row.interest for row in overdue) == interest
    assert sum(row.fee for row in rows) == fee
    assert all(row.principal >= 0 and row.interest >= 0 for row in rows)
    assert [row.due_on for row in rows] == sorted({row.due_on for row in rows})
    assert len({row.number for row in rows}) == len(rows)
