"""All writes of measure cells, and the storing of rows that contribute to them, which is handed back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.reporting.measures.domain import (
    MONTHLY_ONLY,
    CellKey,
    Cells,
    Contribute,
    Contribution,
    CooperativeYear,
    Measure,
    cells_of,
    exchanged,
    rows_column,
)
from shared.chassis.database import Row, WriteSession
from shared.chassis.inbox import insert_facts, to_json, upsert_state
from shared.chassis.rows import columns_of

_ROWS: Final = frozenset(map(rows_column, Measure))


async def add_contributions(session: WriteSession, contributions: Iterable[Contribution]) -> set[CooperativeYear]:
    """Add contributions to the cells of their days, months and fiscal years; returns whose days have changed."""
    days, months, years = cells_of(contributions)
    await _add_to_cells(session, "measure_day", "day", days)
    await _add_to_cells(session, "measure_cell", "month", months)
    await _add_to_cells(session, "measure_year", "starts_on", years)
    return {(cooperative_id, year) for cooperative_id, year, _ in days}


async def _add_to_cells(session: WriteSession, table: str, period: str, cells: Cells) -> None:
    """Add to cells in the order of their keys; drop those to which no row contributes any more."""
    if not cells:
        return
    columns = sorted(set().union(*cells.values()))
    names = ", ".join(["cooperative_id", "fiscal_year_be", period, *columns])
    added = ", ".join(f"cast(:added_{column} as bigint[])" for column in columns)
    await session.execute(
        f"""
        insert into {table} as cell ({names})
        select * from unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[]),
                             cast(:periods as date[]), {added})
         order by 1, 2, 3
        on conflict (cooperative_id, fiscal_year_be, {period})
        do update set {", ".join(f"{column} = cell.{column} + excluded.{column}" for column in columns)}
        """,
        **_keys(cells),
        **{f"added_{column}": [changes.get(column, 0) for changes in cells.values()] for column in columns},
    )
    fallen = [key for key, changes in cells.items() if min(changes.values()) < 0 and _takes_back_rows(changes)]
    if fallen:
        monthly = table == "measure_cell"
        rows = " + ".join(rows_column(measure) for measure in Measure if monthly or measure not in MONTHLY_ONLY)
        await session.execute(
            f"""
            delete from {table} as cell
            using unnest(cast(:cooperative_ids as uuid[]), cast(:fiscal_years as integer[]), cast(:periods as date[]))
                  as fallen (cooperative_id, fiscal_year_be, period)
            where cell.cooperative_id = fallen.cooperative_id and cell.fiscal_year_be = fallen.fiscal_year_be
              and cell.{period} = fallen.period and {rows} = 0
            """,
            **_keys(fallen),
        )


def _takes_back_rows(changes: Mapping[str, int]) -> bool:
    return any(by < 0 for column, by in changes.items() if column in _ROWS)


def _keys(cells: Iterable[CellKey]) -> dict[str, list[Any]]:
    """The keys of cells in their order, by column."""
    cooperative_ids, fiscal_years, periods = columns_of(cells)
    return {"cooperative_ids": cooperative_ids, "fiscal_years": fiscal_years, "periods": periods}


async def store_facts(
    session: WriteSession, table: str, rows: Iterable[dict[str, Any]], contribute: Contribute
) -> list[Contribution]:
    """Store facts by `fact_id`; hands back what the new ones contribute. A fact that came before changes nothing.

    The key is made of the business's own ids, not of the message's: a fact that its owner sends again after a restore
    is the same fact.
    """
    first = {row["fact_id"]: row for row in reversed(list(rows))}
    new = await insert_facts(session, table, list(first.values()), key="fact_id")
    return [item for row in new for item in contribute(row)]


async def store_states(
    session: WriteSession, table: str, rows: Sequence[dict[str, Any]], contribute: Contribute
) -> tuple[list[dict[str, Any]], list[Contribution]]:
    """Store the newest states by `id`; the rows written, and what they contribute in place of the old ones."""
    before = await _rows_by_id(session, table, [row["id"] for row in rows])
    written = await upsert_state(session, table, rows)
    return written, exchanged([(before.get(row["id"]), row) for row in written], contribute)


async def store_revisions(
    session: WriteSession, table: str, rows: Iterable[dict[str, Any]], contribute: Contribute
) -> list[Contribution]:
    """Store facts that state something again by `id` and `revision`, the highest counts; hands back what changes."""
    highest: dict[Any, dict[str, Any]] = {}
    for row in rows:
        known = highest.get(row["id"])
        if known is None or known["revision"] < row["revision"]:
            highest[row["id"]] = row
    if not highest:
        return []
    before = await _rows_by_id(session, table, list(highest))
    columns = list(next(iter(highest.values())))
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")
    found = await session.fetch(
        f"""
        insert into {table} as target ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) order by id
        on conflict (id) do update set {changes} where target.revision < excluded.revision
        returning target.id
        """,
        rows=to_json(list(highest.values())),
    )
    written = [highest[row["id"]] for row in found]
    return exchanged([(before.get(row["id"]), row) for row in written], contribute)


async def _rows_by_id(session: WriteSession, table: str, ids: Sequence[Any]) -> dict[Any, Row]:
    """The rows as they are, locked in the order of their ids."""
    rows = await session.fetch(
        f"select * from {table} where id = any(cast(:ids as uuid[])) order by id for update", ids=list(ids)
    )
    return {row["id"]: dict(row) for row in rows}
