"""All SQL of deductions from produce."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.rows import insert_rows, update_rows

_TYPES: Mapping[str, str] = {
    "delivery_id": "uuid",
    "cooperative_id": "uuid",
    "member_id": "uuid",
    "status": "text",
    "requested": "boolean",
    "amount": "bigint",
    "applied": "bigint",
    "returned": "bigint",
    "reason": "text",
    "delivered_on": "date",
    "settled_on": "date",
    "refused_on": "date",
    "undone_on": "date",
}


async def find_deductions(session: ReadSession, delivery_ids: Collection[UUID]) -> dict[UUID, Row]:
    """What is known of deliveries."""
    rows = await session.fetch(
        "select * from deduction where delivery_id = any(cast(:ids as uuid[]))", ids=sorted(set(delivery_ids))
    )
    return {row["delivery_id"]: row for row in rows}


async def insert_deductions(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of deliveries heard of for the first time."""
    await insert_rows(session, "deduction", _TYPES, [[row[name] for name in _TYPES] for row in rows])


async def update_deductions(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of deliveries that are known."""
    changing = {
        name: kind
        for name, kind in _TYPES.items()
        if name in ("status", "requested", "reason", "refused_on", "undone_on")
    }
    await update_rows(
        session,
        "deduction",
        {"delivery_id": "uuid"},
        changing,
        [(row["delivery_id"], *(row[name] for name in changing)) for row in rows],
    )


def every_deduction(session: ReadSession) -> AsyncIterator[Row]:
    """All that became of deliveries."""
    return session.stream("select * from deduction order by delivery_id")
