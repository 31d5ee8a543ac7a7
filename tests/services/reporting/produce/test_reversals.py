"""Goal: a delivery that is reversed is in no figure of produce any more, in whatever order its events come."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from shared.chassis.database import Database
from shared.chassis.events import Event
from shared.contracts.livelihood import ProduceDelivered, ProduceSettled
from shared.kernel.identifiers import derived_id
from tests.conftest import DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import Said

_DELIVERED_ON = date(2022, 11, 20)
_SETTLED_ON = date(2022, 11, 22)
_REVERSED_ON = date(2022, 12, 5)
_CELLS = ("measure_day", "measure_cell", "measure_year")


def _delivered(name: str) -> ProduceDelivered:
    return ProduceDelivered(
        **_about(name),
        delivered_on=_DELIVERED_ON,
        crop="rice_wet",
        kilograms=Decimal(1000),
        gross=10_000_00,
        savings=500_00,
        paid=6_500_00,
        held=3_000_00,
    )


def _settled(name: str) -> ProduceSettled:
    return ProduceSettled(
        **_about(name),
        revision=1,
        settled_on=_SETTLED_ON,
        gross=10_000_00,
        debt=3_000_00,
        savings=500_00,
        paid=6_500_00,
    )


def _reversed(name: str) -> ProduceSettled:
    nothing = dict.fromkeys(("gross", "debt", "savings", "paid"), 0)
    return _settled(name).model_copy(update={"revision": 2, "settled_on": _REVERSED_ON, **nothing})


def _about(name: str) -> dict[str, Any]:
    return {name: derived_id(name) for name in ("cooperative_id", "member_id")} | {"delivery_id": derived_id(name)}


def _said(events: Sequence[Event]) -> list[Said]:
    return [Said(event, 1, _DELIVERED_ON) for event in events]


async def _cells(database: Database) -> dict[str, list[dict[str, Any]]]:
    """What of the cells is not nothing."""
    async with database.unscoped() as session:
        return {
            table: [
                {name: value for name, value in dict(row).items() if value != 0}
                for row in await session.fetch(f"select * from {table} order by 3")
            ]
            for table in _CELLS
        }


@pytest.mark.parametrize("batch_size", [1, 2, 6])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_reversed_delivery_is_in_no_cell(
    database_of: DatabaseOf, hear: Hear, order: tuple[int, ...], batch_size: int
) -> None:
    database = await database_of("reporting")
    await hear(database, [_said([_delivered("other"), _settled("other")])])
    expected = await _cells(database)

    told = [_delivered("mistake"), _settled("mistake"), _reversed("mistake")]
    events = _said([*(told[number] for number in order), *told])  # a replay tells all of it once more
    await hear(database, [events[start : start + batch_size] for start in range(0, len(events), batch_size)])

    assert await _cells(database) == expected


async def test_until_its_reversal_a_delivery_counts_where_it_was_delivered_and_settled(
    database_of: DatabaseOf, hear: Hear
) -> None:
    database = await database_of("reporting")
    await hear(database, [_said([_delivered("mistake"), _settled("mistake")])])
    [year] = (await _cells(database))["measure_year"]
    assert (year["produce_gross"], year["produce_gross_rows"]) == (10_000_00, 1)
    assert year["produce_to_debt"] + year["produce_to_savings"] + year["produce_to_members"] == 10_000_00

    await hear(database, [_said([_reversed("mistake")])])
    assert await _cells(database) == {table: [] for table in _CELLS}
