"""The dashboard as people reach it: the real api of reporting and a sign-in, behind one address, on a real socket.

A site has a database of its own, made by the migrations and filled through reporting's own handlers, so that many tests
can share it.
"""

import asyncio
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import asyncpg
import httpx2
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount

from services.reporting.app import SERVICE
from services.reporting.dashboard.session import Cookies
from shared.chassis.database import Database
from shared.chassis.http.app import create_app
from shared.chassis.http.dispatch import Dispatcher
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database, make_database
from shared.embedded.identity import create_identity_app
from shared.embedded.state import StateFolder
from tests.served import served
from tests.services.reporting.conftest import apply_batches
from tests.services.reporting.dashboard.country import Country
from tests.services.reporting.world import Said

_DATABASE = "PLODNEE_REPORTING_DATABASE_URL"


@dataclass(frozen=True)
class Site:
    """Where the site is, what is in it, and the state of its sign-in."""

    url: str
    country: Country
    settings: Settings
    state: StateFolder
    database_url: str

    @asynccontextmanager
    async def database(self, role: str = "worker") -> AsyncIterator[Database]:
        """The read model behind the site."""
        with patch.dict(os.environ, {_DATABASE: self.database_url}):
            database = Database(self.settings, "reporting", role, "test")  # type: ignore[arg-type]
        try:
            yield database
        finally:
            await database.close()

    async def hear(self, said: Sequence[Said]) -> None:
        """Apply events as the consumer would."""
        async with self.database() as database:
            await apply_batches(database, [said])
            await _tell_heartbeat(database)


@contextmanager
def whole_site(settings: Settings, country: Country, folder: Path, name: str) -> Iterator[Site]:
    """A site with a country in it; the server has a thread and an event loop of its own, and ends with the block."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        site_at(listening, settings, country, folder, name) as site,
    ):
        yield site


@contextmanager
def site_at(
    listening: socket.socket, settings: Settings, country: Country, folder: Path, name: str, issuer: str | None = None
) -> Iterator[Site]:
    """A site at a socket; its people sign in at `issuer`, or at a provider of its own."""
    database_url = f"{os.environ[_DATABASE]}_{name}"
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    here = settings.model_copy(update={"issuer": issuer or f"{url}/identity", "dashboard_url": url})
    site = Site(url, country, here, StateFolder(folder / ".plodnee"), database_url)
    with patch.dict(os.environ, {_DATABASE: database_url}):
        asyncio.run(_fill(site))
    try:
        with _served(site, listening):
            yield site
    finally:
        with patch.dict(os.environ, {_DATABASE: database_url}):
            asyncio.run(drop_database(settings, "reporting"))


async def _fill(site: Site) -> None:
    await make_database(site.settings, "reporting")
    await site.hear(site.country.said)
    owner = await asyncpg.connect(site.settings.database_url("reporting", "owner"))
    try:
        await owner.execute("analyze")  # as autovacuum does in a database that lives for more than a minute
    finally:
        await owner.close()


@contextmanager
def _served(site: Site, listening: socket.socket) -> Iterator[None]:
    with patch.dict(os.environ, {_DATABASE: site.database_url}):
        app = create_app(SERVICE, settings=site.settings)
    identity = create_identity_app(site.state, issuer=site.settings.issuer, province="52")
    apps = {"reporting": app, "dashboard": app, "identity": Starlette(routes=[Mount("/identity", identity)])}
    with served(Dispatcher(apps, home="dashboard"), site.settings, listening):
        yield


def reader_of(site: Site) -> httpx2.AsyncClient:
    """A browser without scripts: it keeps cookies and follows nothing by itself."""
    return httpx2.AsyncClient(base_url=site.url, follow_redirects=False, timeout=30)


async def follow(browser: httpx2.AsyncClient, path: str) -> httpx2.Response:
    """A page, through its redirects."""
    return await browser.get(path, follow_redirects=True)


async def sign_in(browser: httpx2.AsyncClient, persona: str, path: str = "/dashboard") -> httpx2.Response:
    """Sign in as a persona by the provider's page and go where the sign-in leads."""
    page = await follow(browser, path)
    sealed = re.search(r'name="request" value="([^"]+)"', page.text)
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert sealed is not None, page.text
    assert action is not None
    return await browser.post(action[1], data={"request": sealed[1], "persona": persona}, follow_redirects=True)


def carried(response: Response) -> dict[str, str]:
    """The cookies that a browser would send back."""
    cookies = {}
    for line in response.headers.getlist("set-cookie"):
        name, value = line.split(";")[0].split("=", 1)
        if "Max-Age=0" not in line:
            cookies[name] = value.strip('"')
    return cookies


def ended_copy(site: Site, cookies: Mapping[str, str]) -> dict[str, str]:
    """A copy of a reader's cookies, as they are once the access token in them has ended."""
    sealing, response, now = Cookies(site.settings.key_bytes("session_key"), secure=False), Response(), time.time()
    session = sealing.session(cookies, now)
    assert session is not None
    sealing.set_session(response, replace(session, expires_at=now), now)
    return carried(response)


async def _tell_heartbeat(database: Database) -> None:
    """What the consumer says of itself while it runs."""
    async with database.unscoped() as session:
        await session.execute(
            """
            insert into consumer_heartbeat (consumer, polled_at, lag_events, lag_seconds)
            values ('reporting', now(), 0, 0.2)
            on conflict (consumer) do update set polled_at = excluded.polled_at
            """
        )
