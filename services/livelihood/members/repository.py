"""SQL of what others tell about co-operatives, members, households and deduction agreements."""

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


async def find_agreements(session: ReadSession, member_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The agreement in force of each member that has one; the newest plan's when there are several."""
    rows = await session.fetch(
        """
        select distinct on (member_id) member_id, id as plan_id, deduction_share
        from deduction_agreement
        where member_id = any(cast(:ids as uuid[])) and status = 'in_force' and deduction_share > 0
        order by member_id, id desc
        """,
        ids=list(member_ids),
    )
    return {row["member_id"]: row for row in rows}


async def list_agreements(session: ReadSession, cooperative_id: UUID, after: UUID | None, limit: int) -> Sequence[Row]:
    """Agreements in force of a co-operative, by plan id."""
    return await session.fetch(
        """
        select id as plan_id, member_id, deduction_share from deduction_agreement
        where cooperative_id = :cooperative and status = 'in_force' and deduction_share > 0 and id > :after
        order by id limit :limit
        """,
        cooperative=cooperative_id,
        after=after or UUID(int=0),
        limit=limit,
    )
