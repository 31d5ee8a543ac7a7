"""Goal: a figure is rounded once, half away from zero; the parts of K01 sum to its change whatever the sums are."""

from dataclasses import fields, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.kpis.domain import (
    KPI_BY_ID,
    KPIS,
    PART_LABELS,
    Figure,
    Kpi,
    Sums,
    attainment_hundredths,
    no_sums,
    reads_of,
    render_value,
    value_of,
)

NOTHING = no_sums("TH", date(2023, 9, 30), None, 77)
amounts = st.integers(-(10**14), 10**14)


def sums_of(**given: int) -> Sums:
    values = {field.name: getattr(NOTHING, field.name) for field in fields(Sums)}
    return Sums(**values | given)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**15))
def test_a_percentage_is_the_exact_quotient_rounded_half_up_once(numerator: int, denominator: int) -> None:
    value = value_of(KPI_BY_ID["K01"], Figure(numerator, denominator, is_provisional=False))
    exact = Decimal(numerator) * 100 / Decimal(denominator)
    assert value is not None
    assert Decimal(str(render_value(value, "percent"))) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
def test_a_formula_reads_what_it_is_said_to_read_and_nothing_else(kpi: Kpi) -> None:
    sums = sums_of(**{field.name: number for number, field in enumerate(fields(Sums)) if field.type is int})
    read = reads_of([kpi])
    assert read
    unread: dict[str, Any] = {field.name: None for field in fields(Sums) if field.name not in read}
    assert kpi.compute(replace(sums, **unread)) == kpi.compute(sums)


def test_without_a_basis_there_is_no_value() -> None:
    for kpi in KPIS:
        figure = kpi.compute(NOTHING)
        if figure.denominator is None:
            assert value_of(kpi, figure) == 0
        elif kpi.id != "K04":
            assert value_of(kpi, figure) is None
            assert attainment_hundredths(kpi, figure, Decimal(10)) is None


@given(st.tuples(*[amounts] * 11), st.integers(1, 10**14))
def test_the_parts_of_k01_sum_to_its_change(parts: tuple[int, ...], baseline: int) -> None:
    names = ("cash", "produce", "set_off", "waived", "written_off", "rescheduled", "left_cohort", "newly_overdue")
    stated = dict(zip(names, parts, strict=False))
    since = dict(zip(("cash_since", "produce_since", "set_off_since"), parts[8:], strict=True))
    sums = sums_of(**stated, **since, cohort_baseline=baseline, cohort_overdue=baseline - sum(stated.values()))
    for kpi_id in ("K01", "K01x"):
        figure = KPI_BY_ID[kpi_id].compute(sums)
        assert sum(part.amount for part in figure.parts) == figure.numerator == sum(parts)


@pytest.mark.parametrize(
    ("kpi_id", "figure", "target", "expected"),
    [
        ("K01", Figure(5, 100, is_provisional=False), "10", 5_000),
        ("K01", Figure(-5, 100, is_provisional=False), "10", -5_000),
        ("K01", Figure(1, 3, is_provisional=False), "12.5", 26_667),
        ("K02", Figure(12, None, is_provisional=False), "1100", 109),
    ],
)
def test_attainment_is_the_figure_over_the_target(kpi_id: str, figure: Figure, target: str, expected: int) -> None:
    assert attainment_hundredths(KPI_BY_ID[kpi_id], figure, Decimal(target)) == expected


def test_every_kpi_and_part_is_told_in_both_languages() -> None:
    assert [kpi.id for kpi in KPIS] == [
        "K01", "K01x", "K01b", "K01c", "K02", "K04", "K06", "K07", "K08", "K10", "K14", "K17", "K20", "K21",
    ]  # fmt: skip
    for kpi in KPIS:
        assert kpi.name_th, kpi.id
        assert kpi.name_en, kpi.id
        assert kpi.definition_th, kpi.id
        assert kpi.definition_en, kpi.id
        assert all(part.code in PART_LABELS for part in kpi.compute(NOTHING).parts)
