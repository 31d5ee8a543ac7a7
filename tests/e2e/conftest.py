"""Services as an operator runs them: each api and each worker a process of its own, on its own database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import psycopg
import pytest

from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.embedded.processes import server_end_with_parent
from shared.embedded.state import free_port

PATIENCE_SECONDS = 120.0


class Processes:
    """Starts processes of the command line, and ends those it started."""

    def __init__(self, environment: dict[str, str], logs: Path) -> None:
        self.environment = environment
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`start("worker", "debt")` is `plodnee worker debt`."""
        log = (self._logs / f"{'-'.join(arguments[:2])}-{len(self._running)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self.environment,
            stdout=log,
            stderr=log,
            preexec_fn=server_end_with_parent(signal.SIGKILL),
        )
        self._running.append(process)
        return process

    def run(self, *arguments: str) -> None:
        """A command that ends by itself; its failure is the test's."""
        subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments], env=self.environment, check=True, timeout=120
        )

    def start_api(self, service: str) -> str:
        """Start an api and wait until it is ready; returns its address."""
        port = free_port()
        process = self.start("api", service, "--port", str(port))
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: self._is_ready(process, address))
        return address

    @staticmethod
    def _is_ready(process: subprocess.Popen[bytes], address: str) -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the api ended with {process.returncode}")
        try:
            return httpx2.get(f"{address}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    @property
    def newest(self) -> subprocess.Popen[bytes]:
        """The process started last."""
        return self._running[-1]

    def end_all(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition, and fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true in time")
        time.sleep(0.1)


@pytest.fixture
def processes(
    settings: Settings, bootstrap_servers: str, token_issuer: TokenIssuer, tmp_path: Path
) -> Iterator[Processes]:
    """Fresh databases and topics of this test, ready for `plodnee api` and `plodnee worker`."""
    run = uuid4().hex[:10]
    server = settings.admin_database_url.rpartition("@")[2].split("/")[0]
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "PLODNEE_KAFKA_TOPIC_PREFIX": f"e{run}.",
        "PLODNEE_KAFKA_PARTITIONS": "4",
        "PLODNEE_CONSUMER_SESSION_TIMEOUT_MS": "6000",  # a killed member is missed sooner than in production
        **{
            f"PLODNEE_{service.upper()}_DATABASE_URL": f"postgresql://{server}/e2e_{service}_{run}"
            for service in ("registry", "debt", "livelihood", "literacy", "reporting")
        },
    }
    started = Processes(environment, tmp_path)
    started.run("init")
    started.run("migrate", "all")
    yield started
    started.end_all()
    with psycopg.connect(settings.admin_database_url, autocommit=True) as admin:
        for service in ("registry", "debt", "livelihood", "literacy", "reporting"):
            admin.execute(f'drop database if exists "e2e_{service}_{run}" with (force)'.encode())


def query(settings: Settings, processes: Processes, service: str, sql: str) -> int:
    """A number out of a service's database, read as its superuser."""
    url = processes.environment[f"PLODNEE_{service.upper()}_DATABASE_URL"]
    admin = settings.admin_database_url.rpartition("@")[0]
    with psycopg.connect(f"{admin}@{url.removeprefix('postgresql://')}") as connection:
        row = connection.execute(sql.encode()).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
