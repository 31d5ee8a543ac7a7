"""Goal: an event that cannot be applied stands aside with its key alone; what passes by itself sets none aside."""

import asyncio
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
import structlog
from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.chassis import dead_letters
from shared.chassis.batches import BatchApplier, Claim, ConsumerStopped, reason_of
from shared.chassis.consumer import Consumer, ensure_offsets, forget_offsets
from shared.chassis.database import Database, WriteSession, is_transient
from shared.chassis.dead_letters import drop_dead_letter, list_dead_letters, retry_dead_letters
from shared.chassis.events import Catalogue, InvalidEvent
from shared.chassis.inbox import Inbox
from shared.chassis.kafka import create_topics, make_producer
from shared.chassis.metrics import DEAD_LETTERS
from shared.chassis.settings import Settings
from tests.locks import until_they_wait_or_end, waiting_sessions
from tests.shared.chassis.events.conftest import (
    CATALOGUE,
    BalanceRecorded,
    Deposited,
    add_to_totals,
    count,
    make_inbox,
    publish,
    running,
    until,
    until_count,
)


async def test_promise_5_poison_parks_its_key_and_nothing_else_and_a_retry_applies_it(
    bus: Settings, database: Database
) -> None:
    bad, good = uuid4(), uuid4()
    events = [Deposited(account_id=bad, amount=-1), Deposited(account_id=bad, amount=5)]
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(event, 1) for event in [*events, Deposited(account_id=good, amount=3)]])
        await until_count(database, "select count(*) from dead_letter", 2)
        await until_count(database, "select count(*) from deposit", 1)
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
        await until_count(database, "select count(*) from dead_letter", 2)
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
        await until_count(database, "select count(*) from deposit", 2)
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
            await until_count(database, "select count(*) from deposit", 1)
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


async def test_promise_5_a_batch_that_begins_again_sets_its_events_aside_once(
    bus: Settings, database: Database
) -> None:
    """Neither counter, log nor the limits know of what was rolled back: of four bad events three in a row are allowed,
    and the batch of three begins again twice."""
    strict = bus.model_copy(update={"dead_letters_in_a_row_max": 3, "kafka_topic_prefix": ""})
    applier = BatchApplier(strict, make_inbox(), "registry")
    partition = TopicPartition(Deposited.topic.name, 0)
    async with database.unscoped() as session:
        await ensure_offsets(session, "registry", "cluster", [partition], {partition: 0})
    records = [deposit_record(0, offset, uuid4(), amount=-1) for offset in range(4)]
    counted = DEAD_LETTERS.labels("registry")._value.get

    async def apply(claim: Claim, batch: Sequence[Any], *, is_lost: bool = False) -> None:
        async with database.unscoped() as session:
            await applier.apply_one_by_one(session, [claim], batch)
            if is_lost:
                raise asyncpg.LockNotAvailableError
        applier.committed()

    before = counted()
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await apply(Claim(partition.topic, 0, 0, 3), records[:3], is_lost=True)
        assert (counted() - before, logged) == (0, [])
        await apply(Claim(partition.topic, 0, 0, 3), records[:3])
    assert counted() - before == 3
    assert [(line["event"], line["offset"]) for line in logged] == [("event_set_aside", offset) for offset in range(3)]
    with pytest.raises(ConsumerStopped, match=r"in a row set aside; the last, .*-0 at 3: a deposit is not negative"):
        await apply(Claim(partition.topic, 0, 3, 4), records[3:])
    assert counted() - before == await count(database, "select count(*) from dead_letter") == 3


async def test_promise_5_a_window_that_fills_with_good_events_stops_the_consumer_too(
    bus: Settings, database: Database
) -> None:
    """Too many of the last four were set aside, none of them by the batch that makes the window whole."""
    strict = bus.model_copy(update={"dead_letters_window_events": 4, "kafka_topic_prefix": ""})
    applier = BatchApplier(strict, make_inbox(), "registry")
    partition = TopicPartition(Deposited.topic.name, 0)
    async with database.unscoped() as session:
        await ensure_offsets(session, "registry", "cluster", [partition], {partition: 0})
        await applier.apply_one_by_one(
            session, [Claim(partition.topic, 0, 0, 2)], [deposit_record(0, offset, uuid4(), -1) for offset in (0, 1)]
        )
    applier.committed()
    good = [deposit_record(0, offset, uuid4()) for offset in (2, 3)]
    with pytest.raises(ConsumerStopped, match=r"registry: 2 of the last 4 events set aside$"):
        async with database.unscoped() as session:
            await applier.apply_one_by_one(session, [Claim(partition.topic, 0, 2, 4)], good)


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


