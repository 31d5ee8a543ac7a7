"""Rows of files that state what something is: compared with what is stored, and written when they change it.

The rules are those of every feed: an empty cell leaves the stored value, an older file never overwrites a newer one,
and a row that changes nothing writes and publishes nothing (only the day it stands for moves on).

Rows travel as one array a column, through the driver's own connection: an import of a million rows spends its time
here (measured: half of the time that JSON or one statement a row take).
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql

from services.registry.tables import RegistryTable
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Outcome, outcome_of, rejected
from shared.kernel.identifiers import uuid7

Values: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True)
class StateTable:
    """A table that files state.

    Attributes:
        model: the table, with a column ``as_of``; a table with a column ``version`` holds aggregates, whose ``id`` is
            made here unless the values, or whoever completes them, bring it.
        key: the columns that name a row in the outside world.
        needed: values that a row cannot do without.
        defaults: values of a new row that the file leaves empty; clearing such a value brings the default back.
        headings: the file's names of needed columns, where they differ.
        own_day: a column that dates the row itself, beside the file's day; an older one never wins either.
    """

    model: type[RegistryTable]
    key: tuple[str, ...]
    needed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    own_day: str | None = None
    name: str = field(init=False)
    types: Mapping[str, str] = field(init=False)  # PostgreSQL's type of each column

    def __post_init__(self) -> None:
        table = inspect(self.model).local_table
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        types = {column.name: column.type.compile(dialect).partition(" COLLATE")[0] for column in table.columns}
        object.__setattr__(self, "name", str(table))
        object.__setattr__(self, "types", types)

    @property
    def versioned(self) -> bool:
        """Whether a row is an aggregate of its own."""
        return "version" in self.types

    def key_of(self, row: Mapping[str, Any]) -> Key:
        """The key of a row."""
        return tuple(row[column] for column in self.key)


@dataclass(slots=True)
class Statement:
    """What one row of a file says, typed and under the names of the table's columns; the key among them."""

    row_number: int
    values: Values


@dataclass(slots=True)
class Written:
    """A row that a statement made or changed: as it is now, as it was, and what was said."""

    statement: Statement
    now: Values
    before: Values | None


@dataclass(slots=True)
class Applied:
    """What became of the rows, and the rows that were written."""

    outcomes: dict[int, Outcome]
    written: list[Written] = field(default_factory=list)


Complete: TypeAlias = Callable[[Sequence[Written]], Awaitable[None]]


async def apply_statements(
    session: WriteSession,
    table: StateTable,
    statements: Sequence[Statement],
    as_of: date,
    complete: Complete | None = None,
) -> Applied:
    """Write what the statements change, in one transaction with the sender's reach.

    Args:
        session: the transaction.
        table: where the rows stand.
        statements: at most one for each key.
        as_of: the day they stand for.
        complete: fills columns of rows that are about to be written; these are not compared.

    Returns:
        An outcome for every statement, and the rows written. A row whose key belongs to somebody out of reach is
        refused as ``out_of_reach``.
    """
    applied = Applied({})
    left = list(statements)
    # A plan kept from the time when the table was small reads the whole table for every chunk of a first import.
    await session.scalar("select set_config('plan_cache_mode', 'force_custom_plan', true)")
    for _attempt in (1, 2):  # a row that another transaction inserted meanwhile is compared in the second round
        left = await _apply_round(session, table, left, as_of, complete, applied)
        if not left:
            return applied
    for statement in left:
        applied.outcomes[statement.row_number] = rejected("out_of_reach")
    return applied


async def _apply_round(
    session: WriteSession,
    table: StateTable,
    statements: Sequence[Statement],
    as_of: date,
    complete: Complete | None,
    applied: Applied,
) -> list[Statement]:
    """Returns the statements whose row could not be inserted because it exists."""
    stored = await _lock_stored(session, table, [statement.values for statement in statements])
    created: list[Written] = []
    changed: list[Written] = []
    confirmed: list[Values] = []
    for statement in statements:
        before = stored.get(table.key_of(statement.values))
        _clear(table, statement.values)
        outcome = _outcome(table, statement.values, before, as_of)
        applied.outcomes[statement.row_number] = outcome
        if outcome == ACCEPTED:
            written = Written(statement, _next(table, before, statement.values, as_of), before)
            (created if before is None else changed).append(written)
        elif outcome == UNCHANGED and before is not None and before["as_of"] < as_of:
            confirmed.append({**statement.values, "as_of": as_of})
    if complete is not None:
        await complete(created + changed)
    inserted = await _insert(session, table, [written.now for written in created])
    await _update(session, table, [written.now for written in changed], _columns(table, changed))
    await _update(session, table, confirmed, ["as_of"])
    applied.written += [written for written in created if table.key_of(written.now) in inserted] + changed
    return [written.statement for written in created if table.key_of(written.now) not in inserted]


