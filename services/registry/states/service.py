"""Rows of files that state what something is: compared with what is stored, and written when they change it.

The rules are those of every feed: an empty cell leaves the stored value, an older file never overwrites a newer one,
and a row that changes nothing writes and publishes nothing (only the day it stands for moves on).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from services.registry.states import repository
from services.registry.states.models import StateTable, Values
from shared.chassis.database import WriteSession
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Outcome, outcome_of, rejected
from shared.kernel.identifiers import uuid7


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
    await repository.plan_anew(session)
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
    stored = await repository.lock_rows(session, table, [table.key_of(statement.values) for statement in statements])
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
    inserted = await repository.insert_rows(session, table, [written.now for written in created])
    await repository.update_rows(session, table, [written.now for written in changed], _columns(table, changed))
    await repository.update_rows(session, table, confirmed, ["as_of"])
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


def days(data: Mapping[str, Any], *columns: str) -> dict[str, date | None]:
    """Those of a row's dates that the file gives, as dates."""
    return {name: date.fromisoformat(data[name]) if data[name] else None for name in columns if name in data}


def given(data: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """Those of a row's values that the file gives."""
    return {name: data[name] for name in columns if name in data}
