"""All SQL of what livelihood knows of others' facts, kept from their events."""

from collections.abc import Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.events import Received
from shared.chassis.inbox import upsert_state
from shared.contracts.debt import PlanRecorded
from shared.contracts.registry import CooperativeRecorded, HouseholdRecorded, MemberRecorded


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


async def store_households(session: WriteSession, received: Sequence[Received[HouseholdRecorded]]) -> None:
    """Households with what grows on their plots."""
    rows = [
        {
            "id": item.event.household_id,
            "cooperative_id": item.event.cooperative_id,
            "size": item.event.size,
            "plots": [plot.model_dump(mode="json") for plot in item.event.plots],
            **item.guard(),
        }
        for item in received
    ]
    await upsert_state(session, "household", rows)


async def store_agreements(session: WriteSession, received: Sequence[Received[PlanRecorded]]) -> None:
    """What share of a delivery each plan lets us hold."""
    rows = [
        {
            "id": item.event.plan_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "status": item.event.status,
            "deduction_share": item.event.deduction_share,
            **item.guard(),
        }
        for item in received
    ]
    await upsert_state(session, "deduction_agreement", rows)


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
