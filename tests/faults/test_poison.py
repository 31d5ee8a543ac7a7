"""Goal: a thousand events that cannot be applied stop the consumer and lose nothing; a few among many are set aside
with what comes behind them; after the fix a retry applies each once and in order."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from shared.chassis.batches import ConsumerStopped
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database
from shared.chassis.dead_letters import list_dead_letters, retry_dead_letters
from shared.chassis.events import InvalidEvent
from shared.chassis.inbox import Inbox
from shared.chassis.kafka import make_producer
from shared.chassis.settings import Settings
from tests.faults.ledger import Processes, make_ledger_inbox
from tests.shared.chassis.events.conftest import Deposited, count, publish, running, until

POISON = 1_000
ENTRIES = 30
ACCOUNTS = 100


@contextmanager
def cannot_read(accounts: set[UUID], error: Exception) -> Iterator[None]:
    """A release that fails on the events of these accounts."""
    parse = Inbox.parse

    def failing(inbox: Inbox, **record: object) -> object:
        received = parse(inbox, **record)  # type: ignore[arg-type]
        if received is not None and UUID(received.key) in accounts:
            raise error
        return received

    with patch.object(Inbox, "parse", failing):
        yield


async def publish_entries(bus: Settings, database: Database, accounts: list[UUID]) -> None:
    """Each account's deposits of 1, 2, 3 …, mixed."""
    numbers = range(1, ENTRIES + 1)
    await publish(
        bus, database, [(Deposited(account_id=account, amount=n), 1) for n in numbers for account in accounts]
    )


async def assert_each_once_in_order(database: Database, accounts: int) -> None:
    assert await count(database, f"select count(*) from ledger where entries = {ENTRIES}") == accounts
    assert await count(database, "select count(*) from deposit") == accounts * ENTRIES
    assert await count(database, "select sum(out_of_order) from ledger") == 0
    assert await count(database, "select count(*) from dead_letter") == 0


@pytest.mark.parametrize(
    "error", [InvalidEvent("it breaks an invariant"), KeyError("a fault of ours")], ids=["invariant", "fault-of-ours"]
)
async def test_a_thousand_in_a_row_stop_the_consumer_and_the_next_release_applies_them_all(
    bus: Settings, database: Database, ledger: Processes, error: Exception
) -> None:
    accounts = [uuid4() for _ in range(POISON)]
    await publish(bus, database, [(Deposited(account_id=account, amount=1), 1) for account in accounts])
    with cannot_read(set(accounts), error), pytest.raises(ConsumerStopped, match="in a row"):
        await asyncio.wait_for(Consumer(bus, database, make_ledger_inbox()).run(asyncio.Event()), 60)
    set_aside = await count(database, "select count(*) from dead_letter")
    assert set_aside <= bus.dead_letters_in_a_row_max

    async with running(Consumer(bus, database, make_ledger_inbox())):
        await until(lambda: _entries(database, POISON - set_aside))
    retried = await retry_dead_letters(database, make_ledger_inbox(), bus.kafka_topic_prefix)
    assert (retried.applied, retried.remaining) == (set_aside, 0)
    assert await count(database, "select count(*) from ledger where total = 1") == POISON


async def test_a_few_among_many_wait_with_what_comes_behind_them_and_are_applied_in_order_after_the_fix(
    bus: Settings, database: Database, ledger: Processes
) -> None:
    accounts = [uuid4() for _ in range(ACCOUNTS)]
    poisoned = set(accounts[:: ACCOUNTS // 4])
    await publish_entries(bus, database, accounts)
    await _send_rubbish(bus)
    good = (ACCOUNTS - len(poisoned)) * ENTRIES
    with cannot_read(poisoned, InvalidEvent("it breaks an invariant")):
        async with running(Consumer(bus, database, make_ledger_inbox())):
            await until(lambda: _entries(database, good))
            await until(lambda: _set_aside(database, len(poisoned) * ENTRIES + 3))
    letters = await list_dead_letters(database, "registry", limit=1_000)
    reasons = {row["reason"] for row in letters if not row["parked"]}
    assert any("does not parse" in reason for reason in reasons)
    assert any("unknown type" in reason for reason in reasons)
    assert sum(not row["parked"] for row in letters) == len(poisoned) + 3, "one of each key is at fault"

    retried = await retry_dead_letters(database, make_ledger_inbox(), bus.kafka_topic_prefix)
    assert retried.applied == len(poisoned) * ENTRIES
    assert retried.remaining == 3, "what nobody can read stays until somebody drops it"
    async with database.unscoped() as session:
        await session.execute("delete from dead_letter")
    await assert_each_once_in_order(database, ACCOUNTS)


async def _send_rubbish(bus: Settings) -> None:
    producer = make_producer(bus, "stranger")
    await producer.start()
    try:
        topic = bus.kafka_topic_prefix + Deposited.topic.name
        known = [
            ("ce_type", Deposited.type.encode()),
            ("ce_id", str(uuid4()).encode()),
            ("ce_aggregateversion", b"1.1"),
            ("ce_effectiveon", b"2022-10-01"),
            ("ce_time", b"2022-10-01T00:00:00+00:00"),
        ]
        await producer.send_and_wait(topic, key=b"a", value=b"{not json", headers=known)
        await producer.send_and_wait(topic, key=b"b", value=b"{}", headers=[("ce_type", b"unheard.of.v1")])
        await producer.send_and_wait(topic, key=b"c", value=b"\xff\xfe\x00", headers=[])
    finally:
        await producer.stop()


async def _entries(database: Database, expected: int) -> bool:
    return await count(database, "select sum(entries) from ledger") == expected


async def _set_aside(database: Database, expected: int) -> bool:
    return await count(database, "select count(*) from dead_letter") == expected
