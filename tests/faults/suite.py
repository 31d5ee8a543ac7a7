"""The one-machine suite as a patient: in a folder of its own, with every process of it in the test's hands."""

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from services.cli.one_machine import compare_rebuild
from shared.chassis.settings import SERVICES, Settings, get_settings
from shared.embedded.processes import ProcessMark, wait_until
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.state import free_port
from shared.embedded.suite import recorded_suite

PATIENCE_SECONDS = 180.0
WORKERS = tuple(f"worker-{service}" for service in SERVICES)
SERVERS = ("kafka", "postgres")
PROCESSES = ("api", *WORKERS, *SERVERS)


class Suite:
    """One `plodnee up`."""

    def __init__(self, folder: Path) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "KAFKA_"))},
            "PLODNEE_HOME": str(folder),
            "PLODNEE_CONSUMER_SESSION_TIMEOUT_MS": "6000",  # a member that stands still is missed sooner
        }
        self._console = folder.with_suffix(".console")
        self._process: subprocess.Popen[bytes] | None = None
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("PLODNEE_", "KAFKA_"))]:
                patch.delenv(name)
            self.runtime = EmbeddedRuntime(folder)

    def start(self) -> None:
        """Start it and wait until every service is ready."""
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "up", "--port", str(free_port())],
                env=self._environment,
                stdout=console,
                stderr=console,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Every service says that it can work."""
        if not wait_until(self._is_ready, PATIENCE_SECONDS):
            raise TimeoutError(f"the suite is not ready: {self.said()}")

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the suite has ended: {self.said()}"
        suite = recorded_suite(self.runtime.state)
        if suite is None:
            return False
        try:
            return httpx2.get(f"{suite.address}/readyz", timeout=5, trust_env=False).is_success
        except httpx2.TransportError:
            return False

    def stop(self) -> None:
        """Drain it, and delete what it kept."""
        if self._process is not None:
            for mark in self.marks().values():
                mark.send(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE_SECONDS)
            finally:
                self._process.kill()
                self._process.wait()
        self.runtime.reset()

    def command(self, *arguments: str) -> str:
        """Run a command as an operator would in another shell; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, f"plodnee {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def marks(self) -> dict[str, ProcessMark]:
        """Every process that runs now, by name."""
        suite = recorded_suite(self.runtime.state)
        found = {**(suite.children if suite is not None else {}), **self.runtime.state.remembered_processes()}
        return {name: mark for name, mark in found.items() if mark.alive()}

    async def signal(self, name: str, number: signal.Signals) -> ProcessMark:
        """Send a signal to a process by its name, as soon as there is one."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while (mark := self.marks().get(name)) is None:
            assert asyncio.get_running_loop().time() < deadline, f"{name} did not come back: {self.said()}"
            await asyncio.sleep(0.1)
        mark.send(number)
        return mark

    def said(self) -> str:
        """What the supervisor told the operator, on one line each and without its colours."""
        text = self._console.read_text(errors="replace") if self._console.exists() else ""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def log(self, name: str) -> str:
        """What a process has written into its log."""
        path = self.runtime.state.logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def execute(self, service: str, sql: str) -> None:
        """Run SQL in a service's database as its superuser."""
        with psycopg.connect(self._admin_url(service), autocommit=True) as connection:
            connection.execute(sql.encode())

    def query(self, service: str, sql: str) -> int:
        """A number out of a service's database."""
        with psycopg.connect(self._admin_url(service), autocommit=True) as connection:
            row = connection.execute(sql.encode()).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def _admin_url(self, service: str) -> str:
        admin: str = self.runtime.environment_of_running_suite()["PLODNEE_ADMIN_DATABASE_URL"]
        return f"{admin.rpartition('/')[0]}/plodnee_{service}"

    @contextlib.contextmanager
    def settings(self) -> Iterator[Settings]:
        """The settings of this suite, in the place of the run's own while the block lasts."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("PLODNEE_", "KAFKA_"))]:
                patch.delenv(name)
            for name, value in self.runtime.environment_of_running_suite().items():
                patch.setenv(name, value)
            get_settings.cache_clear()
            try:
                yield get_settings()
            finally:
                get_settings.cache_clear()


rebuild_and_compare = compare_rebuild


class Faults:
    """Kills and stops at random moments, from a seed that is printed."""

    def __init__(self, suite: Suite, seed: int) -> None:
        self.seed = seed
        self.suite = suite
        self.done: list[str] = []
        self._random = random.Random(seed)
        print(f"faults from seed {seed}")

    async def kill_each(self, names: Sequence[str], gap_seconds: tuple[float, float]) -> None:
        """Kill every one of them once, in a random order, at random moments."""
        for name in self._random.sample(names, len(names)):
            await self._pause(gap_seconds)
            await self.suite.signal(name, signal.SIGKILL)
            self._note(f"killed {name}")

    async def hold(self, name: str, seconds: float) -> None:
        """Stop a process, and let it go on."""
        mark = await self.suite.signal(name, signal.SIGSTOP)
        self._note(f"stopped {name}")
        try:
            await asyncio.sleep(seconds)
        finally:
            mark.send(signal.SIGCONT)
        self._note(f"continued {name}")

    async def _pause(self, gap_seconds: tuple[float, float]) -> None:
        await asyncio.sleep(self._random.uniform(*gap_seconds))

    def _note(self, what: str) -> None:
        self.done.append(what)
        print(what)


@contextlib.asynccontextmanager
async def meanwhile(*faults: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Inflict faults, one after the other, while the block runs; the block ends when both have."""

    async def inflict() -> None:
        for fault in faults:
            await fault

    async with asyncio.TaskGroup() as group:
        group.create_task(inflict())
        yield
