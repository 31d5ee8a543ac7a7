"""Goal: whoever kept an account before a fiscal year is counted in a database made before that counted, too."""

import asyncio
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from services.reporting.measures.domain import Measure, cells_of, rows_column
from services.reporting.participation.domain import of_participation
from shared.chassis import migrate as migrations
from shared.chassis.initialise import initialise_database
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database
from shared.kernel.calendar import add_months, fiscal_year_bounds

_ACTIVE = rows_column(Measure.LEDGER_ACTIVE)
_BEFORE = date(2022, 9, 1)
_PLACES = [uuid4(), uuid4()]
_MEMBERS = [  # co-operative, cases, how many months before September 2022 the closed months lie
    (0, ["2566 2022-10-01"], (0, 1, 2)),
    (0, ["2566 2022-10-01"], (0, 2, 5, 5)),
    (0, ["2566 2022-10-01"], (0, 5, 5)),  # one month in two accounts
    (0, ["2566 2022-10-01"], (1, 5, 6)),
    (0, ["2566 2022-10-02"], (0, 1, 2)),
    (0, ["2566 2023-02-01", "2566 2022-09-30"], (0, 1, 2)),
    (1, ["2565 2021-10-01", "2566 2022-10-01"], (0, 1, 2, 12, 13, 14)),
    (1, ["2565 2021-10-01"], (12, 13, 14)),
    (1, [], (0, 1, 2)),
]


def _participation(place: int, cases: list[str], back: tuple[int, ...]) -> dict[str, object]:
    return {
        "cooperative_id": _PLACES[place],
        "cases": {str(number): case for number, case in enumerate(cases)},
        "closed_months": {str(number): add_months(_BEFORE, -months).isoformat() for number, months in enumerate(back)},
    }


async def test_the_month_before_a_fiscal_year_is_counted_by_the_upgrade(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = settings.database_url("reporting", "owner").rpartition("@")[2].partition("/")[0]
    monkeypatch.setenv("PLODNEE_REPORTING_DATABASE_URL", f"postgresql://{server}/older_{uuid4().hex[:12]}")
    await initialise_database(settings, "reporting")
    await asyncio.to_thread(migrations.migrate, settings, "reporting", "0003")
    rows = [_participation(*member) for member in _MEMBERS]
    _, expected, _ = cells_of(item for row in rows for item in of_participation(row))
    owner = await asyncpg.connect(settings.database_url("reporting", "owner"))
    for row in rows:
        await owner.execute(
            "insert into read_model.participation (member_id, cooperative_id, cases, closed_months)"
            " values (gen_random_uuid(), $1, $2, $3)",
            row["cooperative_id"],
            orjson.dumps(row["cases"]).decode(),
            orjson.dumps(row["closed_months"]).decode(),
        )
    counted_before = [key for key in expected if key[2] >= fiscal_year_bounds(key[1])[0]]
    for cooperative_id, year, month in [*counted_before, (_PLACES[0], 2566, _BEFORE)]:
        await _count(owner, cooperative_id, year, month, expected[cooperative_id, year, month][_ACTIVE])
    # In this cell something else has been counted, which stays.
    await owner.execute(
        "update read_model.measure_cell set ledger_active_rows = 0, cases_opened_rows = 1"
        " where month = $1 and fiscal_year_be = 2566",
        _BEFORE,
    )

    await asyncio.to_thread(migrations.migrate, settings, "reporting")

    found = await owner.fetch("select * from read_model.measure_cell")
    assert {(row["cooperative_id"], row["fiscal_year_be"], row["month"]): row[_ACTIVE] for row in found} == {
        key: changes[_ACTIVE] for key, changes in expected.items()
    }
    assert len(expected) == len(counted_before) + 3
    assert sum(row["cases_opened_rows"] for row in found) == 1
    await owner.close()
    await drop_database(settings, "reporting")


async def _count(owner: asyncpg.Connection, cooperative_id: UUID, year: int, month: date, rows: int) -> None:
    await owner.execute(
        "insert into read_model.measure_cell (cooperative_id, fiscal_year_be, month, ledger_active_rows)"
        " values ($1, $2, $3, $4)",
        cooperative_id,
        year,
        month,
        rows,
    )
