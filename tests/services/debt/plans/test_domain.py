"""Goal: a plan is approved by somebody else, falls due when the household has money, and says early that it fails."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.errors import PlanOwnApproval, PlanStateConflict, PlanTermsInvalid
from services.debt.loans.domain import HarvestMonth
from services.debt.plans.domain import (
    PLAN_POLICIES,
    PLAN_STATE_LABELS_TH,
    STANDING_LABELS_TH,
    PlanInstalment,
    PlanState,
    Standing,
    accept,
    after_close,
    approve,
    change_state,
    check_signature,
    check_terms,
    harvest_months,
    plan_instalments,
    plan_policy,
    put_in_force,
    reject,
    standing,
    withdraw,
)

START = date(2022, 10, 15)
INCOMES = st.dictionaries(st.integers(1, 12), st.integers(0, 10**9), max_size=12)


def test_the_road_of_a_plan() -> None:
    state = approve(PlanState.PROPOSED, approver="manager", proposer="officer", assessors={"officer"})
    assert put_in_force(accept(state)) is PlanState.IN_FORCE
    for unsigned in (PlanState.PROPOSED, PlanState.APPROVED):
        assert reject(unsigned) is PlanState.REJECTED
        assert withdraw(unsigned) is PlanState.WITHDRAWN


@pytest.mark.parametrize(("proposer", "assessors"), [("manager", set()), ("officer", {"coach", "manager"})])
def test_who_proposed_or_assessed_cannot_approve(proposer: str, assessors: set[str]) -> None:
    with pytest.raises(PlanOwnApproval) as refused:
        approve(PlanState.PROPOSED, approver="manager", proposer=proposer, assessors=assessors)
    assert (refused.value.status, refused.value.type) == (403, "plan-own-approval")
    assert refused.value.detail_th


ALLOWED = {
    ("proposed", "approved"),
    ("proposed", "rejected"),
    ("proposed", "withdrawn"),
    ("approved", "accepted"),
    ("approved", "rejected"),
    ("approved", "withdrawn"),
    ("accepted", "in_force"),
    ("in_force", "completed"),
    ("in_force", "breached"),
}


@pytest.mark.parametrize("state", PlanState)
@pytest.mark.parametrize("to", PlanState)
def test_only_the_drawn_moves_are_possible(state: PlanState, to: PlanState) -> None:
    if (state, to) in ALLOWED:
        assert change_state(state, to) is to
    else:
        with pytest.raises(PlanStateConflict):
            change_state(state, to)


def test_a_close_completes_or_breaches_only_a_plan_in_force() -> None:
    assert after_close(PlanState.IN_FORCE, Standing.BREACHED, debt_is_settled=False) is PlanState.BREACHED
    assert after_close(PlanState.IN_FORCE, Standing.BREACHED, debt_is_settled=True) is PlanState.COMPLETED
    assert after_close(PlanState.IN_FORCE, Standing.AT_RISK, debt_is_settled=False) is PlanState.IN_FORCE
    assert after_close(PlanState.PROPOSED, Standing.BREACHED, debt_is_settled=True) is PlanState.PROPOSED


@pytest.mark.parametrize("share", ["0", "0.10", "0.35", "0.50"])
def test_shares_within_bounds(share: str) -> None:
    check_terms(Decimal(share), 1)


@pytest.mark.parametrize(
    ("share", "instalments", "field"),
    [
        ("0.09", 1, "deduction_share"),
        ("0.51", 1, "deduction_share"),
        ("0.2", 0, "instalments"),
        ("0.2", 181, "instalments"),
    ],
)
def test_terms_out_of_bounds_name_the_field(share: str, instalments: int, field: str) -> None:
    with pytest.raises(PlanTermsInvalid) as refused:
        check_terms(Decimal(share), instalments)
    assert [problem.field for problem in refused.value.fields] == [field]


def test_harvest_months_are_those_with_the_highest_income() -> None:
    income = {11: 90_000_00, 1: 10_000_00, 4: 50_000_00, 6: 5_000_00, 8: 1_00, 9: 0}
    assert harvest_months(income) == (
        HarvestMonth(1, 10_000_00),
        HarvestMonth(4, 50_000_00),
        HarvestMonth(6, 5_000_00),
        HarvestMonth(11, 90_000_00),
    )
    assert harvest_months({}) == tuple(HarvestMonth(month, 1) for month in range(1, 13))


@pytest.mark.parametrize("income", [{0: 1}, {13: 1}, {5: -1}])
def test_impossible_income_is_refused(income: dict[int, int]) -> None:
    with pytest.raises(PlanTermsInvalid) as refused:
        harvest_months(income)
    assert [(problem.field, problem.code) for problem in refused.value.fields] == [("case_id", "income_out_of_range")]


def test_instalments_fall_at_the_end_of_harvest_months_by_weight() -> None:
    plan = plan_instalments(100_000_00, START, 4, {11: 30_000_00, 4: 10_000_00})
    assert plan == [
        PlanInstalment(1, date(2022, 11, 30), 37_500_00),
        PlanInstalment(2, date(2023, 4, 30), 12_500_00),
        PlanInstalment(3, date(2023, 11, 30), 37_500_00),
        PlanInstalment(4, date(2024, 4, 30), 12_500_00),
    ]


def test_a_plan_that_starts_on_a_month_end_begins_in_the_next_month() -> None:
    assert plan_instalments(10_00, date(2022, 9, 30), 1, {})[0].due_on == date(2022, 10, 31)
    assert plan_instalments(10_00, date(2022, 9, 29), 1, {})[0].due_on == date(2022, 9, 30)


def test_nothing_to_pay_names_the_case_that_was_sent() -> None:
    with pytest.raises(PlanTermsInvalid) as refused:
        plan_instalments(0, START, 1, {})
    assert [(problem.field, problem.code) for problem in refused.value.fields] == [("case_id", "nothing_overdue")]


@given(st.integers(1, 10**11), st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 60), INCOMES)
def test_a_plan_covers_the_amount_exactly(
    amount: int, starts_on: date, instalments: int, income: dict[int, int]
) -> None:
    plan = plan_instalments(amount, starts_on, instalments, income)
    assert sum(instalment.amount for instalment in plan) == amount
    assert len(plan) == instalments
    assert all(instalment.amount >= 0 for instalment in plan)
    assert starts_on < plan[0].due_on
    assert all(before.due_on < after.due_on for before, after in pairwise(plan))


def test_what_falls_due_by_the_signature_is_not_signed() -> None:
    plan = plan_instalments(10_00, date(2022, 9, 29), 2, {})
    check_signature(plan, date(2022, 9, 29))
    for signed_on in (date(2022, 9, 30), date(2023, 2, 1)):
        with pytest.raises(PlanTermsInvalid) as refused:
            check_signature(plan, signed_on)
        (problem,) = refused.value.fields
        assert problem.field == "instalments.0.due_on"
        assert "withdraw" in problem.message_en
        assert "ถอนแผน" in problem.message_th


def test_standing_is_at_risk_in_the_days_of_grace_and_breached_after_them() -> None:
    due = date(2022, 11, 30)
    plan = [PlanInstalment(1, due, 1_000_00), PlanInstalment(2, date(2023, 11, 30), 1_000_00)]
    policy = plan_policy(due)
    grace = timedelta(days=policy.grace_days)
    one_day = timedelta(days=1)
    assert standing(plan, 0, due, policy) is Standing.ON_TRACK
    assert standing(plan, 999_99, due + one_day, policy) is Standing.AT_RISK
    assert standing(plan, 999_99, due + grace, policy) is Standing.AT_RISK
    assert standing(plan, 999_99, due + grace + one_day, policy) is Standing.BREACHED
    assert standing(plan, 1_000_00, due + grace + one_day, policy) is Standing.ON_TRACK


def test_days_of_grace_in_force_are_the_newest() -> None:
    later = replace(PLAN_POLICIES[0], effective_from=date(2027, 10, 1), grace_days=60)
    policies = (later, *PLAN_POLICIES)
    assert plan_policy(date(2027, 9, 30), policies) is PLAN_POLICIES[0]
    assert plan_policy(date(2027, 10, 1), policies) is later
    with pytest.raises(LookupError):
        plan_policy(date(2027, 9, 30), [later])


def test_every_state_has_a_thai_label() -> None:
    assert set(PLAN_STATE_LABELS_TH) == set(PlanState)
    assert set(STANDING_LABELS_TH) == set(Standing)
