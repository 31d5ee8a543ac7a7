"""All SQL of deliveries."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from services.reporting.produce.domain import SETTLED_REVISION
from shared.chassis.database import ReadSession


async def standing_deliveries(session: ReadSession, delivery_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Those of these deliveries that are known, and not known to be reversed."""
    if not delivery_ids:
        return []
    rows = await session.fetch(
        """
        select * from produce_delivery delivery
         where fact_id = any(cast(:ids as uuid[])) and not exists (
               select from produce_settlement where id = delivery.fact_id and revision > :settled_revision)
        """,
        ids=sorted(delivery_ids),
        settled_revision=SETTLED_REVISION,
    )
    return [dict(row) for row in rows]
