"""Applies a batch of Kafka records in one PostgreSQL transaction, together with the claim of its offsets.

The same code serves the live consumer and a rebuild; only the transaction's schema and the consumer's name differ.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
import structlog
from sqlalchemy.exc import DBAPIError

from shared.chassis.database import WriteSession, is_transient
from shared.chassis.events import Event, InvalidEvent, Received
from shared.chassis.inbox import Inbox
from shared.chassis.metrics import DEAD_LETTERS
from shared.chassis.settings import Settings

log = structlog.get_logger(__name__)

_BEHIND = "parked behind an event that was set aside"

PAUSE_LOCK = 7_103  # advisory: batches hold it shared, a rebuild's comparison, a retry and event by event hold it alone


RELAY = "relay"  # stands among the consumers of the table of offsets, with the log that the service publishes into


class Record(Protocol):
    """What a Kafka client gives for a record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]  # a header without a value is allowed
    timestamp: int


class PartitionLost(Exception):
    """Another member has moved the offsets on: this batch must not be applied here."""


class ConsumerStopped(Exception):
    """Too many events in a row, or in a window, could not be applied: a person must look first."""


class LogChanged(Exception):
    """The Kafka log is not the one whose offsets we keep: a person must look first."""


@dataclass(frozen=True)
class Claim:
    """The part of a partition a batch takes: from the offset expected in our table to the one after the last."""

    topic: str
    partition: int
    expected_offset: int
    next_offset: int


def reason_of(error: BaseException) -> str:
    """What went wrong with an event, without the values it carried: a database's message may quote a row."""
    if isinstance(error, InvalidEvent):
        return str(error)
    database_error = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(error).__name__} {getattr(database_error, 'sqlstate', None) or ''}".strip()


class Poison:
    """Counts what was tried and set aside, and stops the line when it is more than a few bad events."""

    def __init__(self, settings: Settings, consumer: str) -> None:
        self._in_a_row_max = settings.dead_letters_in_a_row_max
        self._percent_max = settings.dead_letters_in_window_percent_max
        self._window: deque[bool] = deque(maxlen=settings.dead_letters_window_events)
        self._in_a_row = 0
        self._noted = self._in_a_row, self._window
        self._consumer = consumer

    def note(self, outcomes: Sequence[bool]) -> None:
        """Take in a batch's outcomes (True: set aside). They count from :meth:`keep` on: a batch may begin again.

        Raises:
            ConsumerStopped: a limit is passed; the batch is to be rolled back.
        """
        in_a_row, window = self._in_a_row, self._window.copy()
        for set_aside in outcomes:
            in_a_row = in_a_row + 1 if set_aside else 0
            window.append(set_aside)
            if in_a_row > self._in_a_row_max:
                raise ConsumerStopped(f"{self._consumer}: more than {self._in_a_row_max} events in a row set aside")
        bad = sum(window)
        if len(window) == window.maxlen and bad * 100 > self._percent_max * len(window):
            raise ConsumerStopped(f"{self._consumer}: {bad} of the last {len(window)} events set aside")
        self._noted = in_a_row, window

    def keep(self) -> None:
        """Let the outcomes noted last count: their batch is committed."""
        self._in_a_row, self._window = self._noted


