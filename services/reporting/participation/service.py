"""Keeps the participation rows that cases and household accounts share."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from services.reporting.measures.repository import exchange
from services.reporting.participation.domain import case_text, of_participation
from shared.chassis.database import WriteSession
from shared.chassis.inbox import to_json

Key: TypeAlias = tuple[UUID, UUID]
Entries: TypeAlias = dict[Key, dict[str, str | None]]

_EMPTY: Final = "cast('{}' as jsonb)"


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
    keys = {
        "members": [member_id for member_id, _ in sorted(entries)],
        "cooperatives": [cooperative_id for _, cooperative_id in sorted(entries)],
    }
    await session.execute(
        f"""
        insert into participation (member_id, cooperative_id, cases, closed_months)
        select member_id, cooperative_id, {_EMPTY}, {_EMPTY}
          from unnest(cast(:members as uuid[]), cast(:cooperatives as uuid[])) as given (member_id, cooperative_id)
        on conflict (member_id, cooperative_id) do nothing
        """,
        **keys,
    )
    locked = await session.fetch(
        """
        select * from participation
         where (member_id, cooperative_id) in (
               select * from unnest(cast(:members as uuid[]), cast(:cooperatives as uuid[])))
         order by member_id, cooperative_id for update
        """,
        **keys,
    )
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for before in map(dict, locked):
        merged = before[column] | entries[before["member_id"], before["cooperative_id"]]
        after = before | {column: {name: text for name, text in merged.items() if text is not None}}
        if after[column] != before[column]:
            changes.append((before, after))
    if not changes:
        return
    await session.execute(
        f"""
        update participation as target set {column} = changed.{column}
          from jsonb_populate_recordset(cast(null as participation), cast(:rows as jsonb)) as changed
         where target.member_id = changed.member_id and target.cooperative_id = changed.cooperative_id
        """,
        rows=to_json([after for _, after in changes]),
    )
    await exchange(session, changes, of_participation)
