"""Moves events from the outbox to Kafka, each key in commit order.

A relay holds a session advisory lock per shard, so no two relays publish one key. It copies bytes and never parses
them, deletes only rows that every replica acknowledged, and starts a new producer after an error. A crash between
acknowledgement and delete publishes a second copy, which every handler tolerates.

What is acknowledged is gone from here. So nothing is published into another cluster than before: nobody reads it there,
and what was said before is not in it.
"""

import asyncio
import math
from typing import Any

import asyncpg
import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.chassis.batches import RELAY, LogChanged, reason_of
from shared.chassis.database import Database
from shared.chassis.kafka import make_producer, read_cluster_id, topic_name
from shared.chassis.metrics import OUTBOX_OLDEST_SECONDS, OUTBOX_ROWS, RELAYED_EVENTS
from shared.chassis.outbox import SHARDS
from shared.chassis.settings import Settings
from shared.chassis.waiting import Backoff, wait

log = structlog.get_logger(__name__)

# Classes of advisory locks; PostgreSQL keeps them apart per database.
_SHARD_LOCK = 7_101
_MEMBER_LOCK = 7_102
_MEMBERS_MAX = 64

_REBALANCE_SECONDS = 5.0
_COMMAND_SECONDS_MAX = 60.0
# A relay whose machine is gone holds its shards until PostgreSQL notices: after 25 seconds, not the system's two hours.
_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

_BATCH = """
    select waiting.id, waiting.topic, waiting.key, waiting.aggregate_version, waiting.headers, waiting.value,
           outbox_epoch.epoch
    from unnest($1::smallint[]) as held (shard)
    cross join lateral (
        select * from outbox where outbox.shard = held.shard order by id limit $2
    ) as waiting
    cross join outbox_epoch
    order by waiting.id
"""

_KNOW_CLUSTER = """
    insert into consumer_offset (consumer, topic, partition, next_offset, cluster_id) values ($1, '', 0, 0, $2)
    on conflict (consumer, topic, partition) do nothing
"""


