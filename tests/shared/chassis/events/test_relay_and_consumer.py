"""Goal: what a transaction says reaches every listener once, in order, through real PostgreSQL and a real broker."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.chassis import outbox
from shared.chassis.batches import BatchApplier, Claim, ConsumerStopped, LogChanged, PartitionLost, reason_of
from shared.chassis.consumer import Consumer, Progress, ensure_offsets, forget_offsets
from shared.chassis.database import Database, WriteSession, is_transient
from shared.chassis.dead_letters import drop_dead_letter, list_dead_letters, retry_dead_letters
from shared.chassis.events import InvalidEvent, Topic
from shared.chassis.inbox import insert_facts
from shared.chassis.kafka import create_topics, make_producer
from shared.chassis.relay import Relay, _acknowledged_ids
from shared.chassis.settings import Settings
from tests.locks import until_they_wait_or_end, waiting_sessions
from tests.shared.chassis.events.conftest import (
    CATALOGUE,
    DAY,
    BalanceRecorded,
    Deposited,
    add_to_totals,
    count,
    make_inbox,
    publish,
    running,
    until,
)


async def test_promise_2_an_event_exists_exactly_when_its_transaction_commits(
    bus: Settings, database: Database
) -> None:
    account = uuid4()

    async def fail_after_adding() -> None:
        async with database.unscoped() as session:
            await outbox.add(session, BalanceRecorded(account_id=account, balance=1), version=1, effective_on=DAY)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail_after_adding()
    assert await count(database, "select count(*) from outbox") == 0
    async with database.unscoped() as session:
        await outbox.add(session, BalanceRecorded(account_id=account, balance=1), version=1, effective_on=DAY)
    assert await count(database, "select count(*) from outbox") == 1


async def test_promise_2_an_event_says_what_it_belongs_to_or_nothing(bus: Settings, database: Database) -> None:
    """A job of the night belongs to no request, and says so in the same place."""
    for correlation_id in ("asked-for", None):
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            async with database.unscoped() as session:
                event = BalanceRecorded(account_id=uuid4(), balance=1)
                await outbox.add(session, event, version=1, effective_on=DAY)
    async with database.unscoped() as session:
        said = await session.fetch("select headers from outbox order by id")
    assert [row["headers"].get("ce_correlationid") for row in said] == ["asked-for", None]


async def test_promise_2_the_outbox_refuses_what_the_broker_would_refuse(bus: Settings, database: Database) -> None:
    class Large(BalanceRecorded):
        text: str

    class Foreign(BalanceRecorded):
        topic: ClassVar[Topic] = replace(BalanceRecorded.topic, producer="debt")

    async with database.unscoped() as session:
        with pytest.raises(outbox.EventRefused, match="over the limit"):
            await outbox.add(
                session, Large(account_id=uuid4(), balance=1, text="x" * 1_000_000), version=1, effective_on=DAY
            )
        with pytest.raises(outbox.EventRefused, match="belongs to debt"):
            await outbox.add(session, Foreign(account_id=uuid4(), balance=1), version=1, effective_on=DAY)


async def test_promise_3_first_copies_stand_in_commit_order_with_two_relays(bus: Settings, database: Database) -> None:
    accounts = [uuid4() for _ in range(20)]
    versions = dict.fromkeys(accounts, 0)

    async def write(number: int) -> None:
        async with database.unscoped() as session:
            account = accounts[number % len(accounts)]
            await session.fetch("select pg_advisory_xact_lock(:key)", key=number % len(accounts))
            versions[account] += 1
            event = BalanceRecorded(account_id=account, balance=versions[account])
            await outbox.add(session, event, version=versions[account], effective_on=DAY)

    seen: dict[object, list[int]] = {account: [] for account in accounts}
    inbox = make_inbox()
    async with running(Relay(bus, database), Relay(bus, database)):
        for start in range(0, 400, 4):
            await asyncio.gather(*(write(start + offset) for offset in range(4)))
        await until(lambda: _is_zero(database, "select count(*) from outbox"))
    async for record in _all_records(bus, "plodnee.registry.balance"):
        item = inbox.parse(
            topic=record.topic.removeprefix(bus.kafka_topic_prefix),
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            headers={name: value.decode() for name, value in record.headers},
            value=record.value,
        )
        assert item is not None
        seen[item.event.account_id].append(item.version)  # type: ignore[attr-defined]
    for account in accounts:
        first_copies = list(dict.fromkeys(seen[account]))
        assert first_copies == list(range(1, versions[account] + 1))


async def test_promise_3_two_relays_share_the_shards_and_hold_none_together(
    bus: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.chassis.relay._REBALANCE_SECONDS", 0.1)
    first, second = Relay(bus, database), Relay(bus, database)

    async def hold(*parts: int) -> bool:
        return [len(relay._shards) for relay in (first, second)] == list(parts)

    async with running(first):
        await until(lambda: hold(outbox.SHARDS, 0))
        async with running(second):
            await until(lambda: hold(outbox.SHARDS // 2, outbox.SHARDS // 2))
            assert not first._shards & second._shards
        await until(lambda: hold(outbox.SHARDS, 0))


async def test_promise_3_a_missing_topic_holds_back_its_own_events_and_repeats_no_others(
    bus: Settings, database: Database
) -> None:
    class Unheard(Deposited):
        topic: ClassVar[Topic] = Topic("plodnee.registry.missing", "fact", "account", "", "registry", ())

    deposits = [Deposited(account_id=uuid4(), amount=1) for _ in range(20)]
    unheard = Unheard(account_id=uuid4(), amount=1)
    async with database.unscoped() as session:
        events = [*deposits[:10], unheard, *deposits[10:]]
        await outbox.add_many(session, [(event, 1, DAY) for event in events])
    hasty = bus.model_copy(update={"kafka_request_timeout_ms": 1_000})
    async with running(Relay(hasty, database)):
        await until(lambda: _is(database, "select count(*) from outbox", 1))
        await asyncio.sleep(4)  # and more rounds
    assert len([record async for record in _all_records(bus, "plodnee.registry.deposit")]) == len(deposits)


def test_promise_3_a_key_has_one_shard_for_ever() -> None:
    """Processes of two versions run side by side during an upgrade: they must agree on who publishes a key."""
    assert [outbox.shard_of(key) for key in ("01997e5a-0000-7000-8000-000000000001", "C52-0001")] == [8, 9]


def test_promise_3_what_stands_behind_a_row_that_was_not_acknowledged_is_kept() -> None:
    rows: Any = [{"id": number, "topic": "topic", "key": key} for number, key in enumerate("aba", start=1)]
    rows += [{"id": 4, "topic": "another", "key": "a"}]
    assert _acknowledged_ids(rows, [KafkaError(), None, None, None]) == [2, 4]


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
        await until(lambda: _is(database, "select count(*) from deposit", 200))
        await asyncio.sleep(3)  # Kafka has been told the group's offsets
    async with database.unscoped() as session:  # a restore to the beginning, which Kafka knows nothing of
        await session.execute("delete from deposit")
        await session.execute("update consumer_offset set next_offset = 0")
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(50)])
    async with running(Slow(bus, database, make_inbox())):
        await until(lambda: _is(database, "select count(*) from deposit", 250), seconds=20)


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
        await until(lambda: _is(database, "select count(*) from deposit", 3_000))
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
        await until(lambda: _is(database, "select count(*) from deposit", 10))
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
        await until(lambda: _is(database, "select count(*) from deposit", 20))


async def test_promise_4_what_a_restore_took_back_is_read_again_though_nothing_new_is_said(
    bus: Settings, database: Database
) -> None:
    """The database may be back before the member asks for it again: no error of a connection tells it."""
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(20)])
        await until(lambda: _is(database, "select count(*) from deposit", 20))
        async with database.unscoped() as session:
            await session.execute("delete from deposit")
            await session.execute("delete from total")
            await session.execute("update consumer_offset set next_offset = 0")
        await until(lambda: _is(database, "select count(*) from deposit", 20))
    assert await count(database, "select sum(amount) from total") == 20


async def test_promise_4_a_member_joins_again_although_its_client_ends_as_cancelled(
    bus: Settings, database: Database
) -> None:
    """aiokafka does that when it is stopped while a fetch that has failed waits for its next attempt."""
    consumer = Consumer(bus, database, make_inbox())
    async with running(consumer):
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
        await until(lambda: _is(database, "select count(*) from deposit", 1))
        client = consumer._kafka
        assert client is not None
        client._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(3_600)))
        consumer._fault = PartitionLost("on purpose")
        await until(lambda: _is_another(consumer, client))
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
        await until(lambda: _is(database, "select count(*) from deposit", 2))
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
            await until(lambda: _is(database, f"{beats} = 0", 1))
            await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(40)])
            await until(lambda: _is(database, f"{beats} between 4 and 60", 1), seconds=30)
        finally:
            may_go_on.set()
        await until(lambda: _is(database, f"{beats} = 0", 1))


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
        await until(lambda: _is(database, "select count(*) from balance", 1))
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=1), 1)])
        other = uuid4()
        await publish(bus, database, [(BalanceRecorded(account_id=other, balance=9), 1)])
        await until(lambda: _is(database, "select count(*) from balance", 2))
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
        await until(lambda: _is(database, "select coalesce(max(balance), 0) from balance", 50))
        async with database.unscoped() as session:
            await session.execute("update outbox_epoch set epoch = 2")
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=40), 3)])
        await until(lambda: _is(database, "select max(balance) from balance", 40))


async def test_promise_4_a_consumer_refuses_another_log(bus: Settings, database: Database) -> None:
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
    async with running(Consumer(bus, database, make_inbox())):
        await until(lambda: _is(database, "select count(*) from deposit", 1))
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
    await until(lambda: _is(database, "select count(*) from deposit", 1))
    async with running(Consumer(bus, database, make_inbox(), member="b")):  # whoever joins, all are assigned anew
        with pytest.raises(LogChanged, match="this is another"):
            await asyncio.wait_for(first, 60)


async def test_promise_5_poison_parks_its_key_and_nothing_else_and_a_retry_applies_it(
    bus: Settings, database: Database
) -> None:
    bad, good = uuid4(), uuid4()
    events = [Deposited(account_id=bad, amount=-1), Deposited(account_id=bad, amount=5)]
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(event, 1) for event in [*events, Deposited(account_id=good, amount=3)]])
        await until(lambda: _is(database, "select count(*) from dead_letter", 2))
        await until(lambda: _is(database, "select count(*) from deposit", 1))
    listed = await list_dead_letters(database, "registry")
    assert [row["parked"] for row in listed] == [False, True]
    assert "not negative" in listed[0]["reason"]
    still_bad = await retry_dead_letters(database, make_inbox(), bus.kafka_topic_prefix)
    assert (still_bad.applied, still_bad.remaining) == (0, 2)
    assert await drop_dead_letter(database, listed[0]["id"], "entered twice by hand")
    retried = await retry_dead_letters(database, make_inbox(), bus.kafka_topic_prefix)
    assert (retried.applied, retried.remaining) == (1, 0)
    assert await count(database, "select sum(amount) from total") == 8


async def test_promise_5_a_bad_deploy_stops_the_consumer_instead_of_draining_the_topic(
    bus: Settings, database: Database
) -> None:
    strict = bus.model_copy(update={"dead_letters_in_a_row_max": 10})
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=-1), 1) for _ in range(50)])
    with pytest.raises(ConsumerStopped, match="in a row"):
        async with running(Consumer(strict, database, make_inbox())):
            await asyncio.sleep(5)
    assert await count(database, "select count(*) from dead_letter") <= 10 * strict.kafka_partitions


async def test_promise_5_a_bad_deploy_stops_the_consumer_however_many_events_a_key_has(
    bus: Settings, database: Database
) -> None:
    strict = bus.model_copy(update={"dead_letters_in_a_row_max": 10})
    accounts = [uuid4() for _ in range(100)]
    events = [Deposited(account_id=account, amount=-1) for account in accounts for _ in range(8)]
    await publish(bus, database, [(event, 1) for event in events])
    with pytest.raises(ConsumerStopped, match="in a row"):
        async with running(Consumer(strict, database, make_inbox())):
            await asyncio.sleep(5)


async def test_promise_5_an_offset_of_a_replaced_log_drops_no_event_of_the_new_one(
    bus: Settings, database: Database
) -> None:
    bad, good = uuid4(), uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(Deposited(account_id=account, amount=-1), 1) for account in (bad, good)])
        await until(lambda: _is(database, "select count(*) from dead_letter", 2))
    for row in await list_dead_letters(database, "registry"):
        if row["key"] == str(good):
            assert await drop_dead_letter(database, row["id"], "entered twice by hand")
    emptied = bus.model_copy(update={"kafka_topic_prefix": f"n{uuid4().hex[:12]}."})
    await create_topics(emptied, CATALOGUE.topics)
    async with database.unscoped() as session:  # the new log stands under the old topics' names
        for table in ("consumer_offset", "dead_letter", "dead_letter_drop"):
            await session.execute(
                f"update {table} set topic = replace(topic, :old, :new)",
                old=bus.kafka_topic_prefix,
                new=emptied.kafka_topic_prefix,
            )
    assert await forget_offsets(database, "registry") > 0
    await publish(emptied, database, [(Deposited(account_id=account, amount=2), 1) for account in (bad, good)])
    async with running(Consumer(emptied, database, make_inbox())):
        await until(lambda: _is(database, "select count(*) from deposit", 2))
    assert await count(database, "select count(*) from dead_letter") == 0


def test_a_full_pool_and_a_lost_connection_pass_by_themselves() -> None:
    assert is_transient(PoolTimeout())
    assert is_transient(ConnectionResetError())
    assert not is_transient(ValueError())


def test_promise_5_the_reason_of_an_event_set_aside_quotes_nothing_of_it() -> None:
    row = asyncpg.NotNullViolationError("Failing row contains (Somchai)")
    reasons = [reason_of(error) for error in (KeyError("Somchai"), row, IntegrityError("insert", {}, row))]
    assert reasons == ["KeyError", "NotNullViolationError 23502", "IntegrityError 23502"]
    headers = {
        "ce_type": Deposited.type,
        "ce_id": str(uuid4()),
        "ce_effectiveon": "2022-10-01",
        "ce_time": "2022-10-01",
    }
    for version, amount in (("1.1", "Somchai"), ("1.Somchai", 1), ("1.1", 1)):
        with pytest.raises(InvalidEvent) as refused:
            make_inbox().parse(
                topic=Deposited.topic.name,
                partition=0,
                offset=0,
                key=b"another's",
                headers=headers | {"ce_aggregateversion": version},
                value=orjson.dumps({"account_id": str(uuid4()), "amount": amount}),
            )
        assert "Somchai" not in reason_of(refused.value)


@pytest.mark.parametrize("with_poison", [False, True])
async def test_promise_5_a_deadlock_is_no_poison(bus: Settings, database: Database, with_poison: bool) -> None:
    """PostgreSQL ends the consumer's transaction, in a batch or amid its events one by one: it begins again."""
    account, shared = uuid4(), uuid4()
    beside = next(key for key in iter(uuid4, None) if _partition_of(key) == _partition_of(account))

    async def add_to_shared_total(session: WriteSession, handed_back: Sequence[object]) -> None:
        await add_to_totals(session, handed_back)
        await session.execute("update total set amount = amount + 1 where id = :id", id=shared)

    inbox = make_inbox(finish=add_to_shared_total)
    async with database.unscoped() as session:
        await session.execute("insert into total (id, amount) values (:id, 0), (:other, 0)", id=account, other=shared)
    bad = [(Deposited(account_id=beside, amount=-1), 1)] if with_poison else []
    await publish(bus, database, [*bad, (Deposited(account_id=account, amount=3), 1)])
    with structlog.testing.capture_logs() as logged:
        async with running(Consumer(bus, database, inbox)):
            async with database.unscoped() as other:
                await other.execute("update total set amount = amount where id = :id", id=shared)
                await until(partial(_somebody_waits, database))
                await other.execute("update total set amount = amount where id = :id", id=account)
            await until(lambda: _is(database, "select count(*) from deposit", 1))
    assert [line["event"] for line in logged].count("batch_retried_one_by_one") == 2 * with_poison
    paused = [line["error"] for line in logged if line["event"] == "consumer_paused"]
    assert paused == ["DeadlockDetectedError 40P01"]
    assert await count(database, "select count(*) from dead_letter") == with_poison
    totals = [await count(database, f"select amount from total where id = '{one}'") for one in (account, shared)]
    assert totals == [3, 1]
    assert await count(database, "select sum(next_offset) from consumer_offset") == 1 + with_poison