async def test_promise_5_a_retry_goes_batch_by_batch_and_a_key_that_fails_stays_parked_in_all_of_them(
    bus: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_BATCH_EVENTS", 3)
    bad, *good = (uuid4() for _ in range(4))
    amounts = {account: iter((-1 if account == bad else 1, 2, 3)) for account in (bad, *good)}
    await set_aside(bus, database, [(account, next(amounts[account])) for _ in range(3) for account in amounts])
    told: list[tuple[int, int]] = []
    retried = await retry_dead_letters(database, make_inbox(), "", lambda done, total: told.append((done, total)))
    assert (retried.applied, retried.remaining, retried.reason) == (9, 3, "a deposit is not negative")
    assert told == [(3, 12), (6, 12), (9, 12), (12, 12)]
    assert await amounts_of(database) == {account: [1, 2, 3] for account in good}
    assert {row["key"] for row in await list_dead_letters(database, "registry")} == {str(bad)}


async def test_promise_5_a_retry_that_is_interrupted_keeps_its_batches_and_the_next_does_the_rest(
    bus: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_BATCH_EVENTS", 3)
    accounts = [uuid4() for _ in range(2)]
    await set_aside(bus, database, [(account, amount) for amount in (1, 2, 3, 4) for account in accounts])
    reached = asyncio.Event()

    async def stand_still_amid_the_second_batch(session: WriteSession, handed_back: Sequence[object]) -> None:
        await add_to_totals(session, handed_back)
        if await session.scalar("select count(*) from deposit") == 5:
            reached.set()
            await asyncio.Event().wait()

    inbox = make_inbox(finish=stand_still_amid_the_second_batch)
    interrupted = asyncio.create_task(retry_dead_letters(database, inbox, ""))
    await asyncio.wait_for(reached.wait(), 60)
    interrupted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await interrupted
    assert await count(database, "select count(*) from deposit") == 3
    assert await count(database, "select count(*) from dead_letter") == 5

    again = await retry_dead_letters(database, make_inbox(), "")
    assert (again.applied, again.remaining) == (5, 0)
    assert await amounts_of(database) == {account: [1, 2, 3, 4] for account in accounts}
    assert await count(database, "select sum(amount) from total") == 20


async def test_promise_5_what_comes_of_a_key_amid_a_retry_has_its_turn_behind_the_others(
    bus: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live consumer has its turn between two batches, and finds the key parked still."""
    monkeypatch.setattr(dead_letters, "_BATCH_EVENTS", 2)
    account, reached, goes_on = uuid4(), asyncio.Event(), asyncio.Event()
    await set_aside(bus, database, [(account, amount) for amount in (1, 2, 3)])

    async def stand_still_at_first(session: WriteSession, handed_back: Sequence[object]) -> None:
        await add_to_totals(session, handed_back)
        reached.set()
        await goes_on.wait()

    async def apply_live() -> None:
        async with database.unscoped() as session:
            claim = Claim(Deposited.topic.name, 0, expected_offset=3, next_offset=4)
            await BatchApplier(bus, make_inbox(), "registry").apply(
                session, [claim], [deposit_record(0, 3, account, 4)]
            )

    retrying = asyncio.create_task(retry_dead_letters(database, make_inbox(finish=stand_still_at_first), ""))
    await asyncio.wait_for(reached.wait(), 60)
    live = asyncio.create_task(apply_live())
    await until_they_wait_or_end(database, live)
    goes_on.set()
    await live
    retried = await retrying
    assert (retried.applied, retried.remaining) == (4, 0)
    assert await amounts_of(database) == {account: [1, 2, 3, 4]}


async def test_promise_8_a_batch_reads_what_an_operator_left_of_its_own_events_alone(
    bus: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys are parked and events dropped: they are looked for in every batch."""
    parked, dropped = uuid4(), uuid4()
    await set_aside(bus, database, [(uuid4(), 1) for _ in range(50)] + [(parked, 1)])
    async with database.unscoped() as session:
        await session.execute(
            'insert into dead_letter_drop (topic, partition, "offset", reason)'
            " select :topic, 0, place, 'by hand' from generate_series(52, 150) as place",
            topic=Deposited.topic.name,
        )
    sizes: list[int] = []
    fetch = WriteSession.fetch

    async def measured(session: WriteSession, sql: str, /, **parameters: Any) -> Any:
        rows = await fetch(session, sql, **parameters)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(WriteSession, "fetch", measured)
    records = [deposit_record(0, 51, parked, 2), deposit_record(0, 52, dropped), deposit_record(0, 151, uuid4(), 3)]
    async with database.unscoped() as session:
        await BatchApplier(bus, make_inbox(), "registry").apply(
            session, [Claim(Deposited.topic.name, 0, expected_offset=51, next_offset=152)], records
        )
    assert max(sizes) <= len(records)
    assert await count(database, "select count(*) from dead_letter") == 52
    assert await count(database, "select sum(amount) from deposit") == 3


async def set_aside(bus: Settings, database: Database, deposits: Sequence[tuple[UUID, int]]) -> None:
    """Deposits of one partition that a release could not read."""
    partition = TopicPartition(Deposited.topic.name, 0)
    applier = BatchApplier(bus, Inbox("registry", Catalogue([])), "registry")
    records = [deposit_record(0, offset, account, amount) for offset, (account, amount) in enumerate(deposits)]
    async with database.unscoped() as session:
        await ensure_offsets(session, "registry", "cluster", [partition], {partition: 0})
        await applier.apply_one_by_one(session, [Claim(partition.topic, 0, 0, len(records))], records)


async def amounts_of(database: Database) -> dict[UUID, list[int]]:
    """What was paid in by account, in the order in which it was applied."""
    async with database.unscoped() as session:
        rows = await session.fetch("select account_id, amount from deposit order by place")
    found: dict[UUID, list[int]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(row["amount"])
    return found


def deposit_record(partition: int, offset: int, account: UUID, amount: int = 1) -> Any:
    """A deposit as Kafka gives it."""
    headers = {"ce_type": Deposited.type, "ce_id": str(uuid4()), "ce_aggregateversion": "1.1",
               "ce_effectiveon": "2022-10-01", "ce_time": "2022-10-01T00:00:00Z"}  # fmt: skip
    return SimpleNamespace(
        topic=Deposited.topic.name, partition=partition, offset=offset, key=str(account).encode(),
        value=orjson.dumps({"account_id": str(account), "amount": amount}), timestamp=0,
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
        await until_count(database, "select count(*) from dead_letter", 3)
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
        await until_count(database, "select count(*) from dead_letter", 5)
        await until_count(database, "select count(*) from deposit", 1)


async def _somebody_waits(database: Database) -> bool:
    return await waiting_sessions(database) > 0
