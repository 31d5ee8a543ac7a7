"""A bounded load over HTTP on this machine, and its latencies."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True)
class Latencies:
    """Of one load: milliseconds and requests a second."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    requests_per_second: float


def latencies_of(seconds: Sequence[float], elapsed: float) -> Latencies:
    """Summarise single durations."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Latencies(cuts[49] * 1000, cuts[94] * 1000, cuts[98] * 1000, len(seconds) / elapsed)


async def load(client: httpx2.AsyncClient, paths: Sequence[str], *, connections: int, seconds: float) -> Latencies:
    """Ask for the paths in turn over some connections for some seconds; any answer but 200 is an error."""
    durations: list[float] = []
    turn = itertools.cycle(paths)
    ends = time.perf_counter() + seconds

    async def ask() -> None:
        while time.perf_counter() < ends:
            started = time.perf_counter()
            answer = await client.get(next(turn))
            durations.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status_code}: {answer.text[:200]}")

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(ask())
    return latencies_of(durations, time.perf_counter() - started)


async def until(condition: Callable[[], Awaitable[bool]], seconds_max: float, pause_seconds: float = 0.05) -> float:
    """Wait for a condition; returns the seconds it took."""
    started = time.perf_counter()
    while not await condition():
        if time.perf_counter() - started > seconds_max:
            raise TimeoutError("the condition did not come true in time")
        await asyncio.sleep(pause_seconds)
    return time.perf_counter() - started
