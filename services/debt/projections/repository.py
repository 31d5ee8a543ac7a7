"""All SQL of what debt knows of others' facts, kept from their events."""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.events import Received
from shared.chassis.inbox import upsert_state
from shared.contracts.livelihood import OccupationPlanRecorded
from shared.contracts.registry import (
    CooperativeRecorded,
    EnrolmentRecorded,
    ExternalDebtRecorded,
    MemberRecorded,
)


async def store_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> Sequence[Row]:
    """Co-operatives and farmer groups; returns the rows that were really written."""
    return await upsert_state(
        session,
        "cooperative",
        [
            {
                "id": item.event.cooperative_id,
                "code": item.event.cooperative_code,
                "kind": item.event.kind,
                "cooperative_type": item.event.cooperative_type,
                "name_th": item.event.name_th,
                "name_en": item.event.name_en,
                "province_code": item.event.province_code,
                "district_code": item.event.district_code,
                "status": item.event.status,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> Sequence[Row]:
    """Members; returns the rows that were really written."""
    return await upsert_state(
        session,
        "member",
        [
            {
                "id": item.event.member_id,
                "person_id": item.event.person_id,
                "cooperative_id": item.event.cooperative_id,
                "member_number_hash": item.event.member_number_hash,
                "household_id": item.event.household_id,
                "member_kind": item.event.member_kind,
                "status": item.event.status,
                "merged_into": item.event.merged_into,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_external_debts(session: WriteSession, received: Sequence[Received[ExternalDebtRecorded]]) -> None:
    """Debts to other lenders."""
    await upsert_state(
        session,
        "external_debt",
        [
            {
                "id": item.event.external_debt_id,
                "person_id": item.event.person_id,
                "creditor": item.event.creditor,
                "outstanding": item.event.outstanding,
                "annual_payment": item.event.annual_payment,
                "as_of": item.event.as_of,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_income_plans(session: WriteSession, received: Sequence[Received[OccupationPlanRecorded]]) -> None:
    """Expected income and cost by month, in satang."""
    await upsert_state(
        session,
        "income_plan",
        [
            {
                "id": item.event.occupation_plan_id,
                "cooperative_id": item.event.cooperative_id,
                "member_id": item.event.member_id,
                "household_id": item.event.household_id,
                "fiscal_year_be": item.event.fiscal_year_be,
                "months": [
                    {"month": month.month, "income": month.income, "cost": month.cost} for month in item.event.months
                ],
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_enrolments(session: WriteSession, received: Sequence[Received[EnrolmentRecorded]]) -> None:
    """Which co-operatives take part in which programme."""
    await upsert_state(
        session,
        "enrolment",
        [
            {
                "id": item.event.enrolment_id,
                "programme_id": item.event.programme_id,
                "programme_code": item.event.programme_code,
                "phase": item.event.phase,
                "cooperative_id": item.event.cooperative_id,
                "valid_from": item.event.valid_from,
                "valid_to": item.event.valid_to,
                **item.guard(),
            }
            for item in received
        ],
    )


async def ids_by_code(session: ReadSession, codes: Collection[str]) -> dict[str, UUID]:
    """Ids by code of the co-operatives within reach."""
    rows = await session.fetch(
        "select id, code from cooperative where code = any(cast(:codes as text[]))", codes=sorted(set(codes))
    )
    return {row["code"]: row["id"] for row in rows}


async def codes_of(session: ReadSession, cooperative_ids: Collection[UUID]) -> dict[UUID, str]:
    """Codes of co-operatives by id."""
    rows = await session.fetch(
        "select id, code from cooperative where id = any(cast(:ids as uuid[]))", ids=sorted(cooperative_ids)
    )
    return {row["id"]: row["code"] for row in rows}


async def member_hashes(session: ReadSession, cooperative_ids: Sequence[UUID]) -> list[str]:
    """The hashes of the members' numbers of these co-operatives."""
    rows = await session.fetch(
        "select member_number_hash from member where cooperative_id = any(cast(:ids as uuid[]))",
        ids=sorted(cooperative_ids),
    )
    return [row["member_number_hash"] for row in rows]


async def find_members_by_number(session: ReadSession, hashes: Collection[str]) -> dict[str, Row]:
    """Members within reach by the hash of their co-operative and number."""
    rows = await session.fetch(
        "select id, cooperative_id, member_number_hash from member"
        " where member_number_hash = any(cast(:hashes as text[]))",
        hashes=sorted(set(hashes)),
    )
    return {row["member_number_hash"]: row for row in rows}


async def known_members(session: ReadSession, member_ids: Collection[UUID]) -> set[UUID]:
    """Those of the members that the registry has told of."""
    rows = await session.fetch(
        "select id from member where id = any(cast(:ids as uuid[]))", ids=sorted(set(member_ids))
    )
    return {row["id"] for row in rows}
