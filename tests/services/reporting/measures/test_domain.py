"""Goal: cells add up whatever the order and the grouping, and what is taken back leaves nothing."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.measures.domain import (
    COUNTED,
    MONTHLY_ONLY,
    Cells,
    Contribution,
    Measure,
    cells_of,
    flow,
    rows_column,
)
from shared.kernel.calendar import fiscal_year_bounds
from shared.kernel.identifiers import derived_id

contributions = st.builds(
    lambda cooperative, measure, day, value: flow(
        derived_id("co-operative", cooperative),
        measure,
        date(2022, 9, 1) + timedelta(days=day),
        0 if measure in COUNTED else value,
    ),
    st.integers(1, 3),
    st.sampled_from(Measure),
    st.integers(0, 500),
    st.integers(-(10**12), 10**12),
)


@given(st.lists(contributions, max_size=30), st.randoms(use_true_random=False))
def test_cells_do_not_depend_on_the_order(items: list[Contribution], random: object) -> None:
    shuffled = sorted(items, key=lambda _item: random.random())  # type: ignore[attr-defined]
    assert cells_of(items) == cells_of(shuffled)


@given(st.lists(contributions, max_size=30))
def test_what_is_taken_back_leaves_nothing(items: list[Contribution]) -> None:
    assert cells_of([*items, *(item.taken_back() for item in items)]) == ({}, {}, {})


@given(st.lists(contributions, max_size=30))
def test_cells_are_the_sums_of_the_contributions(items: list[Contribution]) -> None:
    daily = [item for item in items if item.measure not in MONTHLY_ONLY]
    days, months, years = cells_of(items)
    assert days == _summed(daily, lambda item: item.day)
    assert months == _summed(items, lambda item: item.day.replace(day=1))
    assert years == _summed(daily, lambda item: fiscal_year_bounds(item.fiscal_year_be)[0])


def _summed(items: list[Contribution], period: Callable[[Contribution], date]) -> Cells:
    sums: Counter[tuple[UUID, int, date, str]] = Counter()
    for item in items:
        key = (item.cooperative_id, item.fiscal_year_be, period(item))
        sums[*key, rows_column(item.measure)] += item.rows
        if item.measure not in COUNTED:
            sums[*key, item.measure] += item.value
    cells: Cells = {}
    for (cooperative_id, year, day, column), amount in sums.items():
        if amount:
            cells.setdefault((cooperative_id, year, day), {})[column] = amount
    return cells


def test_every_measure_has_a_column_of_its_own() -> None:
    assert len({rows_column(measure) for measure in Measure}) == len(Measure)
