"""The bare operation beside each measurement: what PostgreSQL or Kafka alone does on the same machine in the same run."""

import asyncio
import csv
import io
import itertools
import time
from collections.abc import Sequence
from typing import Any

import asyncpg

from bench.load import Latencies, latencies_of
from bench.machine import owner_of
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
