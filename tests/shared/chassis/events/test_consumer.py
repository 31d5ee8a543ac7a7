"""Goal: what is said reaches every listener once, in order, however members come and go."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.batches import BatchApplier, Claim, LogChanged, PartitionLost
from shared.chassis.consumer import Consumer, Progress, ensure_offsets
from shared.chassis.database import Database
from shared.chassis.inbox import insert_facts
from shared.chassis.settings import Settings
from tests.shared.chassis.events.conftest import (
    BalanceRecorded,
    Deposited,
    count,
    make_inbox,
    publish,
    running,
    until,
    until_count,
)


async def test_promise_4_what_is_fetched_before_the_seek_of_an_assignment_is_not_applied(
    bus: Settings, database: Database
) -> None:
    class Slow(Consumer):
        """Time enough between the assignment and its seek for records to come from where Kafka would go on."""

        async def _take(self, assigned: list[TopicPartition]) -> None:
            await asyncio.sleep(1)
            await super()._take(assigned)

    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(200)])
    async with running(Consumer(bus, database, make_inbox())):
        await until_count(database, "select count(*) from deposit", 200)
        await asyncio.sleep(3)  # Kafka has been told the group's offsets
    async with database.unscoped() as session:  # a restore to the beginning, which Kafka knows nothing of
        await session.execute("delete from deposit")
        await session.execute("update consumer_offset set next_offset = 0")
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(50)])
    async with running(Slow(bus, database, make_inbox())):
        await until_count(database, "select count(*) from deposit", 250, seconds=20)


async def test_promise_4_two_members_apply_each_effect_once_while_they_rebalance(
    bus: Settings, database: Database
) -> None:
    accounts = [uuid4() for _ in range(50)]
    deposits = [Deposited(account_id=random.choice(accounts), amount=1) for _ in range(3_000)]
    inbox = make_inbox()
    small = bus.model_copy(update={"consumer_batch_events_max": 50})
    async with running(Consumer(small, database, inbox, member="a")):
        await publish(bus, database, [(event, 1) for event in deposits[:1_000]])
        async with running(Consumer(small, database, inbox, member="b")):
            await publish(bus, database, [(event, 1) for event in deposits[1_000:2_000]])
            await asyncio.sleep(1)
        await publish(bus, database, [(event, 1) for event in deposits[2_000:]])
        await until_count(database, "select count(*) from deposit", 3_000)
    assert await count(database, "select sum(amount) from total") == 3_000


async def test_promise_4_a_rebalance_while_a_member_tells_its_offsets_stops_nobody(
    bus: Settings, database: Database
) -> None:
    assignable = asyncio.Event()
    assignable.set()
    revoked = asyncio.Event()

    class Held(Consumer):
        """Between two assignments for as long as the test wants."""

        async def on_partitions_revoked(self, partitions: Iterable[TopicPartition]) -> None:
            await super().on_partitions_revoked(partitions)
            revoked.set()

        async def _take(self, assigned: list[TopicPartition]) -> None:
            await assignable.wait()
            await super()._take(assigned)

    deposits = [Deposited(account_id=uuid4(), amount=1) for _ in range(20)]
    async with AsyncExitStack() as members:
        await members.enter_async_context(running(Held(bus, database, make_inbox(), member="a")))
        await publish(bus, database, [(event, 1) for event in deposits[:10]])
        await until_count(database, "select count(*) from deposit", 10)
        assignable.clear()
        revoked.clear()
        async with database.unscoped() as session:
            await session.execute("lock table consumer_heartbeat")
            await asyncio.sleep(2.5)  # the member's next heartbeat has begun, and waits
            await members.enter_async_context(running(Consumer(bus, database, make_inbox(), member="b")))
            await asyncio.wait_for(revoked.wait(), 30)
        await asyncio.sleep(1)  # it tells now, and holds nothing any more
        assignable.set()
        await publish(bus, database, [(event, 1) for event in deposits[10:]])
        await until_count(database, "select count(*) from deposit", 20)


async def test_promise_4_what_a_restore_took_back_is_read_again_though_nothing_new_is_said(
    bus: Settings, database: Database
) -> None:
    """The database may be back before the member asks for it again: no error of a connection tells it."""
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(20)])
        await until_count(database, "select count(*) from deposit", 20)
        async with database.unscoped() as session:
            await session.execute("delete from deposit")
            await session.execute("delete from total")
            await session.execute("update consumer_offset set next_offset = 0")
        await until_count(database, "select count(*) from deposit", 20)
    assert await count(database, "select sum(amount) from total") == 20


async def test_promise_4_a_member_joins_again_although_its_client_ends_as_cancelled(
    bus: Settings, database: Database
) -> None:
    """aiokafka does that when it is stopped while a fetch that has failed waits for its next attempt."""
    consumer = Consumer(bus, database, make_inbox())
    async with running(consumer):
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
        await until_count(database, "select count(*) from deposit", 1)
        client = consumer._kafka
        assert client is not None
        client._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(3_600)))
        consumer._fault = PartitionLost("on purpose")
        await until(lambda: _is_another(consumer, client))
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
        await until_count(database, "select count(*) from deposit", 2)
    assert not any(connection.connected() for connection in client._client._conns.values())


async def _is_another(consumer: Consumer, client: AIOKafkaConsumer) -> bool:
    return consumer._kafka is not client


async def test_a_member_that_stands_still_is_not_hidden_by_one_that_does_not(bus: Settings, database: Database) -> None:
    """An ended assignment may lie unread in its partitions: the heartbeat of the group must grow old."""
    may_go_on = asyncio.Event()

    class Stuck(Consumer):
        async def _apply(self, fetched: Any) -> None:
            await may_go_on.wait()
            await super()._apply(fetched)

    stuck, other = Stuck(bus, database, make_inbox(), member="a"), Consumer(bus, database, make_inbox(), member="b")
    beats = "select count(*) from consumer_heartbeat where polled_at > now() - interval '5 seconds' and lag_seconds"
    async with running(stuck, other):
        try:
            await until(lambda: _both_hold(stuck, other))
            await until_count(database, f"{beats} = 0", 1)
            await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(40)])
            await until_count(database, f"{beats} between 4 and 60", 1, seconds=30)
        finally:
            may_go_on.set()
        await until_count(database, f"{beats} = 0", 1)


async def _both_hold(*members: Consumer) -> bool:
    return all(member._held for member in members)


def test_knowledge_is_as_old_as_its_slowest_partition() -> None:
    fast, slow = TopicPartition("topic", 0), TopicPartition("topic", 1)
    progress = Progress(told=50)
    assert progress.whole_until(100, {fast: 5, slow: 9}, {fast: 5, slow: 2}) == 50  # as was said before
    assert progress.whole_until(110, {fast: 7, slow: 9}, {fast: 6, slow: 8}) == 50
    assert progress.whole_until(120, {fast: 8, slow: 12}, {fast: 8, slow: 9}) == 100  # what stood there at 100 is read
    assert progress.whole_until(130, {fast: 9, slow: 12}, {fast: 8, slow: 12}) == 120
    assert progress.whole_until(140, {fast: 9, slow: 12}, {fast: 9, slow: 12}) == 140
    assert progress.whole_until(150, {fast: 2, slow: 0}, {fast: 2}) == 150  # another log, which ends earlier


async def test_promise_4_a_zombies_claim_fails_and_moves_nothing(bus: Settings, database: Database) -> None:
    partitions = [TopicPartition("topic", number) for number in (0, 1)]
    applier = BatchApplier(bus, make_inbox(), "registry")
    async with database.unscoped() as session:
        await ensure_offsets(session, "registry", "cluster", partitions, dict.fromkeys(partitions, 0))
    async with database.unscoped() as session:
        await applier.claim(session, [Claim("topic", 0, expected_offset=0, next_offset=5)])
    late = [Claim("topic", 0, expected_offset=0, next_offset=3), Claim("topic", 1, expected_offset=0, next_offset=3)]
    with pytest.raises(PartitionLost):
        async with database.unscoped() as session:
            await applier.claim(session, late)
    assert await count(database, "select next_offset from consumer_offset where partition = 0") == 5
    assert await count(database, "select next_offset from consumer_offset where partition = 1") == 0


async def test_promise_4_a_relays_second_copy_and_an_older_state_change_nothing(
    bus: Settings, database: Database
) -> None:
    account = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=2), 2)])
        await until_count(database, "select count(*) from balance", 1)
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=1), 1)])
        other = uuid4()
        await publish(bus, database, [(BalanceRecorded(account_id=other, balance=9), 1)])
        await until_count(database, "select count(*) from balance", 2)
        await asyncio.sleep(0.5)
    assert await count(database, f"select balance from balance where id = '{account}'") == 2


async def test_promise_4_a_fact_is_new_once(bus: Settings, database: Database) -> None:
    fact = {"event_id": uuid4(), "account_id": uuid4(), "amount": 1}
    async with database.unscoped() as session:
        assert await insert_facts(session, "deposit", [fact, fact]) == [fact]
    async with database.unscoped() as session:
        assert await insert_facts(session, "deposit", [fact]) == []


async def test_promise_4_a_new_epoch_wins_over_any_older_version(bus: Settings, database: Database) -> None:
    account = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=50), 7)])
        await until_count(database, "select coalesce(max(balance), 0) from balance", 50)
        async with database.unscoped() as session:
            await session.execute("update outbox_epoch set epoch = 2")
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=40), 3)])
        await until_count(database, "select max(balance) from balance", 40)


async def test_promise_4_a_consumer_refuses_another_log(bus: Settings, database: Database) -> None:
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
    async with running(Consumer(bus, database, make_inbox())):
        await until_count(database, "select count(*) from deposit", 1)
    async with database.unscoped() as session:
        await session.execute("update consumer_offset set cluster_id = 'another'")
    with pytest.raises(LogChanged, match="cluster another"):
        async with running(Consumer(bus, database, make_inbox())):
            await asyncio.sleep(3)


async def test_promise_4_a_consumer_refuses_another_log_that_takes_the_place_of_its_own_while_it_runs(
    bus: Settings, database: Database
) -> None:
    class Moved(Consumer):
        """Reads the log of a broker that is replaced after the first assignment."""

        clusters = 0

        async def _read_cluster_id(self) -> str:
            self.clusters += 1
            return await super()._read_cluster_id() if self.clusters == 1 else "another"

    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
    first = asyncio.create_task(Moved(bus, database, make_inbox(), member="a").run(asyncio.Event()))
    await until_count(database, "select count(*) from deposit", 1)
    async with running(Consumer(bus, database, make_inbox(), member="b")):  # whoever joins, all are assigned anew
        with pytest.raises(LogChanged, match="this is another"):
            await asyncio.wait_for(first, 60)


async def test_promise_7_a_drain_loses_nothing_and_repeats_nothing(bus: Settings, database: Database) -> None:
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(2_000)])
    small = bus.model_copy(update={"consumer_batch_events_max": 20})
    for _ in range(6):
        async with running(Consumer(small, database, make_inbox())):
            before = await count(database, "select count(*) from deposit")
            await until(partial(_more, database, before))
    async with running(Consumer(bus, database, make_inbox())):
        await until_count(database, "select count(*) from deposit", 2_000)
    assert await count(database, "select sum(amount) from total") == 2_000


async def _more(database: Database, before: int) -> bool:
    return await count(database, "select count(*) from deposit") > before or before == 2_000
