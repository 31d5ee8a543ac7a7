"""All SQL of what literacy knows of others' facts, kept from their events."""

from collections.abc import Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.events import Received
from shared.chassis.inbox import upsert_state
from shared.contracts.registry import CooperativeRecorded, MemberRecorded


async def store_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> Sequence[Row]:
    """Co-operatives and farmer groups; returns the rows that were really written."""
    rows = [
        {
            "id": item.event.cooperative_id,
            "code": item.event.cooperative_code,
            "name_th": item.event.name_th,
            "province_code": item.event.province_code,
            "district_code": item.event.district_code,
            "status": item.event.status,
            **item.guard(),
        }
        for item in received
    ]
    return await upsert_state(session, "cooperative", rows)


async def store_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> Sequence[Row]:
    """Members; returns the rows that were really written."""
    rows = [
        {
            "id": item.event.member_id,
            "cooperative_id": item.event.cooperative_id,
            "member_number_hash": item.event.member_number_hash,
            "household_id": item.event.household_id,
            "status": item.event.status,
            **item.guard(),
        }
        for item in received
    ]
    return await upsert_state(session, "member", rows)


async def find_cooperative(session: ReadSession, cooperative_id: UUID) -> Row | None:
    """A co-operative within reach."""
    return await session.fetch_one("select id, code from cooperative where id = :id", id=cooperative_id)


async def member_hashes(session: ReadSession, cooperative_ids: Sequence[UUID]) -> list[str]:
    """The hashes of the members' numbers of these co-operatives."""
    rows = await session.fetch(
        "select member_number_hash from member where cooperative_id = any(cast(:ids as uuid[]))",
        ids=sorted(cooperative_ids),
    )
    return [row["member_number_hash"] for row in rows]


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
