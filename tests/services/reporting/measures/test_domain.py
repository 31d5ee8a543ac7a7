"""Goal: cells add up whatever the order and the grouping, and what is taken back leaves nothing."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.measures.domain import (
    COUNTED,
    MONTHLY_ONLY,
    Contribution,
    Measure,
    by_day,
    by_month,
    by_year,
    flow,
    rows_column,
)
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
    for by in (by_day, by_month, by_year):
        assert by(items) == by(shuffled)


@given(st.lists(contributions, max_size=30))
def test_what_is_taken_back_leaves_nothing(items: list[Contribution]) -> None:
    for by in (by_day, by_month, by_year):
        assert by([*items, *(item.taken_back() for item in items)]) == {}


@given(st.lists(contributions, max_size=30))
def test_days_sum_to_months_and_years(items: list[Contribution]) -> None:
    daily = [item for item in items if item.measure not in MONTHLY_ONLY]
    for period, by in ((lambda day: day.replace(day=1), by_month), (lambda day: None, by_year)):
        summed: Counter[object] = Counter()
        for key, changes in by_day(daily).items():
            for column, amount in changes.items():
                summed[key.cooperative_id, key.fiscal_year_be, period(key.period), column] += amount
        found = {
            (key.cooperative_id, key.fiscal_year_be, period(key.period), column): amount
            for key, changes in by(daily).items()
            for column, amount in changes.items()
        }
        assert {key: amount for key, amount in summed.items() if amount} == found


def test_every_measure_has_a_column_of_its_own() -> None:
    assert len({rows_column(measure) for measure in Measure}) == len(Measure)
