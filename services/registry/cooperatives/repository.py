"""All SQL of co-operatives, apart from what files state."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from services.registry.cooperatives.models import Cooperative
from shared.chassis.database import ReadSession, Row, WriteSession

_FIRST = ("", UUID(int=0))


async def find_cooperative(session: ReadSession, cooperative_id: UUID) -> Cooperative | None:
    """The co-operative, when it is within reach."""
    return await session.get(Cooperative, cooperative_id)


async def lock_cooperative(session: WriteSession, cooperative_id: UUID) -> Cooperative | None:
    """The co-operative, held until this transaction ends."""
    return await session.lock(Cooperative, cooperative_id)


async def insert_cooperative(session: WriteSession, cooperative: Cooperative) -> None:
    """A new co-operative; the database refuses a code that is taken, seen or not."""
    session.add(cooperative)
    await session.flush()


async def list_cooperatives(
    session: ReadSession, province_code: str | None, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Row]:
    """Co-operatives within reach in Thai dictionary order, after a sort key and id."""
    after_key, after_id = after or _FIRST
    return await session.fetch(
        """
        select * from cooperative
         where (name_sort_key, id) > (:after_key, cast(:after_id as uuid))
           and (cast(:province_code as text) is null or province_code = :province_code)
         order by name_sort_key, id limit :limit
        """,
        after_key=after_key,
        after_id=after_id,
        province_code=province_code,
        limit=limit,
    )


async def ids_by_code(session: ReadSession, codes: list[str]) -> dict[str, UUID]:
    """Ids of the co-operatives within reach that have these codes."""
    rows = await session.fetch("select code, id from cooperative where code = any(cast(:codes as text[]))", codes=codes)
    return {row["code"]: row["id"] for row in rows}


async def count_within_reach(session: ReadSession, ids: list[UUID]) -> int:
    """How many of these co-operatives the transaction's caller can see."""
    return int(await session.scalar("select count(*) from cooperative where id = any(cast(:ids as uuid[]))", ids=ids))


def every_cooperative(session: ReadSession) -> AsyncIterator[Row]:
    """All co-operatives and farmer groups."""
    return session.stream("select * from cooperative order by id")
