"""Goal: what a restored owner withdraws, every service that keeps it forgets; access of officers above all. Members of
the group that hear of the same things at one moment wait for each other, and no more."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from uuid import uuid4

import pytest

from shared.chassis.database import Database, WriteSession
from shared.chassis.events import Event, Received, withdrawn
from shared.chassis.inbox import Inbox
from shared.contracts import debt, literacy
from shared.contracts.registry import AssignedCooperative, AssignmentRecorded, CooperativeRecorded, MemberRecorded
from shared.kernel.identifiers import derived_id
from tests.conftest import DatabaseOf
from tests.locks import until_they_wait_or_end
from tests.services.debt.world import received

LISTENERS = ("debt", "livelihood", "literacy", "reporting")
# These contribute to measures: they leave with the rebuild that follows their owner's restore, as its facts do.
REBUILT = {debt.CaseRecorded, debt.PlanRecorded, literacy.LedgerMonthRecorded, literacy.SavingsPledgeRecorded}


def inbox_of(service: str) -> Inbox:
    inbox: Inbox = import_module(f"services.{service}.inbox").INBOX
    return inbox


@pytest.mark.parametrize("service", LISTENERS)
def test_every_state_that_is_kept_is_forgotten_when_it_is_withdrawn(service: str) -> None:
    handled = inbox_of(service)._handlers
    states = {event for event in handled if event.topic.kind == "state" and event.__name__.endswith("Recorded")}
    kept = {event for event in states if withdrawn(event) not in handled}
    assert states
    assert kept == (REBUILT if service == "reporting" else set())


@pytest.mark.parametrize("service", LISTENERS)
async def test_an_officer_whom_the_registry_does_not_know_any_more_reaches_nothing(
    service: str, database_of: DatabaseOf
) -> None:
    database = await database_of(service)
    held = AssignedCooperative(cooperative_id=uuid4(), valid_from=date(2022, 10, 1), valid_to=None)
    gone = withdrawn(AssignmentRecorded)
    told: list[tuple[Event, int, int]] = [
        *((AssignmentRecorded(officer_id=name, cooperatives=(held,)), 1, 3) for name in ("stranger", "known", "again")),
        (AssignmentRecorded(officer_id="again", cooperatives=(held,)), 2, 1),
        *((gone(id=name), 2, 0) for name in ("stranger", "again")),
    ]
    for event, epoch, version in told:
        async with database.unscoped() as session:
            await inbox_of(service).apply(session, [_of_epoch(received(event, version), epoch)])

    async with database.unscoped() as session:
        rows = await session.fetch("select officer_id from officer_cooperative order by officer_id")
        assert [row["officer_id"] for row in rows] == ["again", "known"]
        assert await session.scalar("select count(*) from officer_state") == 2


def _of_epoch(item: Received[Event], epoch: int) -> Received[Event]:
    return replace(item, epoch=epoch)


@pytest.mark.parametrize("service", LISTENERS)
async def test_officers_who_come_in_another_order_do_not_deadlock(service: str, database_of: DatabaseOf) -> None:
    """A rebuild reads assignments beside the live consumer, into the same table."""
    database = await database_of(service)

    def told(*officers: str) -> list[Event]:
        return [AssignmentRecorded(officer_id=officer, cooperatives=()) for officer in officers]

    async with database.unscoped() as session:
        await _hear(session, service, told("m"))
        live = asyncio.create_task(_hear_alone(database, service, told("a", "m", "z")))
        await until_they_wait_or_end(database, live)
        rebuild = asyncio.create_task(_hear_alone(database, service, told("z", "m", "a")))
        await until_they_wait_or_end(database, live, rebuild)
    await asyncio.gather(live, rebuild)
    async with database.unscoped() as session:
        assert await session.scalar("select count(*) from officer_state") == 3


@pytest.mark.parametrize("service", LISTENERS)
async def test_an_officer_who_is_withdrawn_among_others_comes_in_the_order_of_keys(
    service: str, database_of: DatabaseOf
) -> None:
    database = await database_of(service)
    gone = _of_epoch(received(withdrawn(AssignmentRecorded)(id="b")), 2)

    def told(officers: str) -> list[Received[Event]]:
        return [received(AssignmentRecorded(officer_id=officer, cooperatives=())) for officer in officers]

    async def hear(items: list[Received[Event]]) -> None:
        async with database.unscoped() as session:
            await inbox_of(service).apply(session, items)

    await hear(told("b"))
    async with database.unscoped() as session:
        await inbox_of(service).apply(session, told("m"))
        rebuild = asyncio.create_task(hear(told("bmz")))
        await until_they_wait_or_end(database, rebuild)
        live = asyncio.create_task(hear([*told("az"), gone]))
        await until_they_wait_or_end(database, rebuild, live)
    await asyncio.gather(rebuild, live)
    async with database.unscoped() as session:
        rows = await session.fetch("select officer_id from officer_state order by officer_id")
        assert [row["officer_id"] for row in rows] == ["a", "m", "z"]


@pytest.mark.parametrize("service", [service for service in LISTENERS if service != "reporting"])
async def test_batches_that_wake_rows_of_the_same_files_do_not_deadlock(service: str, database_of: DatabaseOf) -> None:
    """A co-operative wakes what waits for its members, a member what waits for it: both may stand in one batch."""
    database = await database_of(service)
    cooperatives = [_cooperative(code) for code in ("C1", "C2", "C3", "C4")]
    members = [_member(cooperative.cooperative_code) for cooperative in cooperatives]
    async with database.unscoped() as session:
        await _hear(session, service, [*cooperatives, *members])
        for row, (member, file) in enumerate(zip(members, ("B", "A", "A", "B"), strict=True), start=2):
            await session.execute(
                "insert into feed_row (delivery_id, row_number, data, status, waiting_for)"
                " values (:file, :row, '{}', 'waiting', :name)",
                file=derived_id("test-file", file),
                row=row,
                name=f"member:{member.member_number_hash}",
            )
        for file in ("A", "B"):
            await session.execute(
                "insert into feed_delivery (id, kind, as_of, requested_by, reach, file_format, file_bytes, file_sha256,"
                " status) values (:id, 'test', '2022-09-30', 'test', '{}', 'csv', 0, '', 'completed')",
                id=derived_id("test-file", file),
            )
    async with database.unscoped() as session:
        # Members are held: both batches have got past their co-operative, and no further.
        await session.execute("select from member for update")
        batches = [
            asyncio.create_task(_hear_alone(database, service, [cooperative, member], 2))
            for cooperative, member in zip(cooperatives[:2], members[2:], strict=True)
        ]
        await until_they_wait_or_end(database, *batches)
    await asyncio.gather(*batches)
    async with database.unscoped() as session:
        assert await session.scalar("select count(*) from feed_row where status = 'staged'") == 4
        assert await session.scalar("select count(*) from job") == 2


def _cooperative(code: str) -> CooperativeRecorded:
    return CooperativeRecorded(
        cooperative_id=derived_id("test-cooperative", code), cooperative_code=code, kind="cooperative",
        cooperative_type="agricultural", name_th=f"สหกรณ์ {code}", name_en=None, province_code="52",
        district_code="5201", strength_level=2, status="active",
    )  # fmt: skip


def _member(code: str) -> MemberRecorded:
    return MemberRecorded(
        member_id=derived_id("test-member", code), person_id=derived_id("test-person", code),
        cooperative_id=derived_id("test-cooperative", code), member_number_hash=code, household_id=None,
        member_kind="ordinary", status="active", birth_decade=1960,
    )  # fmt: skip


async def _hear(session: WriteSession, service: str, events: Sequence[Event], version: int = 1) -> None:
    await inbox_of(service).apply(session, [received(event, version) for event in events])


async def _hear_alone(database: Database, service: str, events: Sequence[Event], version: int = 1) -> None:
    async with database.unscoped() as session:
        await _hear(session, service, events, version)
