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
from shared.contracts.registry import AssignedCooperative, AssignmentRecorded
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


async def _hear(session: WriteSession, service: str, events: Sequence[Event], version: int = 1) -> None:
    await inbox_of(service).apply(session, [received(event, version) for event in events])


async def _hear_alone(database: Database, service: str, events: Sequence[Event], version: int = 1) -> None:
    async with database.unscoped() as session:
        await _hear(session, service, events, version)
