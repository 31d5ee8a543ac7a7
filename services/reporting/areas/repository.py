"""All SQL of areas: co-operatives within reach."""

from collections.abc import Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row


async def find_cooperative(session: ReadSession, cooperative_id: UUID) -> Row | None:
    """A co-operative within reach."""
    return await session.fetch_one(
        """
        select id, code, name_th, name_en, region_code, province_code, district_code
          from cooperative where id = cast(:id as uuid)
        """,
        id=cooperative_id,
    )


async def list_cooperatives(session: ReadSession, ids: Sequence[UUID] | None = None) -> Sequence[Row]:
    """Co-operatives within reach, by code; all, or those of these ids."""
    return await session.fetch(
        """
        select id, code, name_th, name_en from cooperative
         where cast(:ids as uuid[]) is null or id = any(cast(:ids as uuid[]))
         order by code, id
        """,
        ids=None if ids is None else list(ids),
    )