def _partition_of(account: UUID) -> int:
    partitions = list(range(4))
    return int(DefaultPartitioner()(str(account).encode(), partitions, partitions))


async def test_promise_5_members_that_go_event_by_event_do_not_deadlock(bus: Settings, database: Database) -> None:
    low, held, high = sorted(uuid4() for _ in range(3))
    partitions = [TopicPartition(Deposited.topic.name, number) for number in (0, 1)]
    async with database.unscoped() as session:
        await ensure_offsets(session, "registry", "cluster", partitions, dict.fromkeys(partitions, 0))
        await session.execute("insert into producer_epoch values ('registry', 'registry', 1)")
    applier = BatchApplier(bus, make_inbox(), "registry")

    async def apply(partition: int, accounts: Sequence[UUID]) -> None:
        claim = Claim(Deposited.topic.name, partition, expected_offset=0, next_offset=len(accounts))
        records = [deposit_record(partition, offset, account) for offset, account in enumerate(accounts)]
        async with database.unscoped() as session:
            await applier.apply_one_by_one(session, [claim], records)

    async with database.unscoped() as holding:
        await holding.execute("insert into total (id, amount) values (:id, 0)", id=held)
        one = asyncio.create_task(apply(0, [low, held, high]))
        await until_they_wait_or_end(database, one)
        other = asyncio.create_task(apply(1, [high, held, low]))
        await until_they_wait_or_end(database, one, other)
    await asyncio.gather(one, other)
    assert await count(database, "select sum(amount) from total") == 6
    assert await count(database, "select count(*) from dead_letter") == 0


