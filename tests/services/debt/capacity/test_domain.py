"""Goal: every figure of an assessment can be recomputed from the inputs beside it, and the group follows the thresholds
exactly, not their rounded image."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.capacity.domain import (
    CAPACITY_POLICIES,
    SEGMENT_LABELS_TH,
    CapacityInputs,
    Flag,
    Segment,
    assess,
    capacity_policy,
)
from services.debt.errors import CapacityInputsInvalid

POLICY = CAPACITY_POLICIES[0]
HOUSEHOLD = CapacityInputs(
    farm_income=180_000_00,
    nonfarm_income=60_000_00,
    transfers=10_000_00,
    farm_cost=80_000_00,
    household_expense=90_000_00,
    household_size=4,
    debt_service=75_000_00,
    total_debt=400_000_00,
)


def with_coverage(coverage: str, **changes: object) -> CapacityInputs:
    """A household whose net cash flow is ``coverage`` times its debt service of 100,000 baht."""
    net = int(Decimal(coverage) * 100_000_00)
    return replace(
        HOUSEHOLD, farm_income=500_000_00, nonfarm_income=0, transfers=0, farm_cost=0,
        household_expense=500_000_00 - net, debt_service=100_000_00, **changes,  # type: ignore[arg-type]
    )  # fmt: skip


def test_figures_by_hand() -> None:
    capacity = assess(HOUSEHOLD, POLICY)
    assert capacity.dsr.value == Decimal("0.3000")  # 75 / 250
    assert capacity.dscr.value == Decimal("1.0667")  # 80 / 75
    assert capacity.residual_ratio.value == Decimal("0.7000")  # 175 / 250
    assert capacity.residual_month.value == Decimal("1979.17")  # 95,000 / 12 / 4
    assert capacity.debt_to_income.value == Decimal("1.6000")  # 400 / 250
    assert capacity.segment is Segment.WATCH
    assert capacity.flags == ()


def test_every_figure_carries_its_inputs() -> None:
    for figure in assess(HOUSEHOLD, POLICY).figures:
        assert figure.formula
        assert figure.name_th
        assert all(value == getattr(HOUSEHOLD, name) for name, value in figure.inputs.items())
        assert figure.inputs


AMOUNTS = st.integers(0, 10**10)


@given(
    st.builds(
        CapacityInputs,
        farm_income=AMOUNTS,
        nonfarm_income=AMOUNTS,
        transfers=AMOUNTS,
        farm_cost=AMOUNTS,
        household_expense=AMOUNTS,
        household_size=st.integers(1, 15),
        debt_service=AMOUNTS,
        total_debt=AMOUNTS,
    )
)
def test_values_are_the_exact_quotients_rounded_once(inputs: CapacityInputs) -> None:
    for figure in assess(inputs, POLICY).figures:
        if figure.denominator == 0:
            assert figure.value is None
            continue
        assert figure.value is not None
        exact = Fraction(figure.numerator, figure.denominator) / (100 if figure.unit == "baht" else 1)
        step = Fraction(1, 100) if figure.unit == "baht" else Fraction(1, 10_000)
        assert abs(Fraction(figure.value) - exact) <= step / 2


@pytest.mark.parametrize(
    ("coverage", "changes", "segment"),
    [
        ("0.79999", {}, Segment.LOW),
        ("0.8", {}, Segment.WATCH),
        ("1.19999", {}, Segment.WATCH),
        ("1.2", {}, Segment.ABLE),
        ("-0.5", {}, Segment.LOW),
        ("0.5", {"dscr_three_years": Decimal("1.0")}, Segment.SHOCK),
        ("0.5", {"dscr_three_years": Decimal("0.99")}, Segment.LOW),
        ("0.99", {"disaster": True}, Segment.SHOCK),
        ("1.0", {"disaster": True}, Segment.WATCH),
        ("2.0", {"without_earner": True}, Segment.RELEASE),
    ],
)
def test_group_by_coverage(coverage: str, changes: dict[str, object], segment: Segment) -> None:
    assert assess(with_coverage(coverage, **changes), POLICY).segment is segment
    assert SEGMENT_LABELS_TH[segment]


def test_without_debt_service_only_the_sign_of_the_cash_flow_counts() -> None:
    able = assess(replace(HOUSEHOLD, debt_service=0), POLICY)
    assert (able.dscr.value, able.segment) == (None, Segment.ABLE)
    assert assess(replace(HOUSEHOLD, debt_service=0, farm_cost=10**9), POLICY).segment is Segment.LOW


@pytest.mark.parametrize(
    ("service", "flags"),
    [
        (150_000_00, ()),
        (150_000_01, (Flag.DSR_WARN,)),
        (175_000_00, (Flag.DSR_WARN,)),
        (175_000_01, (Flag.DSR_STOP, Flag.RESIDUAL_LOW)),
    ],
)
def test_flags_begin_exactly_above_their_thresholds(service: int, flags: tuple[Flag, ...]) -> None:
    assert assess(replace(HOUSEHOLD, debt_service=service), POLICY).flags == flags


def test_debt_without_income_stops() -> None:
    poor = replace(HOUSEHOLD, farm_income=0, nonfarm_income=0, transfers=0)
    assert assess(poor, POLICY).dsr.value is None
    assert assess(poor, POLICY).flags == (Flag.DSR_STOP, Flag.RESIDUAL_LOW)


def test_able_but_long_overdue_is_flagged_for_officers() -> None:
    assert assess(with_coverage("1.2", days_past_due=181), POLICY).flags == (Flag.UNWILLING,)
    assert assess(with_coverage("1.2", days_past_due=180), POLICY).flags == ()


def test_wrong_inputs_name_every_field() -> None:
    with pytest.raises(CapacityInputsInvalid) as refused:
        assess(replace(HOUSEHOLD, farm_cost=-1, household_size=0), POLICY)
    assert [problem.field for problem in refused.value.fields] == ["farm_cost", "household_size"]


def test_thresholds_in_force_are_the_newest() -> None:
    newer = replace(POLICY, effective_from=date(2024, 1, 1))
    assert capacity_policy(date(2023, 12, 31), (POLICY, newer)) is POLICY
    assert capacity_policy(date(2024, 1, 1), (POLICY, newer)) is newer
    with pytest.raises(LookupError):
        capacity_policy(date(2023, 1, 1), (newer,))
