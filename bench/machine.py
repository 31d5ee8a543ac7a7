"""The processes under measurement, each a command of its own over a real PostgreSQL and a real Kafka, durable."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx2

from shared.chassis.settings import SERVICES, get_settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.state import free_port

PATIENCE_SECONDS = 180.0
DRAIN_SECONDS_MAX = 60.0


class Machine:
    """PostgreSQL and Kafka in a folder of their own, and the processes started over them. Use as a context manager."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._stack = ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Machine":
        """Start the servers, and make databases, roles, topics and schemas."""
        from services.cli import initialise_all
        from shared.chassis.migrate import migrate
        from shared.chassis.telemetry import configure_logging

        configure_logging(logging.WARNING)

        with ExitStack() as stack:
            self._issuer = stack.enter_context(TokenIssuer())
            # Put back afterwards: the next section would take these servers for an operator's own.
            stack.callback(_restore, dict(os.environ))
            os.environ["PLODNEE_ISSUER"] = self._issuer.url
            runtime = EmbeddedRuntime(self._home)
            os.environ.update(runtime.start_infrastructure())
            stack.callback(runtime.stop_infrastructure)
            stack.callback(self._end_all)
            get_settings.cache_clear()
            asyncio.run(initialise_all())
            for service in SERVICES:
                migrate(get_settings(), service)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, *arguments: str, module: str = "services.cli") -> subprocess.Popen[bytes]:
        """`start("worker", "debt")` is `plodnee worker debt`."""
        log = (self._home / f"{'-'.join(arguments[:2])}-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=log, stderr=log)
        self._processes.append(process)
        return process

    async def start_api(self, service: str) -> "Api":
        """Start a service's api; returns when it is ready."""
        return await self._ready("api", service)

    async def start_bare_api(self, answer_bytes: int) -> "Api":
        """Start a FastAPI that has an answer of so many bytes ready (:mod:`bench.bare_api`)."""
        return await self._ready("--answer-bytes", str(answer_bytes), module="bench.bare_api")

    async def _ready(self, *arguments: str, module: str = "services.cli") -> "Api":
        port = free_port()
        process = self.start(*arguments, "--port", str(port), module=module)
        api = Api(f"http://127.0.0.1:{port}", self._issuer, process)

        async def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}; see {self._home}")
            try:
                async with httpx2.AsyncClient() as http:
                    return (await http.get(f"{api.address}/readyz")).status_code == 200
            except httpx2.TransportError:
                return False

        await until(ready)
        return api

    async def stop(self, *processes: subprocess.Popen[bytes]) -> None:
        """End processes as an operator does, and wait for their drain."""
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            await asyncio.to_thread(process.wait, DRAIN_SECONDS_MAX)
            self._processes.remove(process)

    def _end_all(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(DRAIN_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    get_settings.cache_clear()


class Api:
    """A service's api and who may call it."""

    def __init__(self, address: str, issuer: TokenIssuer, process: subprocess.Popen[bytes]) -> None:
        self.address = address
        self.pid = process.pid
        self._issuer = issuer

    def token(self, scopes: str, areas: list[str]) -> str:
        """A signed access token with these rights."""
        return self._issuer.token(scopes=scopes, areas=areas, subject="bench")

    def client(self, scopes: str) -> httpx2.AsyncClient:
        """An HTTP client with these rights in the whole country."""
        headers = {"authorization": f"Bearer {self.token(scopes, ['TH'])}"}
        return httpx2.AsyncClient(base_url=self.address, headers=headers, timeout=600)


async def owner_of(service: str) -> asyncpg.Connection:
    """A connection as the owner of a service's tables, for filling and counting."""
    return await asyncpg.connect(get_settings().database_url(service, "owner"))


async def ask(service: str, sql: str) -> int:
    """A number out of a service's database."""
    connection = await owner_of(service)
    try:
        return int(await connection.fetchval(sql) or 0)
    finally:
        await connection.close()


async def until(
    condition: Callable[[], Awaitable[bool]], seconds_max: float = PATIENCE_SECONDS, pause_seconds: float = 0.05
) -> float:
    """Wait for a condition; returns the seconds it took."""
    started = time.perf_counter()
    while not await condition():
        if time.perf_counter() - started > seconds_max:
            raise TimeoutError("the condition did not come true in time")
        await asyncio.sleep(pause_seconds)
    return time.perf_counter() - started
