"""Keeps the participation rows that cases and household accounts share."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.reporting.measures.domain import Contribution, exchanged
from services.reporting.participation.domain import Entry, of_participation, with_entries
from services.reporting.participation.repository import lock_participations, store_participations
from shared.chassis.database import WriteSession


async def note_entries(session: WriteSession, entries: Iterable[Entry]) -> list[Contribution]:
    """Set or remove entries; returns what the rows contribute in place of what they did.

    The rows are made and locked first: the other side may be writing the same member in another process.
    """
    of_member: defaultdict[tuple[UUID, UUID], list[Entry]] = defaultdict(list)
    for entry in entries:
        of_member[entry.member_id, entry.cooperative_id].append(entry)
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for before in await lock_participations(session, of_member):
        after = with_entries(before, of_member[before["member_id"], before["cooperative_id"]])
        if after != before:
            changes.append((before, after))
    await store_participations(session, [after for _, after in changes])
    return exchanged(changes, of_participation)