class BatchApplier:
    """Applies records for one consumer name, a batch at a time; :meth:`committed` is to be called after each."""

    def __init__(self, settings: Settings, inbox: Inbox, consumer: str, topic_prefix: str = "") -> None:
        self._settings = settings
        self._inbox = inbox
        self._consumer = consumer
        self._prefix = topic_prefix
        self._poison = Poison(settings, consumer)
        self._aside: list[tuple[Record, str]] = []  # by the batch under way, each with its reason

    async def apply(self, session: WriteSession, claims: Sequence[Claim], records: Sequence[Record]) -> None:
        """Claim the offsets and apply the records, all at once.

        Raises:
            PartitionLost: an offset is no longer ours to claim.
            InvalidEvent and whatever a handler raises: the caller rolls back and goes event by event.
        """
        self._aside = []
        await self.claim(session, claims)
        wanted = await self._wanted(session, records)
        received = [item for record in wanted if (item := self._parse(record)) is not None]
        await self._inbox.apply(session, await standing(session, self._consumer, received))
        self._poison.note([False] * len(wanted))

    async def apply_one_by_one(self, session: WriteSession, claims: Sequence[Claim], records: Sequence[Record]) -> None:
        """Claim the offsets and apply each record under a savepoint; set aside what cannot be, and what is behind it.

        Rows that many events share are locked in the order of events here, not in that of their keys, as a batch locks
        them: so no other member of the group is at work meanwhile. (With a request or a job it may still deadlock;
        then the batch begins again.)

        Raises:
            PartitionLost, ConsumerStopped: the caller rolls back.
        """
        self._aside = []
        await self.claim(session, claims, alone=True)
        failed: set[tuple[str, str]] = set()
        outcomes = []
        for record in await self._wanted(session, records):
            if _place(record) in failed:
                await self._set_aside(session, record, _BEHIND, parked=True)
                continue
            reason = await self._try(session, record)
            outcomes.append(reason is not None)
            if reason is not None:
                failed.add(_place(record))
                await self._set_aside(session, record, reason, parked=False)
        try:
            self._poison.note(outcomes)
        except ConsumerStopped as stopped:
            # The rows that say why are rolled back with the batch.
            raise ConsumerStopped(f"{stopped}{self._last_reason()}") from None

    def _last_reason(self) -> str:
        for record, reason in reversed(self._aside):
            if reason != _BEHIND:
                return f"; the last, {record.topic}-{record.partition} at {record.offset}: {reason}"
        return ""  # those of batches before are in the list of dead letters

    def committed(self) -> None:
        """Count the batch that was applied last, and log what it has set aside: only now is it so."""
        self._poison.keep()
        for record, reason in self._aside:
            DEAD_LETTERS.labels(self._consumer).inc()
            log.error(
                "event_set_aside",
                consumer=self._consumer,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=reason,
            )
        self._aside = []

    async def claim(self, session: WriteSession, claims: Sequence[Claim], *, alone: bool = False) -> None:
        """Move our offsets on; whoever finds another offset than expected has lost the partition.

        With `alone` the group's other members stand between two batches until this transaction ends.
        """
        await session.fetch(
            f"select pg_advisory_xact_lock{'' if alone else '_shared'}(cast(:lock as integer), hashtext(:consumer))",
            lock=PAUSE_LOCK,
            consumer=self._consumer,
        )
        moved = await session.execute(
            """
            update consumer_offset set next_offset = claimed.next_offset
            from (select * from unnest(cast(:topics as text[]), cast(:partitions as integer[]),
                                       cast(:expected as bigint[]), cast(:next as bigint[]))
                  as claim (topic, partition, expected, next_offset)) as claimed
            where consumer_offset.consumer = :consumer and consumer_offset.topic = claimed.topic
              and consumer_offset.partition = claimed.partition and consumer_offset.next_offset = claimed.expected
            """,
            consumer=self._consumer,
            topics=[claim.topic for claim in claims],
            partitions=[claim.partition for claim in claims],
            expected=[claim.expected_offset for claim in claims],
            next=[claim.next_offset for claim in claims],
        )
        if moved != len(claims):
            raise PartitionLost(f"{self._consumer}: {len(claims) - moved} of {len(claims)} partitions moved on")

    def _parse(self, record: Record) -> Received[Event] | None:
        return self._inbox.parse(
            topic=record.topic.removeprefix(self._prefix),
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            headers=_headers(record),
            value=record.value,
        )

    async def _try(self, session: WriteSession, record: Record) -> str | None:
        """Apply one record under a savepoint; the reason when it can never be applied."""
        try:
            async with session.savepoint():
                item = self._parse(record)
                if item is not None:
                    await self._inbox.apply(session, await standing(session, self._consumer, [item]))
        except (PartitionLost, ConsumerStopped):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            return reason_of(error)
        return None

    async def _wanted(self, session: WriteSession, records: Sequence[Record]) -> list[Record]:
        """The records to try: not those an operator dropped; what is behind an event set aside is set aside too."""
        dropped = await self._dropped(session, records)
        parked = await self._parked_keys(session, records)
        if not dropped and not parked:
            return list(records)
        wanted = []
        for record in records:
            if (record.topic, record.partition, record.offset) in dropped:
                continue
            if _place(record) in parked:
                await self._set_aside(session, record, _BEHIND, parked=True)
            else:
                wanted.append(record)
        return wanted

    async def _parked_keys(self, session: WriteSession, records: Sequence[Record]) -> set[tuple[str, str]]:
        rows = await session.fetch(
            "select distinct topic, key from dead_letter"
            " where consumer = :consumer and topic = any(:topics) and key = any(:keys)",
            consumer=self._consumer,
            topics=sorted({record.topic for record in records}),
            keys=sorted({_text(record.key) for record in records}),
        )
        return {(row["topic"], row["key"]) for row in rows}

    async def _dropped(self, session: WriteSession, records: Sequence[Record]) -> set[tuple[str, int, int]]:
        rows = await session.fetch(
            'select topic, partition, "offset" from dead_letter_drop'
            ' where topic = any(:topics) and "offset" = any(:offsets)',
            topics=sorted({record.topic for record in records}),
            offsets=sorted({record.offset for record in records}),
        )
        return {(row["topic"], row["partition"], row["offset"]) for row in rows}

    async def _set_aside(self, session: WriteSession, record: Record, reason: str, *, parked: bool) -> None:
        self._aside.append((record, reason))
        await session.execute(
            """
            insert into dead_letter (consumer, topic, partition, "offset", key, headers, value, reason, parked)
            values (:consumer, :topic, :partition, :offset, :key, cast(:headers as jsonb), :value, :reason, :parked)
            on conflict (consumer, topic, partition, "offset") do nothing
            """,
            consumer=self._consumer,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=_place(record)[1],
            headers=orjson.dumps(_headers(record)).decode(),
            value=record.value or b"",
            reason=reason,
            parked=parked,
        )


