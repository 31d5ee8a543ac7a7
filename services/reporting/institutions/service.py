"""What the registry's events change in the read model."""

from collections.abc import Sequence
from decimal import Decimal

from shared.chassis.auth.assignments import store_assignments
from shared.chassis.database import WriteSession
from shared.chassis.events import InvalidEvent, Received
from shared.chassis.inbox import upsert_state
from shared.contracts.registry import (
    AssignmentRecorded,
    CooperativeRecorded,
    EnrolmentRecorded,
    HouseholdRecorded,
    MemberRecorded,
    ProgrammeRecorded,
)
from shared.kernel.areas import region_of
from shared.kernel.errors import BilingualValueError


async def store_cooperatives(session: WriteSession, received: Sequence[Received[CooperativeRecorded]]) -> None:
    """Co-operatives as the registry states them, with the region of their province."""
    await upsert_state(
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
                "region_code": _region(item.event.province_code),
                "province_code": item.event.province_code,
                "district_code": item.event.district_code,
                "strength_level": item.event.strength_level,
                "status": item.event.status,
                **item.guard(),
            }
            for item in received
        ],
    )


def _region(province_code: str) -> str:
    try:
        return region_of(province_code)
    except BilingualValueError:
        raise InvalidEvent("a co-operative lies in a province that does not exist") from None


async def store_programmes(session: WriteSession, received: Sequence[Received[ProgrammeRecorded]]) -> None:
    """Programmes with their phases and targets."""
    await upsert_state(
        session,
        "programme",
        [
            {
                "id": item.event.programme_id,
                "code": item.event.programme_code,
                "name_th": item.event.name_th,
                "name_en": item.event.name_en,
                "phases": [phase.model_dump(mode="json") for phase in item.event.phases],
                "cooperatives_target": item.event.cooperatives_target,
                "overdue_reduction_target_percent": item.event.overdue_reduction_target_percent,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_enrolments(session: WriteSession, received: Sequence[Received[EnrolmentRecorded]]) -> None:
    """Which co-operative is in which programme and phase, and when."""
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


async def store_members(session: WriteSession, received: Sequence[Received[MemberRecorded]]) -> None:
    """Memberships, without anything that says who the person is."""
    await upsert_state(
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
                "birth_decade": item.event.birth_decade,
                "merged_into": item.event.merged_into,
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_households(session: WriteSession, received: Sequence[Received[HouseholdRecorded]]) -> None:
    """Farm households, their plots and the land in all."""
    await upsert_state(
        session,
        "household",
        [
            {
                "id": item.event.household_id,
                "cooperative_id": item.event.cooperative_id,
                "head_member_id": item.event.head_member_id,
                "district_code": item.event.district_code,
                "size": item.event.size,
                "plots": [plot.model_dump(mode="json") for plot in item.event.plots],
                "area_rai": sum((plot.area_rai for plot in item.event.plots), Decimal(0)),
                **item.guard(),
            }
            for item in received
        ],
    )


async def store_officers(session: WriteSession, received: Sequence[Received[AssignmentRecorded]]) -> None:
    """Officers' co-operatives, which decide their reach."""
    for item in received:
        await store_assignments(session, item.event.officer_id, item.order, item.event.cooperatives)
