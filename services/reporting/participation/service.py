"""Keeps the participation rows that cases and household accounts share."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias
from uuid import UUID

from services.reporting.measures.repository import exchange
from services.reporting.participation.domain import case_text, of_participation
from services.reporting.participation.repository import lock_participations, store_column
from shared.chassis.database import WriteSession

Key: TypeAlias = tuple[UUID, UUID]
Entries: TypeAlias = dict[Key, dict[str, str | None]]


async def note_cases(session: WriteSession, cases: Iterable[Mapping[str, Any]]) -> None:
    """Take in cases that were written just now."""
    entries: Entries = {}
    for row in cases:
        entry = entries.setdefault((row["member_id"], row["cooperative_id"]), {})
        entry[str(row["id"])] = case_text(row["fiscal_year_be"], row["opened_on"])
    await _note(session, "cases", entries)


async def note_ledger_months(session: WriteSession, months: Iterable[Mapping[str, Any]]) -> None:
    """Take in months of household accounts that were written just now; an open month counts no more."""
    entries: Entries = {}
    for row in months:
        entry = entries.setdefault((row["member_id"], row["cooperative_id"]), {})
        entry[str(row["id"])] = row["month"].isoformat() if row["status"] == "closed" else None
    await _note(session, "closed_months", entries)


async def _note(session: WriteSession, column: Literal["cases", "closed_months"], entries: Entries) -> None:
    """Set or remove entries of one column, and exchange what the rows contribute.

    The rows are made and locked first: the other side may be writing the same member in another process.
    """
    if not entries:
        return
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for before in await lock_participations(session, entries):
        merged = before[column] | entries[before["member_id"], before["cooperative_id"]]
        after = before | {column: {name: text for name, text in merged.items() if text is not None}}
        if after[column] != before[column]:
            changes.append((before, after))
    if not changes:
        return
    await store_column(session, column, [after for _, after in changes])
    await exchange(session, changes, of_participation)
