"""SQL of what the registry tells about members."""

from collections.abc import Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row


async def find_member(session: ReadSession, member_id: UUID) -> Row | None:
    """A member within reach."""
    return await session.fetch_one("select id, cooperative_id, household_id from member where id = :id", id=member_id)


async def find_members_by_number(session: ReadSession, hashes: Sequence[str]) -> dict[str, Row]:
    """Members within reach by the keyed hash of co-operative and member number."""
    rows = await session.fetch(
        "select id, cooperative_id, household_id, member_number_hash from member"
        " where member_number_hash = any(cast(:hashes as text[]))",
        hashes=list(hashes),
    )
    return {row["member_number_hash"]: row for row in rows}


async def numbers_of(session: ReadSession, cooperative_ids: Sequence[UUID]) -> list[str]:
    """The keyed hashes of all member numbers of these co-operatives."""
    rows = await session.fetch(
        "select member_number_hash from member where cooperative_id = any(cast(:ids as uuid[]))",
        ids=list(cooperative_ids),
    )
    return [row["member_number_hash"] for row in rows]


async def find_cooperative(session: ReadSession, cooperative_id: UUID) -> Row | None:
    """A co-operative within reach."""
    return await session.fetch_one("select id, code from cooperative where id = :id", id=cooperative_id)
