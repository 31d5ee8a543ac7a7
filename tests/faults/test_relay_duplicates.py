"""Goal: a relay that ends between what the broker acknowledged and what the outbox forgets publishes second copies, and
no listener's state shows them."""

from uuid import uuid4

from shared.chassis import outbox
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database
from shared.chassis.kafka import read_ends
from shared.chassis.settings import Settings
from tests.faults.ledger import Processes, make_ledger_inbox
from tests.shared.chassis.events.conftest import CATALOGUE, DAY, BalanceRecorded, Deposited, count, running, until

ACCOUNTS = 20
ENTRIES = 25
EVENTS = ACCOUNTS * ENTRIES
CRASHES_MIN = 2


async def test_a_relay_that_crashes_between_publish_and_delete_changes_no_state(
    bus: Settings, database: Database, ledger: Processes
) -> None:
    accounts = [uuid4() for _ in range(ACCOUNTS)]
    async with database.unscoped() as session:
        for number in range(1, ENTRIES + 1):
            facts = [(Deposited(account_id=account, amount=number), 1, DAY) for account in accounts]
            states = [(BalanceRecorded(account_id=account, balance=number), number, DAY) for account in accounts]
            await outbox.add_many(session, [*facts, *states])

    async with running(Consumer(bus, database, make_ledger_inbox())):
        crashes = 0
        ledger.start("relay", "relay", "1.0")
        while crashes < CRASHES_MIN:  # nothing is ever deleted: the same first events are published again
            await until(lambda: _ended(ledger))
            crashes += 1
            ledger.start("relay", "relay", "1.0" if crashes < CRASHES_MIN else "0.1")
        while await count(database, "select count(*) from outbox"):
            await until(lambda: _ended_or_done(ledger, database))
            if ledger.has_ended("relay"):
                ledger.start("relay", "relay", "0.1")
        copies = await published(bus)
        await until(lambda: _read(database, copies))

    assert copies > 2 * EVENTS, "no second copy was published: the test shows nothing"
    assert await count(database, "select count(*) from deposit") == EVENTS
    assert await count(database, f"select count(*) from ledger where entries = {ENTRIES}") == ACCOUNTS
    assert await count(database, "select sum(total) from ledger") == ACCOUNTS * ENTRIES * (ENTRIES + 1) // 2
    assert await count(database, "select sum(out_of_order) from ledger") == 0
    assert await count(database, f"select count(*) from balance where balance = {ENTRIES}") == ACCOUNTS
    assert await count(database, "select count(*) from dead_letter") == 0


async def published(bus: Settings) -> int:
    """How many copies the broker has."""
    topics = [bus.kafka_topic_prefix + topic.name for topic in CATALOGUE.topics]
    return sum(
        (await read_ends(bus, [(topic, part) for topic in topics for part in range(bus.kafka_partitions)])).values()
    )


async def _ended(ledger: Processes) -> bool:
    return ledger.has_ended("relay")


async def _ended_or_done(ledger: Processes, database: Database) -> bool:
    return ledger.has_ended("relay") or await count(database, "select count(*) from outbox") == 0


async def _read(database: Database, copies: int) -> bool:
    return await count(database, "select sum(next_offset) from consumer_offset") >= copies
