"""Rows of files that state what something is: compared with what is stored, and written when they change it.

The rules are those of every feed: an empty cell leaves the stored value, an older file never overwrites a newer one,
and a row that changes nothing writes and publishes nothing (only the day it stands for moves on).
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import RowMapping

from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Outcome, outcome_of, rejected
from shared.kernel.identifiers import uuid7

Values: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True)
class StateTable:
    """A table that files state.

    Attributes:
        name: the table, with a column ``as_of``; ``id`` and ``version`` where `versioned`.
        key: the columns that name a row in the outside world.
        needed: values that a new row cannot do without.
        defaults: values of a new row that the file leaves empty; clearing such a value brings the default back.
        headings: the file's names of needed columns, where they differ.
        versioned: whether a row is an aggregate of its own.
        own_day: a column that dates the row itself, beside the file's day; an older one never wins either.
    """

    name: str
    key: tuple[str, ...]
    needed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    versioned: bool = True
    own_day: str | None = None


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
        complete: fills the derived columns of rows that are about to be written.

    Returns:
        An outcome for every statement, and the rows written. A row whose key belongs to somebody out of reach is
        refused as ``out_of_reach``.
    """
    applied = Applied({})
    left = list(statements)
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
    stored = await lock_stored(session, table, [statement.values for statement in statements])
    created: list[Written] = []
    changed: list[Written] = []
    confirmed: list[Values] = []
    for statement in statements:
        before = stored.get(_key(table, statement.values))
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
    await _update(session, table, [written.now for written in changed])
    await _confirm(session, table, confirmed, as_of)
    applied.written += [written for written in created if _key(table, written.now) in inserted] + changed
    return [written.statement for written in created if _key(table, written.now) not in inserted]


def _key(table: StateTable, row: Mapping[str, Any]) -> Key:
    return tuple(row[column] for column in table.key)


def _outcome(table: StateTable, values: Values, before: Values | None, as_of: date) -> Outcome:
    for column in table.needed:
        if values.get(column, before[column] if before else None) is None:
            return rejected("missing_value", table.headings.get(column, column))
    if before is None:
        return ACCEPTED
    if table.own_day is not None and values.get(table.own_day, before[table.own_day]) < before[table.own_day]:
        return OLDER
    return outcome_of(before, before["as_of"], values, as_of)


def _plain_row(row: RowMapping) -> Values:
    return {str(name): value for name, value in row.items()}


def _clear(table: StateTable, values: Values) -> None:
    for column, default in table.defaults.items():
        if column in values and values[column] is None:
            values[column] = default


def _next(table: StateTable, before: Values | None, values: Values, as_of: date) -> Values:
    if before is not None:
        version = {"version": before["version"] + 1} if table.versioned else {}
        return {**before, **values, **version, "as_of": as_of}
    fresh = {"id": uuid7(), "version": 1} if table.versioned else {}
    return {**fresh, **table.defaults, **values, "as_of": as_of}


async def lock_stored(session: ReadSession, table: StateTable, keys: Iterable[Mapping[str, Any]]) -> dict[Key, Values]:
    """The stored rows with these keys, held until the transaction ends, locked in the order of their keys."""
    match = " and ".join(f"stored.{column} = wanted.{column}" for column in table.key)
    order = ", ".join(f"stored.{column}" for column in table.key)
    rows = await session.fetch(
        f"""
        select stored.* from jsonb_populate_recordset(cast(null as {table.name}), cast(:keys as jsonb)) wanted
          join {table.name} stored on {match}
         order by {order} for update of stored
        """,
        keys=_to_json([{column: row[column] for column in table.key} for row in keys]),
    )
    return {_key(table, row): row for row in map(_plain_row, rows)}


async def _insert(session: WriteSession, table: StateTable, rows: Sequence[Values]) -> set[Key]:
    """Insert rows in the order of their keys; returns the keys of those that were not there."""
    if not rows:
        return set()
    # Rows differ in what their file left empty; a column that a row lacks becomes null.
    names = ", ".join(dict.fromkeys(column for row in rows for column in row))
    keys = ", ".join(table.key)
    found = await session.fetch(
        f"""
        insert into {table.name} ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table.name}), cast(:rows as jsonb))
         order by {keys}
        on conflict ({keys}) do nothing
        returning {keys}
        """,
        rows=_to_json(rows),
    )
    return {_key(table, _plain_row(row)) for row in found}


async def _update(session: WriteSession, table: StateTable, rows: Sequence[Values]) -> None:
    if not rows:
        return
    changes = ", ".join(f"{column} = new.{column}" for column in rows[0] if column not in table.key)
    match = " and ".join(f"{table.name}.{column} = new.{column}" for column in table.key)
    await session.execute(
        f"""
        update {table.name} set {changes}
          from jsonb_populate_recordset(cast(null as {table.name}), cast(:rows as jsonb)) new
         where {match}
        """,
        rows=_to_json(rows),
    )


async def _confirm(session: WriteSession, table: StateTable, rows: Sequence[Values], as_of: date) -> None:
    """What is stored stands for a later day now."""
    if not rows:
        return
    match = " and ".join(f"{table.name}.{column} = new.{column}" for column in table.key)
    await session.execute(
        f"""
        update {table.name} set as_of = :as_of
          from jsonb_populate_recordset(cast(null as {table.name}), cast(:rows as jsonb)) new
         where {match}
        """,
        as_of=as_of,
        rows=_to_json([{column: row[column] for column in table.key} for row in rows]),
    )


def _to_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as PostgreSQL's ``jsonb_populate_recordset`` reads them back exactly."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> str:
    if isinstance(value, UUID | Decimal):  # the driver's UUID is a subclass, which orjson does not take for one
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"cannot store a {type(value).__name__}")


def days(data: Mapping[str, Any], *columns: str) -> dict[str, date | None]:
    """Those of a row's dates that the file gives, as dates."""
    return {name: date.fromisoformat(data[name]) if data[name] else None for name in columns if name in data}


def given(data: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Those of a row's values that the file gives."""
    return {name: data[name] for name in columns if name in data}
