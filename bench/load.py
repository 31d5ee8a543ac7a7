"""A bounded load over HTTP from a process of its own, and its latencies.

The client is bare asyncio: a full HTTP client costs more than the answers it measures, and shares the cores with them.
"""

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop


@dataclass(frozen=True)
class Request:
    """One request to repeat."""

    path: str
    method: str = "GET"
    body: str = ""


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


async def load(
    addresses: Sequence[str],
    token: str,
    requests: Sequence[Request],
    *,
    connections: int,
    seconds: float,
    warm_seconds: float = 1.0,
    pause_seconds: float = 0.0,
) -> Latencies:
    """Ask in turn over some connections for some seconds, after a warm-up; any answer but 200 is an error.

    Connections are dealt out to the addresses: one an api process, as a load balancer does it. Without a pause after an
    answer, a connection asks again at once: the server is then full whatever its speed.
    """
    order = {
        "addresses": addresses,
        "token": token,
        "requests": [asdict(request) for request in requests],
        "connections": connections,
        "seconds": seconds,
        "warm_seconds": warm_seconds,
        "pause_seconds": pause_seconds,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(order).encode())
    if process.returncode:
        raise RuntimeError("the load ended with an error")
    return Latencies(**json.loads(output))


class _Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Send one request; returns status and body of its answer."""
        self._writer.write(head + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def _run(order: dict[str, object]) -> Latencies:
    addresses = [urlsplit(address) for address in order["addresses"]]  # type: ignore[attr-defined]
    requests = [Request(**request) for request in order["requests"]]  # type: ignore[attr-defined]
    turn = itertools.cycle(requests)
    durations: list[float] = []
    begins = time.perf_counter() + float(str(order["warm_seconds"]))
    ends = begins + float(str(order["seconds"]))
    pause_seconds, connections = float(str(order["pause_seconds"])), int(str(order["connections"]))

    def head(request: Request) -> bytes:
        lines = [
            f"{request.method} {request.path} HTTP/1.1",
            f"Host: {addresses[0].netloc}",
            f"Authorization: Bearer {order['token']}",
        ]
        if request.method == "POST":
            lines += [f"Idempotency-Key: {uuid4().hex}", "Content-Type: application/json"]
            lines += [f"Content-Length: {len(request.body.encode())}"]
        return "\r\n".join([*lines, ""]).encode()

    async def worker(number: int) -> None:
        await asyncio.sleep(number * pause_seconds / connections)
        address = addresses[number % len(addresses)]
        connection = _Connection(*await asyncio.open_connection(address.hostname, address.port, limit=2**22))
        while (started := time.perf_counter()) < ends:
            request = next(turn)
            status, body = await connection.ask(head(request), request.body.encode())
            if started >= begins:
                durations.append(time.perf_counter() - started)
            if status != 200:
                raise RuntimeError(f"{request.path}: {status} {body[:300].decode()}")
            if pause_seconds:
                await asyncio.sleep(pause_seconds)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(worker(number))
    return latencies_of(durations, ends - begins)


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_run(json.load(sys.stdin))))))