class Relay:
    """Publishes the outbox of one service until told to stop."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._name = f"relay-{database.service}"
        self._shards: set[int] = set()
        self._balanced_at = -math.inf

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; an error of Kafka or PostgreSQL ends the round, and a new one begins after a pause."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                await self._round(stop)
            except (KafkaError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                reason = repr(error) if isinstance(error, KafkaError | OSError) else reason_of(error)
                log.warning("relay_paused", service=self._database.service, error=reason)
                await backoff.pause(stop)
            except LogChanged as error:
                # Asked again and again: it goes on by itself when a person has looked.
                log.critical("relay_refused", service=self._database.service, reason=str(error))
                await backoff.pause(stop)

    async def _round(self, stop: asyncio.Event) -> None:
        """One producer and one session connection, from start to the first error."""
        connection: asyncpg.Connection = await asyncpg.connect(
            self._database.url,
            timeout=10,
            command_timeout=_COMMAND_SECONDS_MAX,
            server_settings={"application_name": self._name, **_KEEPALIVE},
        )
        producer = make_producer(self._settings, self._name)
        try:
            await self._measure(connection)  # what waits for a broker that is away grows too
            await producer.start()
            await self._refuse_another_log(connection)
            await self._join(connection)
            while not stop.is_set():
                await self._rebalance(connection)
                busy = await self._publish_batch(connection, producer) > 0
                wait_ms = self._settings.relay_poll_busy_ms if busy else self._settings.relay_poll_idle_ms
                await wait(stop, wait_ms / 1000)
        finally:
            self._shards.clear()
            self._balanced_at = -math.inf
            try:
                await producer.stop()
            finally:
                connection.terminate()  # its advisory locks end with it

    async def _refuse_another_log(self, connection: asyncpg.Connection) -> None:
        """Keep the id of the first cluster that is published into, and publish into no other.

        Raises:
            LogChanged: the service has published into another log, or reads another.
        """
        cluster_id = await read_cluster_id(self._settings, self._name)
        await connection.execute(_KNOW_CLUSTER, RELAY, cluster_id)
        other = await connection.fetchval(
            "select cluster_id from consumer_offset where cluster_id <> $1 limit 1", cluster_id
        )
        if other is not None:
            raise LogChanged(
                f"{self._name}: the log of this service is in cluster {other}, this is {cluster_id}; owners replay,"
                " then `plodnee offsets reset`"
            )

    async def _join(self, connection: asyncpg.Connection) -> None:
        """Count as a relay of this service: the number of member locks tells each how many shards are its part."""
        for member in range(_MEMBERS_MAX):
            if await connection.fetchval("select pg_try_advisory_lock($1, $2)", _MEMBER_LOCK, member):
                return
        raise OSError(f"more than {_MEMBERS_MAX} relays for one service")

    async def _rebalance(self, connection: asyncpg.Connection) -> None:
        """Hold at most ceil(16/n) shards when there are n relays, and take what nobody holds."""
        now = asyncio.get_running_loop().time()
        if now - self._balanced_at < _REBALANCE_SECONDS:
            return
        self._balanced_at = now
        members = await connection.fetchval(
            "select count(*) from pg_locks where locktype = 'advisory' and classid = $1 and granted"
            " and database = (select oid from pg_database where datname = current_database())",
            _MEMBER_LOCK,
        )
        part = math.ceil(SHARDS / max(members, 1))
        for shard in sorted(self._shards)[part:]:
            await connection.execute("select pg_advisory_unlock($1, $2)", _SHARD_LOCK, shard)
            self._shards.discard(shard)
        for shard in range(SHARDS):
            if len(self._shards) >= part:
                break
            if shard not in self._shards and await connection.fetchval(
                "select pg_try_advisory_lock($1, $2)", _SHARD_LOCK, shard
            ):
                self._shards.add(shard)
        await self._measure(connection)

    async def _measure(self, connection: asyncpg.Connection) -> None:
        """Show how many events wait, and how long the oldest has."""
        waiting = await connection.fetch(
            "select count(*) as rows, coalesce(extract(epoch from now() - min(created_at)), 0) as oldest"
            " from (select created_at from outbox order by id limit 100000) as waiting"
        )
        OUTBOX_ROWS.labels(self._database.service).set(waiting[0]["rows"])
        OUTBOX_OLDEST_SECONDS.labels(self._database.service).set(float(waiting[0]["oldest"]))

    async def _publish_batch(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> int:
        """Publish up to a batch of rows and delete those acknowledged; returns how many."""
        if not self._shards:
            return 0
        rows_a_shard = max(1, self._settings.relay_batch_rows_max // len(self._shards))
        rows = await connection.fetch(_BATCH, sorted(self._shards), rows_a_shard)
        if not rows:
            return 0
        sent: list[tuple[asyncpg.Record, asyncio.Future[Any]]] = []
        refused: dict[str, KafkaError] = {}  # by topic; a topic that is missing keeps its own events back, no others
        for row in rows:
            if row["topic"] in refused:
                continue
            try:
                sent.append((row, await self._send(producer, row)))
            except KafkaError as error:
                refused[row["topic"]] = error
        results = await asyncio.gather(*(future for _, future in sent), return_exceptions=True)
        acknowledged = _acknowledged_ids([row for row, _ in sent], results)
        await connection.execute("delete from outbox where id = any($1::bigint[])", acknowledged)
        RELAYED_EVENTS.labels(self._database.service).inc(len(acknowledged))
        for failure in (*refused.values(), *results):
            if isinstance(failure, BaseException):
                raise failure
        return len(acknowledged)

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> "asyncio.Future[Any]":
        """Hand a row to the producer, stamped with the epoch; the future ends when every replica has it."""
        headers = orjson.loads(row["headers"])
        headers["ce_aggregateversion"] = f"{row['epoch']}.{row['aggregate_version']}"
        future: asyncio.Future[Any] = await producer.send(
            topic_name(self._settings, row["topic"]),
            key=row["key"].encode(),
            value=row["value"] or None,  # a state that is withdrawn has none
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
        return future


def _acknowledged_ids(rows: list[asyncpg.Record], results: list[Any]) -> list[int]:
    """Ids that may be deleted: acknowledged, and not behind an unacknowledged row of the same key."""
    failed_keys: set[tuple[str, str]] = set()
    acknowledged = []
    for row, result in zip(rows, results, strict=True):
        key = (row["topic"], row["key"])
        if isinstance(result, BaseException):
            failed_keys.add(key)
        elif key not in failed_keys:
            acknowledged.append(row["id"])
    return acknowledged
