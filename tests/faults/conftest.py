"""What drills share: one suite a module, since starting it costs more than most drills; a ledger of a test's own."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from shared.chassis.settings import Settings
from tests.faults.ledger import TABLES, Processes, ledger_processes
from tests.faults.suite import Suite
from tests.shared.chassis.events.conftest import bus as bus
from tests.shared.chassis.events.conftest import database as database


@pytest.fixture(scope="session")
def seed() -> int:
    """Of every random point of this run; PLODNEE_FAULTS_SEED repeats another run's."""
    return int(os.environ.get("PLODNEE_FAULTS_SEED") or int.from_bytes(os.urandom(4)))


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """One suite for the tests of a module; each leaves it whole."""
    with running_suite(tmp_path_factory.mktemp("suite")) as started:
        yield started


@pytest.fixture
def suite_of_its_own(tmp_path: Path) -> Iterator[Suite]:
    """A suite for one test."""
    with running_suite(tmp_path / "suite") as started:
        yield started


@contextmanager
def running_suite(folder: Path) -> Iterator[Suite]:
    started = Suite(folder / ".plodnee")
    try:
        started.start()
        yield started
    finally:
        shutil.copytree(started.runtime.state.logs, folder / "logs")  # what every process said, for whoever asks why
        started.remove()


@pytest_asyncio.fixture
async def ledger(bus: Settings, tmp_path: Path) -> AsyncIterator[Processes]:
    """The tables of a ledger in the test's database, and its processes."""
    with psycopg.connect(bus.database_url("registry", "owner"), autocommit=True) as owner:
        owner.execute(TABLES.encode())
        owner.execute(b"grant select, insert, update, delete on ledger, handed to plodnee_registry_worker")
    with ledger_processes(bus, tmp_path) as processes:
        yield processes
