"""The one-machine suite as a patient: in a folder of its own, with every process of it in the test's hands."""

import asyncio
import contextlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import httpx2
import psycopg
import pytest

from shared.chassis.settings import SERVICES, Settings, get_settings
from shared.embedded.kafka import cluster_at
from shared.embedded.processes import ProcessMark, mark_of, server_end_with_parent, wait_until
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.state import free_port
from shared.embedded.suite import recorded_suite
from tests.infrastructure import end_with_the_run

PATIENCE_SECONDS = 180.0
WORKERS = tuple(f"worker-{service}" for service in SERVICES)
SERVERS = ("kafka", "postgres")
PROCESSES = ("api", *WORKERS, *SERVERS)

Fault: TypeAlias = Callable[["Faults"], Awaitable[None]]


class Suite:
    """One `plodnee up`, from start to `remove`; `environment` is the operator's."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "KAFKA_"))},
            "PLODNEE_HOME": str(folder),
            "PLODNEE_CONSUMER_SESSION_TIMEOUT_MS": "6000",  # a member that stands still is missed sooner
            **(environment or {}),
        }
        end_with_the_run(folder)
        self._console = folder.with_suffix(".console")
        self._port = free_port()  # the same after a restart: whoever knows the address finds it again
        self._process: subprocess.Popen[bytes] | None = None
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("PLODNEE_", "KAFKA_"))]:
                patch.delenv(name)
            self.runtime = EmbeddedRuntime(folder)

    def start(self) -> None:
        """Start it and wait until every service is ready."""
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "up", "--port", str(self._port)],
                env=self._environment,
                stdout=console,
                stderr=console,
                preexec_fn=server_end_with_parent(signal.SIGKILL),
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Every service says that it can work, and the broker answers."""
        if not wait_until(self._is_ready, PATIENCE_SECONDS):
            raise TimeoutError(f"the suite is not ready: {self.said()}")

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the suite has ended: {self.said()}"
        suite = recorded_suite(self.runtime.state)
        if suite is None:
            return False
        try:
            ready = httpx2.get(f"{suite.address}/readyz", timeout=5, trust_env=False).is_success
            return ready and cluster_at(self.runtime.state.remembered_ports()["kafka"]) is not None
        except httpx2.TransportError:
            return False

    def stop(self) -> None:
        """Drain it; its data stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        for mark in self.marks().values():
            mark.send(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._process = None

    def processes(self) -> dict[str, ProcessMark]:
        """Every process that runs now, the supervisor among them."""
        supervisor = mark_of(self._process.pid) if self._process is not None else None
        return {**self.marks(), **({"supervisor": supervisor} if supervisor is not None else {})}

    def remove(self) -> None:
        """Drain it, and delete what it kept."""
        try:
            self.stop()
        finally:
            self.runtime.reset()

    def hold_supervisor(self) -> None:
        """Nothing that dies is started again, until `stop`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def lose_broker_data(self) -> None:
        """The disk of the broker is gone; to be called while the suite is stopped."""
        shutil.rmtree(self.runtime.state.path / "kafka")

    def restart_workers(self) -> None:
        """Have every worker drain; the supervisor starts new ones."""
        for name in WORKERS:
            self.marks()[name].send(signal.SIGTERM)

    def copy_database(self, service: str) -> None:
        """A backup of a service's database as it is now."""
        self._without_sessions(
            service,
            f"create database plodnee_{service}_backup template plodnee_{service} owner plodnee_{service}_owner",
            f"alter database plodnee_{service} allow_connections true",
        )

    def restore_database(self, service: str) -> None:
        """Put the backup in the place of the database."""
        self._without_sessions(
            service,
            f"drop database plodnee_{service}",
            f"alter database plodnee_{service}_backup rename to plodnee_{service}",
        )
        self.command("init")  # the grants of a database do not come back with its data

    def _without_sessions(self, service: str, *statements: str) -> None:
        elsewhere = next(name for name in SERVICES if name != service)
        with self._connect(elsewhere) as connection:
            for statement in (
                f"alter database plodnee_{service} allow_connections false",
                f"select pg_terminate_backend(pid) from pg_stat_activity where datname = 'plodnee_{service}'",
                *statements,
            ):
                connection.execute(statement.encode())

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

    def written(self) -> dict[str, bytes]:
        """Every byte that its processes and servers have written, by file."""
        return {path.name: path.read_bytes() for path in (self._console, *self.runtime.state.logs.iterdir())}

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    def execute(self, service: str, sql: str) -> None:
        """Run SQL in a service's database as its superuser."""
        with self._connect(service) as connection:
            connection.execute(sql.encode())

    def query(self, service: str, sql: str) -> int:
        """A number out of a service's database."""
        return int(self.text(service, sql))

    def text(self, service: str, sql: str) -> str:
        """The one value that a query finds."""
        with self._connect(service) as connection:
            row = connection.execute(sql.encode()).fetchone()
        assert row is not None, sql
        return str(row[0])

    def _connect(self, service: str) -> psycopg.Connection:
        """As the superuser, as soon as the server lets anybody in."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return psycopg.connect(self._admin_url(service), autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

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


class Faults:
    """What is done to a suite, at random moments from a seed that is printed."""

    def __init__(self, suite: Suite, seed: int) -> None:
        self.suite = suite
        self.done: list[str] = []
        self.chance = random.Random(seed)
        print(f"faults from seed {seed}")

    async def inflict(self, faults: Sequence[Fault], gap_seconds: tuple[float, float]) -> None:
        """All of them, in a random order, after random pauses."""
        for fault in self.chance.sample(faults, len(faults)):
            await asyncio.sleep(self.chance.uniform(*gap_seconds))
            await fault(self)

    def note(self, what: str) -> None:
        self.done.append(what)
        print(what)


def kill(name: str) -> Fault:
    """End a process at once."""

    async def fault(faults: Faults) -> None:
        await faults.suite.signal(name, signal.SIGKILL)
        faults.note(f"killed {name}")

    return fault


def hold(name: str, seconds: float) -> Fault:
    """Stop a process, and let it go on: it is there and does not answer."""

    async def fault(faults: Faults) -> None:
        mark = await faults.suite.signal(name, signal.SIGSTOP)
        faults.note(f"stopped {name}")
        try:
            await asyncio.sleep(seconds)
        finally:
            mark.send(signal.SIGCONT)
        faults.note(f"continued {name}")

    return fault


async def let_no_log_grow(faults: Faults) -> None:
    """The broker's next write fails as on a full disk; the one that is started in its place has room again."""
    mark = faults.suite.marks().get("kafka")
    while mark is None:
        await asyncio.sleep(0.1)
        mark = faults.suite.marks().get("kafka")
    resource.prlimit(mark.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    faults.note("let no log of the broker grow")
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while mark.alive():
        assert asyncio.get_running_loop().time() < deadline, "the broker went on without writing"
        await asyncio.sleep(0.1)
    faults.note("the broker has ended")


def slow_database(seconds: float) -> Fault:
    """Every statement that publishes an event takes half a second longer, in every service."""

    async def fault(faults: Faults) -> None:
        for service in SERVICES:
            await asyncio.to_thread(faults.suite.execute, service, _SLOW)
        faults.note("slowed PostgreSQL down")
        try:
            await asyncio.sleep(seconds)
        finally:
            for service in SERVICES:
                await asyncio.to_thread(faults.suite.execute, service, "drop function take_time cascade")
        faults.note("PostgreSQL is fast again")

    return fault


_SLOW = """
    create function take_time() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
    create trigger take_time after insert on outbox for each statement execute function take_time()
"""
