"""Goal: two members that both hold every partition, or fight for them, and are killed at random points of the work,
apply each event exactly once and keep the order of each account."""

import asyncio
import random
import signal
from uuid import uuid4

import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from tests.faults.ledger import Processes
from tests.shared.chassis.events.conftest import BalanceRecorded, Deposited, count, publish, until

ACCOUNTS = 200
ENTRIES = 100  # of each account
EVENTS = ACCOUNTS * ENTRIES
MEMBERS = {"first": "same", "second": "same", "third": "other"}  # and the Kafka group of each
STANDS_STILL = "first"
BEYOND_SESSION_SECONDS = 8.0  # the members' session time-out is 6 s


async def publish_entries(bus: Settings, database: Database) -> None:
    """Every account's deposits of 1, 2, 3 …, mixed, and its balance as it stands after each tenth."""
    accounts = [uuid4() for _ in range(ACCOUNTS)]
    events: list[tuple[Deposited | BalanceRecorded, int]] = []
    for number in range(1, ENTRIES + 1):
        for account in accounts:
            events.append((Deposited(account_id=account, amount=number), 1))
            if number % 10 == 0:
                events.append((BalanceRecorded(account_id=account, balance=number), number))
    await publish(bus, database, events)


async def assert_each_once_in_order(database: Database) -> None:
    assert await count(database, "select count(*) from deposit") == EVENTS
    read = await count(database, "select sum(next_offset) from consumer_offset where topic like '%.deposit'")
    assert await count(database, "select sum(times) from handed") == read, "an offset was claimed twice"
    assert await count(database, "select count(*) from ledger") == ACCOUNTS
    assert await count(database, f"select count(*) from ledger where entries <> {ENTRIES}") == 0
    assert await count(database, f"select count(*) from ledger where total <> {ENTRIES * (ENTRIES + 1) // 2}") == 0
    assert await count(database, "select sum(out_of_order) from ledger") == 0
    assert await count(database, f"select count(*) from balance where balance = {ENTRIES}") == ACCOUNTS
    assert await count(database, "select count(*) from dead_letter") == 0


async def test_members_that_fight_are_killed_and_stand_still_apply_each_event_once_and_in_order(
    bus: Settings, database: Database, ledger: Processes, seed: int
) -> None:
    await fight(bus, database, ledger, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("round_number", range(5))
async def test_members_that_fight_again_and_again(
    bus: Settings, database: Database, ledger: Processes, seed: int, round_number: int
) -> None:
    await fight(bus, database, ledger, seed + round_number, kills=20)


async def fight(bus: Settings, database: Database, ledger: Processes, seed: int, kills: int = 4) -> None:
    """Two members share one group and lose partitions to each other; the third, of another group, holds them all too.

    One of them stands still for longer than its session, and goes on with what it had fetched.
    """
    print(f"seed {seed}")
    chance = random.Random(seed)
    await publish_entries(bus, database)
    for name, group in MEMBERS.items():
        ledger.start(name, "consume", group)
    acts = ["kill"] * kills
    acts.insert(chance.randrange(kills), "stop")
    stopped = asyncio.create_task(asyncio.sleep(0))
    for act, point in zip(acts, sorted(chance.sample(range(EVENTS * 9 // 10), len(acts))), strict=True):
        await until(lambda point=point: _passed(database, point), 240)  # type: ignore[misc]
        await asyncio.sleep(chance.uniform(0, 0.1))
        if act == "kill":
            ledger.replace(chance.choice([name for name in MEMBERS if name != STANDS_STILL]))
        else:
            ledger.send(STANDS_STILL, signal.SIGSTOP)
            stopped = asyncio.create_task(_let_go_on(ledger))
    await until(lambda: _all_applied(database), 240)
    await stopped
    await asyncio.sleep(1)  # what it had fetched is old now, and must not be applied
    await assert_each_once_in_order(database)
    assert not ledger.has_ended(STANDS_STILL)


async def _let_go_on(ledger: Processes) -> None:
    await asyncio.sleep(BEYOND_SESSION_SECONDS)
    ledger.send(STANDS_STILL, signal.SIGCONT)


async def _passed(database: Database, point: int) -> bool:
    return await count(database, "select sum(entries) from ledger") > point


async def _all_applied(database: Database) -> bool:
    balances = await count(database, f"select count(*) from balance where balance = {ENTRIES}")
    return await _passed(database, EVENTS - 1) and balances == ACCOUNTS
