"""Goal: the opening positions are consistent with their schedules, the debt engine reads them as they are meant, and
the year's payments bring overdue debt down by about what the programme aims at."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.debt.loans.domain import (
    DayCount,
    Frequency,
    HarvestMonth,
    Instalment,
    LoanTerms,
    Method,
    build_schedule,
    opening_instalments,
)
from services.debt.payments.domain import allocate, late_policy
from tests.demo.generator import reader

CUT_OVER_ON = date(2022, 9, 30)
LAST = date(2023, 9, 30)

Row = dict[str, str]


@pytest.fixture(scope="module")
def loans(province: Path) -> list[Row]:
    return [row for _, row, problem in reader.accepted_rows(province / "loans.csv", set()) if problem is None]


@pytest.fixture(scope="module")
def payments(province: Path) -> dict[tuple[str, str], list[Row]]:
    of_loan = defaultdict(list)
    for _, row, problem in reader.accepted_rows(province / "payments.csv", set()):
        if problem is None:
            of_loan[row["cooperative_code"], row["loan_number"]].append(row)
    return of_loan


def day_of(text: str) -> date:
    day = reader.day(text)
    assert day is not None
    return day


def opened(row: Row) -> list[Instalment]:
    """The instalments as the debt engine opens them."""
    terms = LoanTerms(
        principal=reader.money(row["principal"]),
        annual_rate=Decimal(row["annual_rate"]),
        disbursed_on=day_of(row["disbursed_on"]),
        method=Method(row["method"]),
        day_count=DayCount(row["day_count"]),
        every=Frequency(row["frequency"]).every,
        instalments=int(row["instalments"]),
        first_due_on=day_of(row["first_due_on"]),
        harvest_months=tuple(HarvestMonth(int(month)) for month in row["harvest_months"].split(";") if month),
    )
    return opening_instalments(
        build_schedule(terms),
        CUT_OVER_ON,
        *(
            reader.money(row[column])
            for column in ("opening_principal", "opening_interest", "opening_fee", "opening_overdue_principal")
        ),
    )


def overdue(instalments: list[Instalment], on: date) -> int:
    return sum(one.unpaid_principal + one.unpaid_interest for one in instalments if one.due_on < on)


def test_opening_position_is_within_its_contract(loans: list[Row]) -> None:
    for row in loans:
        principal, opening = reader.money(row["principal"]), reader.money(row["opening_principal"])
        past_due, interest = reader.money(row["opening_overdue_principal"]), reader.money(row["opening_interest"])
        assert 0 < opening <= principal, row
        assert 0 <= past_due <= opening, row
        assert past_due or not interest, row
        assert day_of(row["disbursed_on"]) < day_of(row["first_due_on"]), row
        assert day_of(row["disbursed_on"]) <= CUT_OVER_ON == day_of(row["cut_over_on"]), row
        assert Decimal("0.06") <= Decimal(row["annual_rate"]) <= Decimal("0.12"), row


def test_engine_opens_the_position_to_the_satang(loans: list[Row]) -> None:
    for row in loans:
        instalments = opened(row)
        assert sum(one.principal for one in instalments) == reader.money(row["opening_principal"])
        assert overdue(instalments, CUT_OVER_ON) == (
            reader.money(row["opening_overdue_principal"]) + reader.money(row["opening_interest"])
        )
        assert all(one.due_on != CUT_OVER_ON for one in instalments)


def test_arrears_lie_near_the_published_share(loans: list[Row]) -> None:
    outstanding = non_performing = 0
    for row in loans:
        oldest = min((one.due_on for one in opened(row) if one.due_on < CUT_OVER_ON), default=CUT_OVER_ON)
        outstanding += reader.money(row["opening_principal"])
        if (CUT_OVER_ON - oldest).days > 90:
            non_performing += reader.money(row["opening_principal"])
    # 24 % over all institutions; twelve draws of Beta(2, 6.4) spread widely around it.
    assert 0.08 < non_performing / outstanding < 0.42


def test_terms_are_mixed(loans: list[Row]) -> None:
    for column, values in {
        "method": {"equal_instalment", "equal_principal", "flat"},
        "frequency": {"monthly", "yearly", "harvest"},
        "day_count": {"30/360", "actual/365"},
        "loan_type": {"short", "medium", "long"},
    }.items():
        assert {row[column] for row in loans} == values
    assert sum(row["frequency"] == "monthly" for row in loans) < len(loans) / 3
    mean = sum(reader.money(row["principal"]) for row in loans) / len(loans) / 100
    assert 80_000 < mean < 130_000  # mean principal of small borrowers 2018: 103,570 baht


def test_payments_lie_in_the_fiscal_year_with_receipts_of_their_own(
    payments: dict[tuple[str, str], list[Row]],
) -> None:
    receipts = set()
    for (cooperative, _), rows in payments.items():
        for row in rows:
            assert date(2022, 10, 1) <= day_of(row["paid_on"]) <= LAST
            assert reader.money(row["amount"]) > 0
            assert (cooperative, row["receipt_number"]) not in receipts
            receipts.add((cooperative, row["receipt_number"]))
    assert {row["channel"] for rows in payments.values() for row in rows} == {"cash", "transfer", "savings_set_off"}


def test_overdue_debt_of_the_cohort_falls_by_cash_alone(
    loans: list[Row], payments: dict[tuple[str, str], list[Row]]
) -> None:
    before = after = everything_before = excess = paid = 0
    for row in loans:
        instalments = opened(row)
        at_baseline = overdue(instalments, CUT_OVER_ON)
        policy = late_policy(Decimal(row["annual_rate"]))
        of_loan = payments.get((row["cooperative_code"], row["loan_number"]), [])
        for payment in sorted(of_loan, key=lambda payment: day_of(payment["paid_on"])):
            amount = reader.money(payment["amount"])
            allocation = allocate(instalments, amount, day_of(payment["paid_on"]), policy)
            instalments, excess, paid = allocation.instalments, excess + allocation.excess, paid + amount
        if at_baseline:
            before, after = before + at_baseline, after + overdue(instalments, LAST)
        everything_before += at_baseline
    fall = 1 - after / before
    print(f"overdue {before / 100:,.0f} baht at the baseline; by cash alone it falls by {fall:.1%}")
    assert 0.05 < fall < 0.22  # deductions from produce come on top
    assert excess < paid * 0.01
