"""Events of other services as livelihood hears them, applied by its own inbox."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.livelihood.inbox import INBOX
from shared.chassis.database import Database
from shared.chassis.events import Event, Received
from shared.contracts.debt import PlanRecorded
from shared.contracts.registry import CooperativeRecorded, HouseholdRecorded, MemberRecorded, Plot
from shared.kernel.identifiers import derived_id, uuid7

COOPERATIVE = derived_id("test", "co-operative")
MEMBER = derived_id("test", "member")
HOUSEHOLD = derived_id("test", "household")
PLAN = derived_id("test", "plan")

Hear = Callable[[Database, Sequence[Event]], Awaitable[None]]


async def hear_all(database: Database, events: Sequence[Event], version: int = 1) -> None:
    """Apply events as the consumer would."""
    received = [
        Received(
            event=event,
            event_id=uuid7(),
            epoch=1,
            version=version,
            effective_on=date(2022, 10, 1),
            topic=event.topic.name,
            partition=0,
            offset=number,
            key=event.key,
            correlation_id=None,
            occurred_at=datetime(2022, 10, 1, tzinfo=UTC),
        )
        for number, event in enumerate(events)
    ]
    async with database.unscoped() as session:
        await INBOX.apply(session, received)


@pytest.fixture
def hear() -> Hear:
    """`await hear(database, [event, …])` applies events as the consumer would."""
    return hear_all


def cooperative(cooperative_id: UUID = COOPERATIVE, district_code: str = "5201") -> CooperativeRecorded:
    return CooperativeRecorded(
        cooperative_id=cooperative_id,
        cooperative_code=f"C-{district_code}",
        kind="cooperative",
        cooperative_type="agricultural",
        name_th="สหกรณ์ทดสอบ",
        name_en=None,
        province_code=district_code[:2],
        district_code=district_code,
        strength_level=2,
        status="active",
    )


def member(number_hash: str = "hash-of-a-number") -> MemberRecorded:
    return MemberRecorded(
        member_id=MEMBER,
        person_id=derived_id("test", "person"),
        cooperative_id=COOPERATIVE,
        member_number_hash=number_hash,
        household_id=HOUSEHOLD,
        member_kind="ordinary",
        status="active",
        birth_decade=1960,
    )


def household() -> HouseholdRecorded:
    return HouseholdRecorded(
        household_id=HOUSEHOLD,
        cooperative_id=COOPERATIVE,
        head_member_id=MEMBER,
        district_code="5201",
        size=3,
        plots=(Plot(crop="rice_wet", area_rai=Decimal("10")), Plot(crop="longan", area_rai=Decimal("2.5"))),
    )


def plan(status: str = "in_force", share: str = "0.30") -> PlanRecorded:
    return PlanRecorded.model_validate(
        {
            "plan_id": PLAN,
            "case_id": derived_id("test", "case"),
            "cooperative_id": COOPERATIVE,
            "member_id": MEMBER,
            "status": status,
            "standing": "on_track",
            "measures": ["PRODUCE_DEDUCTION"],
            "deduction_share": share,
            "overdue_covered": 100_000,
            "default_interest_waived": 0,
            "signed_on": "2022-10-15",
            "starts_on": "2022-10-15",
            "ends_on": "2023-09-30",
        }
    )
