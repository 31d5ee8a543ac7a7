"""Goal: an event exists exactly when its transaction commits, and first copies stand in a topic in commit order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

import pytest
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.chassis import outbox
from shared.chassis.consumer import ensure_offsets, forget_offsets
from shared.chassis.database import Database
from shared.chassis.events import Topic
from shared.chassis.metrics import OUTBOX_ROWS
from shared.chassis.relay import Relay, _acknowledged_ids
from shared.chassis.settings import Settings
from tests.shared.chassis.events.conftest import (
    DAY,
    BalanceRecorded,
    Deposited,
    count,
    make_inbox,
    publish,
    running,
    until,
    until_count,
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
        await until_count(database, "select count(*) from outbox", 0)
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
        await until_count(database, "select count(*) from outbox", 1)
        await asyncio.sleep(4)  # and more rounds
    assert len([record async for record in _all_records(bus, "plodnee.registry.deposit")]) == len(deposits)


def test_promise_3_a_key_has_one_shard_for_ever() -> None:
    """Processes of two versions run side by side during an upgrade: they must agree on who publishes a key."""
    assert [outbox.shard_of(key) for key in ("01997e5a-0000-7000-8000-000000000001", "C52-0001")] == [8, 9]


def test_promise_3_what_stands_behind_a_row_that_was_not_acknowledged_is_kept() -> None:
    rows: Any = [{"id": number, "topic": "topic", "key": key} for number, key in enumerate("aba", start=1)]
    rows += [{"id": 4, "topic": "another", "key": "a"}]
    assert _acknowledged_ids(rows, [KafkaError(), None, None, None]) == [2, 4]


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


@pytest.mark.parametrize("reads", [False, True], ids=["it-published-there", "it-reads-there"])
async def test_promise_3_a_relay_publishes_into_no_other_log_until_it_is_told_to(
    bus: Settings, database: Database, reads: bool
) -> None:
    if reads:
        partition = TopicPartition(Deposited.topic.name, 0)
        async with database.unscoped() as session:
            await ensure_offsets(session, "registry", "another", [partition], {partition: 0})
    else:
        await publish(bus, database, [(Deposited(account_id=uuid4(), amount=1), 1)])
        async with database.unscoped() as session:
            assert await session.execute("update consumer_offset set cluster_id = 'another'") == 1
    async with database.unscoped() as session:
        await outbox.add(session, Deposited(account_id=uuid4(), amount=2), version=1, effective_on=DAY)

    with structlog.testing.capture_logs() as logged:
        async with running(Relay(bus, database)):
            await until(lambda: _is_logged(logged, "relay_refused", times=2))
            assert await count(database, "select count(*) from outbox") == 1
            await forget_offsets(database, "registry")
            await until_count(database, "select count(*) from outbox", 0)
    refused = next(line for line in logged if line["event"] == "relay_refused")
    assert refused["log_level"] == "critical"
    assert "in cluster another, this is" in refused["reason"]


async def _is_logged(logged: Sequence[Mapping[str, Any]], event: str, times: int) -> bool:
    return [line["event"] for line in logged].count(event) >= times


async def test_what_waits_is_measured_while_the_broker_is_away(bus: Settings, database: Database) -> None:
    async with database.unscoped() as session:
        await outbox.add_many(session, [(Deposited(account_id=uuid4(), amount=1), 1, DAY) for _ in range(3)])
    waiting = OUTBOX_ROWS.labels("registry")
    waiting.set(0)
    away = bus.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"})

    async def is_seen() -> bool:
        return bool(waiting._value.get() == 3)

    async with running(Relay(away, database)):
        await until(is_seen, 30)
