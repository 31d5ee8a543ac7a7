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
from typing import cast
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


class _Connection(asyncio.Protocol):
    """One kept-alive connection. Of a body only its length is looked at: a reader's buffers would cost more."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._begun = b""
        self._status = self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the api ended the connection"))

    def data_received(self, data: bytes) -> None:
        if not self._status:
            self._begun += data
            head, end, data = self._begun.partition(b"\r\n\r\n")
            if not end:
                return
            lines = head.lower().split(b"\r\n")
            self._status = int(head[9:12])
            self._missing = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        self._missing -= len(data)
        if self._missing == 0:
            self._answer.set_result((self._status, self._begun))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request; returns the status of its answer, and how the answer begins."""
        self._answer = asyncio.get_running_loop().create_future()
        self._begun, self._status = b"", 0
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


async def _run(order: dict[str, object]) -> Latencies:
    addresses = [urlsplit(address) for address in order["addresses"]]  # type: ignore[attr-defined]
    requests = [Request(**request) for request in order["requests"]]  # type: ignore[attr-defined]
    turn = itertools.cycle(requests)
    durations: list[float] = []
    begins = time.perf_counter() + float(str(order["warm_seconds"]))
    ends = begins + float(str(order["seconds"]))
    pause_seconds, connections = float(str(order["pause_seconds"])), int(str(order["connections"]))

    loop = asyncio.get_running_loop()

    def whole(request: Request) -> bytes:
        lines = [
            f"{request.method} {request.path} HTTP/1.1",
            f"Host: {addresses[0].netloc}",
            f"Authorization: Bearer {order['token']}",
        ]
        if request.method == "POST":
            lines += [f"Idempotency-Key: {uuid4().hex}", "Content-Type: application/json"]
            lines += [f"Content-Length: {len(request.body.encode())}"]
        return "\r\n".join([*lines, "", request.body]).encode()

    async def worker(number: int) -> None:
        await asyncio.sleep(number * pause_seconds / connections)
        address = addresses[number % len(addresses)]
        _, connection = await loop.create_connection(_Connection, address.hostname, address.port)
        while (started := time.perf_counter()) < ends:
            request = next(turn)
            status, begun = await connection.ask(whole(request))
            if started >= begins:
                durations.append(time.perf_counter() - started)
            if status != 200:
                raise RuntimeError(f"{request.path}: {status} {begun[:1000].decode(errors='replace')}")
            if pause_seconds:
                await asyncio.sleep(pause_seconds)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(worker(number))
    return latencies_of(durations, ends - begins)


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_run(json.load(sys.stdin))))))