def deposit_record(partition: int, offset: int, account: UUID) -> Any:
    """A deposit of 1 as Kafka gives it."""
    headers = {"ce_type": Deposited.type, "ce_id": str(uuid4()), "ce_aggregateversion": "1.1",
               "ce_effectiveon": "2022-10-01", "ce_time": "2022-10-01T00:00:00Z"}  # fmt: skip
    return SimpleNamespace(
        topic=Deposited.topic.name, partition=partition, offset=offset, key=str(account).encode(),
        value=orjson.dumps({"account_id": str(account), "amount": 1}), timestamp=0,
        headers=[(name, value.encode()) for name, value in headers.items()],
    )  # fmt: skip


async def test_promise_5_an_event_that_does_not_parse_is_set_aside(bus: Settings, database: Database) -> None:
    producer = make_producer(bus, "test")
    await producer.start()
    try:
        topic = bus.kafka_topic_prefix + "plodnee.registry.deposit"
        await producer.send_and_wait(
            topic, key=b"x", value=b"{not json", headers=[("ce_type", Deposited.type.encode())]
        )
        await producer.send_and_wait(topic, key=b"y", value=b"{}", headers=[("ce_type", b"unheard.of.v1")])
        strange = [("ce_type", BalanceRecorded.type.encode())]
        await producer.send_and_wait(topic, key=b"z", value=b"{}", headers=strange)
    finally:
        await producer.stop()
    async with running(Consumer(bus, database, make_inbox())):
        await until(lambda: _is(database, "select count(*) from dead_letter", 3))
    reasons = {row["reason"] for row in await list_dead_letters(database, "registry")}
    assert "unknown type 'unheard.of.v1'" in reasons
    assert f"{BalanceRecorded.type} stands in another topic than its own" in reasons


