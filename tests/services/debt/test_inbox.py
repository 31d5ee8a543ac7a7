"""Goal: what debt knows of others follows their newest states, in whatever order the topics come."""

from datetime import UTC, date, datetime
from uuid import uuid4

from shared.contracts.registry import (
    AssignedCooperative,
    AssignmentRecorded,
    CooperativeRecorded,
    EnrolmentRecorded,
    MemberRecorded,
)
from shared.kernel.identifiers import derived_id
from tests.conftest import ClientOf
from tests.services.debt.world import World, loan_row


def cooperative(status: str) -> CooperativeRecorded:
    return CooperativeRecorded(
        cooperative_id=derived_id("test-cooperative", "C1"), cooperative_code="C1", kind="cooperative",
        cooperative_type="agricultural", name_th="สหกรณ์", name_en=None, province_code="52", district_code="5201",
        strength_level=2, status=status,
    )  # fmt: skip


async def test_older_state_that_comes_late_changes_nothing(world: World) -> None:
    await world.hear(cooperative("liquidation"), version=3)
    await world.hear(cooperative("active"), version=2)

    assert await world.value("select status from cooperative") == "liquidation"


async def test_loan_whose_member_came_before_its_cooperative_applies_when_that_comes(
    world: World, client_of: ClientOf
) -> None:
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await world.members("C1", "1")
    delivery = await world.send(client, "loans", [loan_row()])
    assert delivery["waiting"] == 1

    await world.cooperative()
    await world.run_jobs()

    delivery = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}")).json()
    assert (delivery["accepted"], delivery["waiting"]) == (1, 0)


async def test_officer_sees_the_cooperatives_assigned_today_and_no_others(world: World, client_of: ClientOf) -> None:
    national = await client_of("debt", scopes="feed:write", areas=["TH"])
    for code in ("C1", "C2"):
        await world.cooperative(code)
        await world.members(code, "1")
    await world.send(national, "loans", [loan_row(code="C1"), loan_row(code="C2")])
    held = AssignedCooperative(
        cooperative_id=derived_id("test-cooperative", "C1"), valid_from=date(2022, 10, 1), valid_to=None
    )
    past = AssignedCooperative(
        cooperative_id=derived_id("test-cooperative", "C2"), valid_from=date(2022, 1, 1), valid_to=date(2022, 9, 30)
    )
    await world.hear(AssignmentRecorded(officer_id="officer", cooperatives=(held, past)))
    async with world.database.unscoped() as session:
        await session.execute(
            "insert into consumer_heartbeat (consumer, polled_at, lag_events, lag_seconds) values ('debt', :now, 0, 0)",
            now=datetime.now(UTC),
        )

    officer = await client_of("debt", scopes="loan:read", subject="officer")

    for code, seen in (("C1", 1), ("C2", 0)):
        cooperative_id = derived_id("test-cooperative", code)
        answer = await officer.get(f"/debt/v1/loans?cooperative_id={cooperative_id}")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) == seen


async def test_facts_without_effect_on_money_are_kept_as_rows(world: World) -> None:
    cooperative_id = await world.cooperative()
    await world.hear(
        EnrolmentRecorded(
            enrolment_id=uuid4(), programme_id=uuid4(), programme_code="A", phase=1, cooperative_id=cooperative_id,
            valid_from=date(2022, 10, 1), valid_to=None,
        ),
        MemberRecorded(
            member_id=uuid4(), person_id=uuid4(), cooperative_id=cooperative_id, member_number_hash="h",
            household_id=None, member_kind="ordinary", status="active", birth_decade=None,
        ),
    )  # fmt: skip

    assert await world.value("select programme_code from enrolment") == "A"
    assert await world.value("select count(*) from member") == 1