def _clear(table: StateTable, values: Values) -> None:
    for column, default in table.defaults.items():
        if column in values and values[column] is None:
            values[column] = default


def _outcome(table: StateTable, values: Values, before: Values | None, as_of: date) -> Outcome:
    for column in table.needed:
        if values.get(column, before[column] if before else None) is None:
            return rejected("missing_value", table.headings.get(column, column))
    if before is None:
        return ACCEPTED
    if table.own_day is not None and values.get(table.own_day, before[table.own_day]) < before[table.own_day]:
        return OLDER
    return outcome_of(before, before["as_of"], values, as_of)


def _next(table: StateTable, before: Values | None, values: Values, as_of: date) -> Values:
    if before is not None:
        version = {"version": before["version"] + 1} if table.versioned else {}
        return {**before, **values, **version, "as_of": as_of}
    fresh = {"id": uuid7(), "version": 1} if table.versioned else {}
    return {**fresh, **table.defaults, **values, "as_of": as_of}


def _columns(table: StateTable, changed: Sequence[Written]) -> list[str]:
    """The columns that differ in any of the rows: an index that no row changes is left alone."""
    return [
        column
        for column in table.types
        if column not in table.key
        and any(written.now[column] != written.before[column] for written in changed if written.before)
    ]


def _arrays(table: StateTable, columns: Sequence[str]) -> str:
    """``unnest($1::uuid[], $2::text[], …)`` for these columns."""
    arrays = ", ".join(f"${place}::{table.types[column]}[]" for place, column in enumerate(columns, 1))
    return f"unnest({arrays}) new({', '.join(columns)})"


def _values(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[list[Any]]:
    return [[row.get(column) for row in rows] for column in columns]


async def _lock_stored(session: ReadSession, table: StateTable, keys: Sequence[Mapping[str, Any]]) -> dict[Key, Values]:
    """The stored rows with these keys, held until the transaction ends, locked in the order of their keys."""
    if not keys:
        return {}
    match = " and ".join(f"stored.{column} = new.{column}" for column in table.key)
    order = ", ".join(f"stored.{column}" for column in table.key)
    rows = await (await session.raw()).fetch(
        f"""
        select stored.* from {_arrays(table, table.key)} join {table.name} stored on {match}
         order by {order} for update of stored
        """,
        *_values(keys, table.key),
    )
    return {table.key_of(row): row for row in map(dict, rows)}


async def _insert(session: WriteSession, table: StateTable, rows: Sequence[Values]) -> set[Key]:
    """Insert rows in the order of their keys; returns the keys of those that were not there."""
    if not rows:
        return set()
    # Rows differ in what their file left empty; a column that a row lacks becomes null.
    columns = list(dict.fromkeys(column for row in rows for column in row))
    names, keys = ", ".join(columns), ", ".join(table.key)
    found = await (await session.raw()).fetch(
        f"""
        insert into {table.name} ({names}) select {names} from {_arrays(table, columns)} order by {keys}
        on conflict do nothing returning {keys}
        """,
        *_values(rows, columns),
    )
    return {table.key_of(dict(row)) for row in found}


async def _update(session: WriteSession, table: StateTable, rows: Sequence[Values], changes: Sequence[str]) -> None:
    if not rows:
        return
    columns = [*table.key, *changes]
    await (await session.raw()).execute(
        f"""
        update {table.name} set {", ".join(f"{column} = new.{column}" for column in changes)}
          from {_arrays(table, columns)}
         where {" and ".join(f"{table.name}.{column} = new.{column}" for column in table.key)}
        """,
        *_values(rows, columns),
    )


def days(data: Mapping[str, Any], *columns: str) -> dict[str, date | None]:
    """Those of a row's dates that the file gives, as dates."""
    return {name: date.fromisoformat(data[name]) if data[name] else None for name in columns if name in data}


def given(data: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Those of a row's values that the file gives."""
    return {name: data[name] for name in columns if name in data}
