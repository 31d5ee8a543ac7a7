"""A service that takes tools, as its api sees it and as its worker runs it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest_asyncio

from shared.chassis.database import Database
from shared.chassis.feeds.routes import feed_router
from shared.chassis.http.app import create_app
from shared.chassis.jobs import job_router
from shared.chassis.jobs.worker import run_job
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.chassis.worker import tasks_of
from tests.shared.chassis.bare_service import bare_database, pool
from tests.shared.chassis.feeds.example import LOOSE_TOOLS, TABLES, TOOLS, add_cooperatives, delivery_of

SERVICE = Service(
    name="registry",
    title_en="Tools",
    title_th="เครื่องมือ",
    routers=(feed_router([TOOLS, LOOSE_TOOLS]), job_router()),
    feed_kinds=(TOOLS, LOOSE_TOOLS),
)


@pytest_asyncio.fixture
async def feed_settings(settings: Settings) -> AsyncIterator[Settings]:
    async with bare_database(settings, "feeds", TABLES) as prepared:
        yield prepared.model_copy(update={"feed_chunk_rows": 3})


@pytest_asyncio.fixture
async def database(feed_settings: Settings) -> AsyncIterator[Database]:
    async with pool(feed_settings) as worker_pool:
        async with worker_pool.unscoped() as session:
            await add_cooperatives(session)
        yield worker_pool


class Sender:
    """A partner's system, and the worker behind the service."""

    def __init__(self, client: httpx2.AsyncClient, database: Database, settings: Settings) -> None:
        self.client = client
        self.database = database
        self.settings = settings

    async def post(
        self,
        body: bytes | str,
        *,
        as_of: str = "2022-09-30",
        kind: str = "tools",
        content_type: str = "text/csv",
        key: str | None = None,
    ) -> httpx2.Response:
        """Send a file and do nothing more."""
        return await self.client.post(
            "/registry/v1/feed-deliveries",
            params={"kind": kind, "as_of": as_of},
            content=body.encode() if isinstance(body, str) else body,
            headers={"content-type": content_type, "idempotency-key": key or uuid4().hex},
        )

    async def send(self, body: bytes | str, **options: Any) -> dict[str, Any]:
        """Send a file, run its job, and return the delivery."""
        response = await self.post(body, **options)
        assert response.status_code == 202, response.text
        await self.run_jobs()
        return await self.delivery(delivery_of(response.headers["location"]))

    async def delivery(self, delivery_id: UUID) -> dict[str, Any]:
        response = await self.client.get(f"/registry/v1/feed-deliveries/{delivery_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def rejects(self, delivery_id: str) -> list[str]:
        """Lines of the reject file below the headings, up to the messages."""
        response = await self.client.get(f"/registry/v1/feed-deliveries/{delivery_id}/rejects")
        assert response.status_code == 200, response.text
        lines = response.content.decode("utf-8-sig").splitlines()
        assert lines[0] == "row,column,code,message_en,message_th"
        return [",".join(line.split(",")[:3]) for line in lines[1:]]

    async def run_jobs(self) -> None:
        """Run what is queued, as the worker does, until nothing is."""
        tasks = tasks_of(SERVICE)
        while True:
            async with self.database.unscoped() as session:
                job_id = await session.scalar(
                    "update procrastinate_jobs set status = 'succeeded' where id = (select id from procrastinate_jobs"
                    " where status = 'todo' order by id limit 1) returning cast(args ->> 'job_id' as uuid)"
                )
            if job_id is None:
                return
            await run_job(tasks, self.database, self.settings, job_id)

    async def tools(self) -> Mapping[str, Mapping[str, Any]]:
        """What is stored, by co-operative and number."""
        async with self.database.unscoped() as session:
            raw = await session.raw()
            await raw.set_type_codec("jsonb", encoder=str, decoder=__import__("orjson").loads, schema="pg_catalog")
            return {
                f"{row['cooperative_code']}/{row['number']}": dict(row) for row in await raw.fetch("select * from tool")
            }

    async def count(self, sql: str) -> int:
        async with self.database.unscoped() as session:
            return int(await session.scalar(sql) or 0)


SenderOf = Callable[..., Awaitable[Sender]]


@pytest_asyncio.fixture
async def sender_of(feed_settings: Settings, database: Database, token_issuer: TokenIssuer) -> AsyncIterator[SenderOf]:
    """`await sender_of("core", areas=["52"])`: a client of the real app, signed in as that partner."""
    async with AsyncExitStack() as stack:
        app = create_app(SERVICE, settings=feed_settings)
        await stack.enter_async_context(app.router.lifespan_context(app))

        async def make(subject: str = "core", **claims: Any) -> Sender:
            claims = {"areas": ["52"], "scopes": "feed:write job:read", **claims}
            client = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app),
                base_url="http://127.0.0.1",
                headers={"authorization": f"Bearer {token_issuer.token(subject=subject, **claims)}"},
            )
            return Sender(await stack.enter_async_context(client), database, feed_settings)

        yield make


@pytest_asyncio.fixture
async def sender(sender_of: SenderOf) -> Sender:
    return await sender_of()