async def standing(session: WriteSession, consumer: str, received: Sequence[Received[Event]]) -> list[Received[Event]]:
    """Those events that their producer still stands for.

    A producer whose database was restored says again, in a new epoch, all that it knows. What comes of an older epoch
    after that is a copy, or of the future that the restore took back.
    """
    heard: dict[str, int] = {}
    for item in received:
        producer = type(item.event).topic.producer
        heard[producer] = max(item.epoch, heard.get(producer, 0))
    known = await _known_epochs(session, consumer)
    for producer, epoch in sorted(heard.items()):  # in one order, so that two members wait and do not deadlock
        if epoch > known.get(producer, 0):
            await _store_epoch(session, consumer, producer, epoch, known.get(producer))
    return [item for item in received if item.epoch >= known.get(type(item.event).topic.producer, 0)]


async def _known_epochs(session: WriteSession, consumer: str) -> dict[str, int]:
    rows = await session.fetch(
        "select producer, epoch from producer_epoch where consumer = :consumer", consumer=consumer
    )
    return {row["producer"]: row["epoch"] for row in rows}


async def _store_epoch(session: WriteSession, consumer: str, producer: str, epoch: int, before: int | None) -> None:
    if before is not None:
        log.warning("producer_restored", consumer=consumer, producer=producer, epoch=epoch, epoch_before=before)
    await session.execute(
        "insert into producer_epoch (consumer, producer, epoch) values (:consumer, :producer, :epoch)"
        " on conflict (consumer, producer) do update"
        " set epoch = greatest(producer_epoch.epoch, excluded.epoch)",
        consumer=consumer,
        producer=producer,
        epoch=epoch,
    )


def _place(record: Record) -> tuple[str, str]:
    """Topic and key: the events that keep an order among themselves."""
    return record.topic, _text(record.key)


def _headers(record: Record) -> dict[str, str]:
    headers = record.headers or ()
    try:
        texts = {name: (value or b"").decode() for name, value in headers}
    except UnicodeDecodeError:
        texts = {}
    if texts and "\0" not in "".join([*texts, *texts.values()]):
        return texts  # all that services write
    return {name.replace("\0", "\ufffd"): _text(value) for name, value in headers}


def _text(value: bytes | None) -> str:
    """Bytes of anybody's making as text that PostgreSQL takes: what cannot be set aside would stop the line."""
    return (value or b"").decode(errors="replace").replace("\0", "\ufffd")
