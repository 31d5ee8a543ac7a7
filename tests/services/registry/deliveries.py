"""Sends files as partners do and runs the jobs behind them, without a worker process."""

from collections.abc import Sequence
from typing import Any

import httpx2
import orjson

from services.registry.app import SERVICE
from shared.chassis.database import Database
from shared.chassis.jobs.worker import run_job
from shared.chassis.settings import get_settings
from shared.chassis.worker import tasks_of

FEED = "feed:write"


def csv_of(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A file as agencies write them: UTF-8 with a byte order mark."""
    return ("\ufeff" + "\r\n".join(",".join(row) for row in (headings, *rows)) + "\r\n").encode()


async def deliver(
    client: httpx2.AsyncClient,
    database: Database,
    kind: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    as_of: str = "2022-09-30",
) -> dict[str, Any]:
    """Send a file, run what it started, and return the delivery as its sender sees it."""
    answer = await client.post(
        f"/registry/v1/feed-deliveries?kind={kind}&as_of={as_of}",
        content=csv_of(headings, rows),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 202, answer.text
    await run_queued(database)
    found = (await client.get(answer.headers["location"])).json()
    assert found["status"] == "completed", found
    return dict(found)


async def run_queued(database: Database) -> None:
    """Run every job that is queued, also those that the others queue."""
    tasks = tasks_of(SERVICE)
    while True:
        async with database.unscoped() as session:
            queued = await session.fetch("select id from job where status = 'queued' order by created_at, id")
            # A worker would have taken them off the queue; what is left there would hold back a second run.
            await session.execute("delete from procrastinate_jobs")
        if not queued:
            return
        for row in queued:
            await run_job(tasks, database, get_settings(), row["id"])


async def rejects(client: httpx2.AsyncClient, delivery: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Row, column and code of what was refused."""
    answer = await client.get(f"/registry/v1/feed-deliveries/{delivery['id']}/rejects")
    lines = answer.content.decode("utf-8-sig").splitlines()[1:]
    found = [line.split(",")[:3] for line in lines]
    return [(int(row), column, code) for row, column, code in found]


def counts(delivery: dict[str, Any]) -> dict[str, int]:
    """What became of the rows, without the zeros."""
    names = ("accepted", "unchanged", "older", "waiting", "rejected")
    return {name: delivery[name] for name in names if delivery[name]}


async def published(database: Database, topic: str) -> list[dict[str, Any]]:
    """The events in the outbox under a topic of the registry, with their version, in the order they were added."""
    async with database.unscoped() as session:
        rows = await session.fetch(
            "select aggregate_version, value from outbox where topic = :topic order by id",
            topic=f"plodnee.registry.{topic}",
        )
    return [{"version": row["aggregate_version"], **orjson.loads(row["value"])} for row in rows]


async def forget_published(database: Database) -> None:
    """Empty the outbox, as the relay does."""
    async with database.unscoped() as session:
        await session.execute("delete from outbox")
