"""All SQL of produce deliveries."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.livelihood.deliveries.models import ProduceDelivery
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.inbox import to_json


async def find_delivery(session: ReadSession, delivery_id: UUID) -> ProduceDelivery | None:
    """One delivery, or None when there is none within reach."""
    return await session.get(ProduceDelivery, delivery_id)


async def lock_deliveries(session: WriteSession, delivery_ids: Sequence[UUID]) -> dict[UUID, ProduceDelivery]:
    """Deliveries within reach, locked in the order of their ids."""
    rows = await session.select(
        select(ProduceDelivery)
        .where(ProduceDelivery.id.in_(delivery_ids))  # type: ignore[attr-defined]
        .order_by(ProduceDelivery.id)  # type: ignore[arg-type]
        .with_for_update()
    )
    return {row.id: row for row in rows}


async def find_by_number(
    session: ReadSession, cooperative_numbers: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Row]:
    """Deliveries that the co-operatives have under these numbers."""
    rows = await session.fetch(
        """
        select * from produce_delivery join
            unnest(cast(:cooperatives as uuid[]), cast(:numbers as text[])) as wanted (cooperative, number)
            on cooperative_id = wanted.cooperative and delivery_number = wanted.number
        """,
        cooperatives=[cooperative for cooperative, _ in cooperative_numbers],
        numbers=[number for _, number in cooperative_numbers],
    )
    return {(row["cooperative_id"], row["delivery_number"]): row for row in rows}


async def insert_deliveries(session: WriteSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Insert deliveries in one statement; returns the ids of those whose number was free."""
    inserted = await session.fetch(
        """
        insert into produce_delivery
        select * from jsonb_populate_recordset(cast(null as produce_delivery), cast(:rows as jsonb)) order by id
        on conflict do nothing
        returning id
        """,
        rows=to_json(rows),
    )
    return {row["id"] for row in inserted}


async def list_deliveries(
    session: ReadSession,
    cooperative_id: UUID,
    status: str | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Deliveries of a co-operative by date and id."""
    day, last_id = after or (date.min, UUID(int=0))
    return await session.fetch(
        """
        select * from produce_delivery
        where cooperative_id = :cooperative and (cast(:status as text) is null or status = :status)
          and (delivered_on, id) > (:day, cast(:last_id as uuid))
        order by delivered_on, id limit :limit
        """,
        cooperative=cooperative_id,
        status=status,
        day=day,
        last_id=last_id,
        limit=limit,
    )


def every_delivery(session: ReadSession) -> AsyncIterator[Row]:
    """All deliveries, in the order of their dates."""
    return session.stream("select * from produce_delivery order by delivered_on, id")
