"""All SQL of tables that files state."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.registry.states.models import Key, StateTable, Values
from shared.chassis import rows
from shared.chassis.database import WriteSession


async def plan_anew(session: WriteSession) -> None:
    """Let every statement be planned for the tables as they are now.

    A plan kept from the time when a table was small reads the whole table for every chunk of a first import.
    """
    await session.scalar("select set_config('plan_cache_mode', 'force_custom_plan', true)")


async def lock_rows(session: WriteSession, table: StateTable, keys: Sequence[Key]) -> dict[Key, Values]:
    """The stored rows with these keys, held until the transaction ends, locked in the order of their keys.

    Their ids never change, so whoever only names them as a foreign key, in an order of its own, need not wait.
    """
    if not keys:
        return {}
    match = " and ".join(f"stored.{column} = given.{column}" for column in table.key)
    order = ", ".join(f"stored.{column}" for column in table.key)
    found = await (await session.raw()).fetch(
        f"""
        select stored.* from {rows.unnested(table.types_of(table.key))} join {table.name} stored on {match}
         order by {order} for no key update of stored
        """,
        *rows.columns_of(keys),
    )
    return {table.key_of(row): row for row in map(dict, found)}


async def insert_rows(session: WriteSession, table: StateTable, new: Sequence[Values]) -> set[Key]:
    """Insert rows in the order of their keys; returns the keys of those that were not there."""
    if not new:
        return set()
    # Rows differ in what their file left empty; a column that a row lacks becomes null.
    columns = list(dict.fromkeys(column for row in new for column in row))
    names, keys = ", ".join(columns), ", ".join(table.key)
    found = await (await session.raw()).fetch(
        f"""
        insert into {table.name} ({names}) select {names} from {rows.unnested(table.types_of(columns))} order by {keys}
        on conflict do nothing returning {keys}
        """,
        *rows.columns_of(_values(new, columns)),
    )
    return {table.key_of(dict(row)) for row in found}


async def update_rows(
    session: WriteSession, table: StateTable, changed: Sequence[Values], columns: Sequence[str]
) -> None:
    """Set these columns of rows that are held."""
    keys, types = table.types_of(table.key), table.types_of(columns)
    await rows.update_rows(session, table.name, keys, types, _values(changed, [*keys, *types]))


def _values(of: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[list[Any]]:
    return [[row.get(column) for column in columns] for row in of]