async def test_promise_5_what_postgresql_takes_in_no_text_is_set_aside_all_the_same(
    bus: Settings, database: Database
) -> None:
    """Zero characters, headers without a value and bytes that are no text: a line that stops there starts no more."""
    producer = make_producer(bus, "test")
    await producer.start()
    try:
        topic = bus.kafka_topic_prefix + "plodnee.registry.deposit"
        strange = [("ce_type", b"unheard\0of"), ("nothing", None), ("half\0name", b"\xff")]
        await producer.send_and_wait(topic, key=b"a\0key", value=b"{}", headers=strange)
        await producer.send_and_wait(topic, key=b"b", value=b"{}", headers=[("ce_type", b"unheard\0of")])
        await producer.send_and_wait(topic, key=b"c", value=b"{}", headers=[("half\0name", b"plain")])
        await producer.send_and_wait(topic, key=None, value=b"\0", headers=[])
        await producer.send_and_wait(topic, key=b"k", value=None, headers=[])
    finally:
        await producer.stop()
    good = Deposited(account_id=uuid4(), amount=3)
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(good, 1)])
        await until(lambda: _is(database, "select count(*) from dead_letter", 5))
        await until(lambda: _is(database, "select count(*) from deposit", 1))


async def test_promise_7_a_drain_loses_nothing_and_repeats_nothing(bus: Settings, database: Database) -> None:
    await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1) for _ in range(2_000)])
    small = bus.model_copy(update={"consumer_batch_events_max": 20})
    for _ in range(6):
        async with running(Consumer(small, database, make_inbox())):
            before = await count(database, "select count(*) from deposit")
            await until(partial(_more, database, before))
    async with running(Consumer(bus, database, make_inbox())):
        await until(lambda: _is(database, "select count(*) from deposit", 2_000))
    assert await count(database, "select sum(amount) from total") == 2_000


async def _somebody_waits(database: Database) -> bool:
    return await waiting_sessions(database) > 0


async def _more(database: Database, before: int) -> bool:
    return await count(database, "select count(*) from deposit") > before or before == 2_000


async def _is_zero(database: Database, sql: str) -> bool:
    return await count(database, sql) == 0


async def _is(database: Database, sql: str, expected: int) -> bool:
    return await count(database, sql) == expected


async def _all_records(settings: Settings, topic: str):  # type: ignore[no-untyped-def]
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        settings.kafka_topic_prefix + topic,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        left = sum(ends.values())
        while left:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    left -= 1
                    yield record
    finally:
        await consumer.stop()
