"""The bare operation beside each measurement: what PostgreSQL or Kafka alone does in the same run."""

import asyncio
import csv
import io
import itertools
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from bench.load import Latencies, latencies_of
from bench.machine import owner_of
from shared.chassis.events import Topic
from shared.chassis.kafka import create_topics, make_consumer, make_producer
from shared.chassis.settings import get_settings


async def copy_rate(service: str, content: bytes) -> float:
    """Rows a second of the bare COPY of a file's cells, as text, into a temporary table."""
    heading, *records = csv.reader(io.StringIO(content.decode()))
    columns = [f"c{number}" for number in range(len(heading))]
    connection = await owner_of(service)
    try:
        await connection.execute(f"create temp table bare ({', '.join(f'{name} text' for name in columns)})")
        started = time.perf_counter()
        await connection.copy_records_to_table("bare", records=map(tuple, records), columns=columns)
        return len(records) / (time.perf_counter() - started)
    finally:
        await connection.close()


async def select_latencies(
    service: str, sql: str, arguments: Sequence[Sequence[Any]], *, connections: int, seconds: float
) -> Latencies:
    """One select by asyncpg, as often as possible over as many connections as the api's pool has at most."""
    settings = get_settings()
    turn = itertools.cycle(arguments)
    durations: list[float] = []
    async with asyncpg.create_pool(
        settings.database_url(service, "owner"), min_size=1, max_size=settings.database_pool_size
    ) as pool:
        ends = time.perf_counter() + seconds

        async def worker() -> None:
            while (started := time.perf_counter()) < ends:
                await pool.fetch(sql, *next(turn))
                durations.append(time.perf_counter() - started)

        await asyncio.gather(*(worker() for _ in range(connections)))
    return latencies_of(durations, seconds)


async def kafka_rates(topic: str, values: Sequence[bytes]) -> tuple[float, float]:
    """Messages a second by aiokafka alone: sent in the relay's batches, then read in the consumer's and thrown away."""
    settings = get_settings()
    await create_topics(settings, [Topic(topic, "fact", "none", "bare", "bench", ())])
    producer = make_producer(settings, "bench-bare")
    await producer.start()
    started = time.perf_counter()
    for start in range(0, len(values), settings.relay_batch_rows_max):
        batch = values[start : start + settings.relay_batch_rows_max]
        await asyncio.gather(
            *[await producer.send(topic, value=value, key=b"%d" % number) for number, value in enumerate(batch)]
        )
    sent_per_second = len(values) / (time.perf_counter() - started)
    await producer.stop()
    consumer = make_consumer(settings, None, "bench-bare")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(settings.kafka_partitions)])
        started, read = time.perf_counter(), 0
        while read < len(values):
            fetched = await consumer.getmany(timeout_ms=1000, max_records=settings.consumer_batch_events_max)
            read += sum(map(len, fetched.values()))
        return sent_per_second, read / (time.perf_counter() - started)
    finally:
        await consumer.stop()


async def kafka_round_trips(topic: str, count: int) -> Latencies:
    """From handing one message to aiokafka until a waiting consumer has it."""
    settings = get_settings()
    await create_topics(settings, [Topic(topic, "fact", "none", "bare", "bench", ())])
    producer, consumer = make_producer(settings, "bench-bare"), make_consumer(settings, None, "bench-bare")
    await producer.start()
    await consumer.start()
    durations = []
    try:
        consumer.assign([TopicPartition(topic, 0)])
        for _ in range(count):
            started = time.perf_counter()
            await producer.send_and_wait(topic, value=b"x" * 500, partition=0)
            while not await consumer.getmany(timeout_ms=1000):
                continue
            durations.append(time.perf_counter() - started)
    finally:
        await producer.stop()
        await consumer.stop()
    return latencies_of(durations, sum(durations))
