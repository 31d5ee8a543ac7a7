"""Reads the topics of a service's inbox and applies them, each effect exactly once.

Offsets live in PostgreSQL, claimed in the transaction of their effects; a member that lost its partition fails to
claim. Kafka's own group offsets are only told afterwards, for lag tools.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared.chassis.batches import (
    RELAY,
    BatchApplier,
    Claim,
    ConsumerStopped,
    LogChanged,
    PartitionLost,
    Record,
    reason_of,
)
from shared.chassis.database import Database, is_transient
from shared.chassis.inbox import Inbox
from shared.chassis.kafka import make_consumer, read_cluster_id, stop_consumer, topic_name
from shared.chassis.metrics import CONSUMED_EVENTS, CONSUMER_BATCH_SECONDS, CONSUMER_LAG_EVENTS, CONSUMER_STOPPED
from shared.chassis.pause import pause_consumer
from shared.chassis.settings import Settings
from shared.chassis.tracing import batch_span
from shared.chassis.waiting import Backoff

log = structlog.get_logger(__name__)

_HEARTBEAT_SECONDS = 2.0


class Progress:
    """Until when a group has applied all that stood in the log, whichever of its members hold the partitions.

    Args:
        told: until when it was said to have, before this process began.
    """

    def __init__(self, told: float) -> None:
        self._told = told
        self._until: dict[TopicPartition, float] = {}
        self._goals: dict[TopicPartition, tuple[int, float]] = {}  # an end that was seen, and when

    def whole_until(self, seen_at: float, ends: dict[TopicPartition, int], applied: dict[TopicPartition, int]) -> float:
        """Take in the ends seen at a time, and offsets read after it; returns the time of the slowest partition."""
        for partition, end in ends.items():
            goal, goal_seen_at = self._goals.get(partition, (end, seen_at))
            next_offset = applied.get(partition, 0)
            if next_offset >= min(goal, end):  # a log that was replaced may end before the goal
                self._until[partition] = seen_at if next_offset >= end else goal_seen_at
                goal, goal_seen_at = end, seen_at
            self._goals[partition] = goal, goal_seen_at
        return min((self._until.get(partition, self._told) for partition in ends), default=seen_at)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """One member of a service's consumer group."""

    def __init__(self, settings: Settings, database: Database, inbox: Inbox, *, member: str = "0") -> None:
        self._settings = settings
        self._database = database
        self._inbox = inbox
        self._name = inbox.consumer
        self._topics = [topic_name(settings, topic.name) for topic in inbox.topics]
        self._client_id = f"{self._name}-{member}"
        self._applier = BatchApplier(settings, inbox, self._name, settings.kafka_topic_prefix)
        self._held: dict[TopicPartition, int] = {}  # the next offsets, as PostgreSQL knows them; new at each rebalance
        self._batch = asyncio.Lock()  # a rebalance waits for the batch under way
        self._told_at = 0.0
        self._progress: Progress | None = None
        self._fault: BaseException | None = None
        self._kafka: AIOKafkaConsumer | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`.

        Raises:
            ConsumerStopped, LogChanged: a person must look first; nothing was applied that should not be.
        """
        if not self._topics:
            return
        backoff = Backoff()
        while not stop.is_set():
            try:
                await self._round(stop)
            except (ConsumerStopped, LogChanged) as error:
                CONSUMER_STOPPED.labels(self._name).set(1)
                log.critical("consumer_stopped", consumer=self._name, reason=str(error))
                raise
            except Exception as error:
                if not isinstance(error, KafkaError | PartitionLost) and not is_transient(error):
                    raise
                reason = repr(error) if isinstance(error, KafkaError | OSError) else reason_of(error)
                log.warning("consumer_paused", consumer=self._name, error=reason)
                await backoff.pause(stop)

    async def _round(self, stop: asyncio.Event) -> None:
        """One membership of the group, from joining to the first error or the stop."""
        self._fault = None
        self._held = {}
        group = topic_name(self._settings, f"plodnee.{self._name}")
        self._kafka = make_consumer(self._settings, group, self._client_id)
        try:
            await self._kafka.start()
            self._kafka.subscribe(self._topics, listener=self)
            while not stop.is_set():
                await self._poll()
        finally:
            await stop_consumer(self._kafka)

    async def _poll(self) -> None:
        assert self._kafka is not None  # noqa: S101 - set in _round, which alone calls this
        held = self._held
        fetched = await self._kafka.getmany(
            timeout_ms=self._settings.consumer_poll_ms, max_records=self._settings.consumer_batch_events_max
        )
        if self._fault is not None:
            raise self._fault
        async with self._batch:
            if held is not self._held:
                # A rebalance came between. What was fetched may have been asked for before its seek, at the offset that
                # Kafka keeps of us, which may lie after ours: to apply it would claim events that nobody has read.
                self._seek()
                return
            mine = {tp: records for tp, records in fetched.items() if records and tp in held}
            if mine:
                headers = [record.headers for records in mine.values() for record in records]
                with batch_span(self._name, headers), CONSUMER_BATCH_SECONDS.labels(self._name).time():
                    await self._apply(mine)
        await self._tell()

    async def _apply(self, fetched: dict[TopicPartition, list[Record]]) -> None:
        """Apply what was fetched: all at once, else one by one; transient errors leave everything as it was."""
        claims = []
        records: list[Record] = []
        for partition, fetched_records in sorted(fetched.items()):
            expected = self._held[partition]
            fresh = [record for record in fetched_records if record.offset >= expected]
            if fresh:
                claims.append(Claim(partition.topic, partition.partition, expected, fresh[-1].offset + 1))
                records += fresh
        if not records:
            return
        try:
            async with self._database.unscoped() as session:
                await self._applier.apply(session, claims, records)
        except (PartitionLost, ConsumerStopped):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            log.warning(
                "batch_retried_one_by_one", consumer=self._name, events=len(records), error=type(error).__name__
            )
            async with self._database.unscoped() as session:
                await self._applier.apply_one_by_one(session, claims, records)
        self._applier.committed()
        for claim in claims:
            self._held[TopicPartition(claim.topic, claim.partition)] = claim.next_offset
        CONSUMED_EVENTS.labels(self._name).inc(len(records))

    async def _tell(self) -> None:
        """Say how far we are: the heartbeat in PostgreSQL, and the group's offsets in Kafka for lag tools."""
        now = asyncio.get_running_loop().time()
        held = self._held  # a rebalance may put another in its place while we tell
        if now - self._told_at < _HEARTBEAT_SECONDS or not held:
            return
        self._told_at = now
        assert self._kafka is not None  # noqa: S101 - set in _round, which alone leads here
        try:
            await self._tell_age(self._kafka, held)
            await self._kafka.commit(held)
        except (KafkaError, TimeoutError) as error:
            # Ours are the offsets that count; lag tools see these a little later, and what we know grows older.
            log.info("progress_not_told", consumer=self._name, error=type(error).__name__)

    async def _tell_age(self, kafka: AIOKafkaConsumer, held: dict[TopicPartition, int]) -> None:
        """Write how old the group's knowledge is: a member that stands still is seen by those that do not.

        Raises PartitionLost when PostgreSQL would go on elsewhere than we do: after a restore no event may tell it.
        """
        partitions = [
            TopicPartition(name, number) for name in self._topics for number in kafka.partitions_for_topic(name) or ()
        ]
        seen_at = time.time()
        async with asyncio.timeout(_HEARTBEAT_SECONDS):
            ends: dict[TopicPartition, int] = await kafka.end_offsets(partitions)
        async with self._database.unscoped() as session:
            rows = await session.fetch(
                "select topic, partition, next_offset from consumer_offset where consumer = :consumer",
                consumer=self._name,
            )
            applied = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            if self._progress is None:
                told = await session.scalar(
                    "select extract(epoch from polled_at) - lag_seconds from consumer_heartbeat where consumer = :name",
                    name=self._name,
                )
                self._progress = Progress(float(told or 0))
            until = self._progress.whole_until(seen_at, ends, applied)
            lag_events = sum(max(end - applied.get(partition, 0), 0) for partition, end in ends.items())
            await session.execute(
                """
                insert into consumer_heartbeat (consumer, polled_at, lag_events, lag_seconds)
                values (:consumer, now(), :lag, :lag_seconds)
                on conflict (consumer) do update set polled_at = excluded.polled_at, lag_events = excluded.lag_events,
                    lag_seconds = excluded.lag_seconds
                """,
                consumer=self._name,
                lag=lag_events,
                lag_seconds=max(seen_at - until, 0.0),
            )
        if held is self._held and any(applied.get(partition) != held[partition] for partition in held):
            raise PartitionLost(f"{self._name}: offsets are not those that this member has claimed")
        CONSUMER_LAG_EVENTS.labels(self._name).set(lag_events)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch under way end, then hold nothing until the next assignment."""
        async with self._batch:
            self._held = {}

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Continue each partition where PostgreSQL says, and refuse a log that is not the one we read."""
        try:
            async with self._batch:
                await self._take(sorted(assigned))
        except Exception as error:
            # Raised in the client's own task: kept, and raised by the next poll.
            self._fault = error

    async def _take(self, assigned: list[TopicPartition]) -> None:
        if not assigned:
            return  # a group with more members than partitions; the revocation has left nothing here
        assert self._kafka is not None  # noqa: S101 - the listener lives within _round
        # Asked anew each time: a broker with another log may have taken the place of the one we joined.
        cluster_id = await self._read_cluster_id()
        beginnings: dict[TopicPartition, int] = await self._kafka.beginning_offsets(assigned)
        ends: dict[TopicPartition, int] = await self._kafka.end_offsets(assigned)
        async with self._database.unscoped() as session:
            await ensure_offsets(session, self._name, cluster_id, assigned, beginnings)
            rows = await session.fetch(
                "select topic, partition, next_offset, cluster_id from consumer_offset where consumer = :consumer",
                consumer=self._name,
            )
        held: dict[TopicPartition, int] = {}
        known = {TopicPartition(row["topic"], row["partition"]): row for row in rows}
        for partition in assigned:
            row = known[partition]
            if row["cluster_id"] != cluster_id:
                raise LogChanged(
                    f"{self._name}: {partition.topic} was read from cluster {row['cluster_id']}, this is"
                    f" {cluster_id}; owners replay, then `plodnee offsets reset`"
                )
            if row["next_offset"] > ends[partition]:
                raise LogChanged(
                    f"{self._name}: {partition.topic}-{partition.partition} ends at {ends[partition]}, but"
                    f" {row['next_offset']} was already read; owners replay, then `plodnee offsets reset`"
                )
            if row["next_offset"] < beginnings[partition]:
                raise LogChanged(
                    f"{self._name}: {partition.topic}-{partition.partition} begins at {beginnings[partition]}, but only"
                    f" {row['next_offset']} was read: events are lost; owners replay, then `plodnee offsets reset`"
                )
            held[partition] = row["next_offset"]
        self._held = held
        self._seek()

    def _seek(self) -> None:
        """Read each partition from where PostgreSQL says, whatever was fetched before."""
        assert self._kafka is not None  # noqa: S101 - set in _round, within which every caller lives
        for partition, next_offset in self._held.items():
            self._kafka.seek(partition, next_offset)

    async def _read_cluster_id(self) -> str:
        return await read_cluster_id(self._settings, self._client_id)


async def ensure_offsets(
    session: Any,
    consumer: str,
    cluster_id: str,
    partitions: list[TopicPartition],
    beginnings: dict[TopicPartition, int],
) -> None:
    """Make the offset rows that are missing; from then on they are only updated, so that a late claim fails."""
    await session.execute(
        """
        insert into consumer_offset (consumer, topic, partition, next_offset, cluster_id)
        select :consumer, topic, partition, first, :cluster
        from unnest(cast(:topics as text[]), cast(:partitions as integer[]), cast(:first as bigint[]))
             as given (topic, partition, first)
        on conflict (consumer, topic, partition) do nothing
        """,
        consumer=consumer,
        cluster=cluster_id,
        topics=[partition.topic for partition in partitions],
        partitions=[partition.partition for partition in partitions],
        first=[beginnings[partition] for partition in partitions],
    )


async def forget_offsets(database: Database, consumer: str) -> int:
    """Forget how far a consumer has read, so that it begins every topic again; returns how many rows were forgotten.

    For a log that was replaced. Events set aside or dropped are forgotten too: their offsets would name other events of
    the new log, and owners tell again what they said. The relay publishes into the new log from then on.
    """
    async with database.unscoped() as session:
        await pause_consumer(session, consumer)
        await session.execute("delete from dead_letter where consumer = :consumer", consumer=consumer)
        await session.execute("delete from dead_letter_drop")
        return await session.execute(
            "delete from consumer_offset where consumer in (:consumer, :relay)", consumer=consumer, relay=RELAY
        )
