"""Real parts for every test: a PostgreSQL and a Kafka broker per run, a migrated database per worker and service."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import hypothesis
import pytest
import pytest_asyncio

from shared.chassis.database import Database
from shared.chassis.service import Service
from shared.chassis.settings import SERVICES, Settings, get_settings
from shared.chassis.testing.databases import empty_database, make_database
from shared.chassis.testing.keys import test_environment
from shared.chassis.testing.tokens import TokenIssuer
from tests.infrastructure import FOLDER_VARIABLE, ask_for

# No deadlines: an example's time is the machine's. `make nightly` asks for the second profile.
hypothesis.settings.register_profile("default run", max_examples=200, deadline=None)
hypothesis.settings.register_profile("nightly", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("default run")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run once, in the process that starts the workers; they inherit its environment."""
    if FOLDER_VARIABLE not in os.environ:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="plodnee-tests-")
        os.environ.update(test_environment())
        config.stash[_HOLDER] = subprocess.Popen(
            [sys.executable, "-m", "tests.infrastructure", os.environ[FOLDER_VARIABLE], str(os.getpid())],
            start_new_session=True,
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    holder = config.stash.get(_HOLDER, None)
    if holder is not None:
        holder.terminate()
        holder.wait(60)


_HOLDER: pytest.StashKey[subprocess.Popen[bytes]] = pytest.StashKey()


@pytest.fixture(scope="session")
def admin_url() -> str:
    """The superuser's URL of the run's PostgreSQL; PLODNEE_TEST_ADMIN_DATABASE_URL names another server."""
    return os.environ.get("PLODNEE_TEST_ADMIN_DATABASE_URL") or ask_for(Path(os.environ[FOLDER_VARIABLE]), "postgres")


@pytest.fixture(scope="session")
def bootstrap_servers() -> str:
    """The run's Kafka broker; PLODNEE_TEST_KAFKA names another."""
    return os.environ.get("PLODNEE_TEST_KAFKA") or ask_for(Path(os.environ[FOLDER_VARIABLE]), "kafka")


@pytest.fixture(scope="session")
def token_issuer() -> Iterator[TokenIssuer]:
    with TokenIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def settings(admin_url: str, token_issuer: TokenIssuer, worker_id: str) -> Iterator[Settings]:
    """Settings of this worker: databases of its own, the test's tokens, small broker topics."""
    server = urlsplit(admin_url)
    run = os.environ[FOLDER_VARIABLE].rsplit("-", 1)[-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLODNEE_ADMIN_DATABASE_URL", admin_url)
        patch.setenv("PLODNEE_ISSUER", token_issuer.url)
        patch.setenv("PLODNEE_KAFKA_PARTITIONS", "4")
        for service in SERVICES:
            name = f"plodnee_{service}_{run}_{worker_id}".lower()
            url = f"postgresql://{server.hostname}:{server.port}/{name}"
            patch.setenv(f"PLODNEE_{service.upper()}_DATABASE_URL", url)
        get_settings.cache_clear()
        yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def kafka_settings(settings: Settings, bootstrap_servers: str) -> Settings:
    """Settings with the broker, and a topic prefix of this test alone."""
    return settings.model_copy(
        update={"kafka_bootstrap_servers": bootstrap_servers, "kafka_topic_prefix": f"t{uuid4().hex[:12]}."}
    )


_MADE: dict[str, dict[str, int]] = {}


@pytest_asyncio.fixture
async def fresh_database(settings: Settings) -> AsyncIterator[Callable[[str], Awaitable[Settings]]]:
    """`await fresh_database("debt")`: the service's database, migrated (once per worker) and empty."""

    async def prepare(service: str) -> Settings:
        if service not in _MADE:
            _MADE[service] = await make_database(settings, service)
        else:
            await empty_database(settings, service, _MADE[service])
        return settings

    yield prepare


DatabaseOf = Callable[..., Awaitable[Database]]


@pytest_asyncio.fixture
async def database_of(fresh_database: Callable[[str], Awaitable[Settings]]) -> AsyncIterator[DatabaseOf]:
    """`await database_of("debt")`: a Database in the worker role (or another) over a fresh, empty database.

    Asking again in one test gives another pool over the same data.
    """
    async with AsyncExitStack() as stack:
        fresh: set[str] = set()

        async def make(service: str, role: Any = "worker") -> Database:
            if service not in fresh:
                await fresh_database(service)
                fresh.add(service)
            database = Database(get_settings(), service, role, "test")
            stack.push_async_callback(database.close)
            return database

        yield make


ClientOf = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest_asyncio.fixture
async def client_of(database_of: DatabaseOf, token_issuer: TokenIssuer) -> AsyncIterator[ClientOf]:
    """`await client_of("debt", scopes="loan:read", areas=["52"])`: an HTTP client of the service's real app.

    The first call of a test empties the database; each client signs in as the caller it is made for. Every POST gets
    an Idempotency-Key unless the test gives one.
    """
    async with AsyncExitStack() as stack:
        apps: dict[str, Any] = {}

        async def make(service: str, **caller: Any) -> httpx2.AsyncClient:
            if service not in apps:
                await database_of(service)
                from shared.chassis.http.app import create_app

                definition: Service = import_module(f"services.{service}.app").SERVICE
                app = create_app(definition)
                await stack.enter_async_context(app.router.lifespan_context(app))
                apps[service] = app
            client = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=apps[service]),
                base_url="http://127.0.0.1",
                headers={"authorization": f"Bearer {token_issuer.token(**caller)}"},
                event_hooks={"request": [add_idempotency_key]},
            )
            return await stack.enter_async_context(client)

        yield make


async def add_idempotency_key(request: httpx2.Request) -> None:
    if request.method == "POST" and "idempotency-key" not in request.headers:
        request.headers["idempotency-key"] = uuid4().hex


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The xdist worker's name, or `main` without xdist."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))
