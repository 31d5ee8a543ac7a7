"""The example service over a real database, called in the process by an ASGI client or over a real socket."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from shared.chassis.http.app import create_app
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database, empty_database, make_bare_database
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http import example

NEAR = UUID("00000000-0000-7000-8000-000000000052")
FAR = UUID("00000000-0000-7000-8000-000000000010")

ClientOf = Callable[..., httpx2.AsyncClient]


@pytest.fixture(scope="module")
def example_settings(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """A database of this module's own under the example's name."""
    server = urlsplit(settings.require("admin_database_url"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            f"PLODNEE_{example.NAME.upper()}_DATABASE_URL",
            f"postgresql://{server.hostname}:{server.port}/http_{worker_id}_{os.getpid()}_{uuid4().hex[:8]}",
        )
        asyncio.run(make_bare_database(settings, example.NAME, example.TABLES_SQL))
        yield settings
        asyncio.run(drop_database(settings, example.NAME))


@pytest_asyncio.fixture
async def owner(example_settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to an empty database that knows two co-operatives: one near, one far."""
    await empty_database(example_settings, example.NAME, {})
    connection = await asyncpg.connect(example_settings.database_url(example.NAME, "owner"))
    await connection.execute("insert into outbox_epoch (epoch) values (1)")
    await connection.execute("insert into cooperative values ($1, '52', '5201'), ($2, '10', '1001')", NEAR, FAR)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def app(example_settings: Settings, owner: asyncpg.Connection) -> AsyncIterator[FastAPI]:
    """The example's api, started."""
    example.gates.clear()
    example.effects.clear()
    made = create_app(example.SERVICE, settings=example_settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest_asyncio.fixture
async def client_of(app: FastAPI, token_issuer: TokenIssuer) -> AsyncIterator[ClientOf]:
    """`client_of(areas=["52"])`: a client signed in as that caller, by default one who may read and write notes."""
    async with AsyncExitStack() as stack:
        clients: list[httpx2.AsyncClient] = []

        def make(**caller: Any) -> httpx2.AsyncClient:
            token = token_issuer.token(**{"scopes": "note:read note:write", "areas": ["52"], **caller})
            client = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app),
                base_url=f"http://127.0.0.1/{example.NAME}/v1",
                headers={"authorization": f"Bearer {token}"},
            )
            clients.append(client)
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def client(client_of: ClientOf) -> httpx2.AsyncClient:
    """An officer of province 52 who may read and write notes."""
    return client_of()


def key(text: str | None = None) -> dict[str, str]:
    """The header of a new act, or of a named one."""
    return {"Idempotency-Key": text or uuid4().hex}


def note(title: str, cooperative_id: UUID = NEAR, **more: Any) -> dict[str, Any]:
    """A note's body."""
    return {"cooperative_id": str(cooperative_id), "title": title, **more}


async def address_of(server: uvicorn.Server) -> tuple[str, int]:
    """Where a server that was just told to serve listens."""
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
            await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    return host, port
