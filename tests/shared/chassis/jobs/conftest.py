"""A database for jobs, the two roles that touch them, and what every test of jobs asks of it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest_asyncio

from shared.chassis import jobs
from shared.chassis.database import Database
from shared.chassis.reach import Reach
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from tests.shared.chassis.bare_service import bare_database, pool

CHIANG_RAI = Reach(provinces=frozenset({"57"}))
LAMPANG = Reach(provinces=frozenset({"52"}))


@pytest_asyncio.fixture
async def jobs_settings(settings: Settings) -> AsyncIterator[Settings]:
    tables = "create table mark (id bigint generated always as identity primary key, note text not null);"
    async with bare_database(settings, "jobs", tables) as prepared:
        yield prepared.model_copy(update={"drain_seconds_max": 6})


@pytest_asyncio.fixture
async def database(jobs_settings: Settings) -> AsyncIterator[Database]:
    async with pool(jobs_settings) as worker_pool:
        yield worker_pool


@pytest_asyncio.fixture
async def api(jobs_settings: Settings) -> AsyncIterator[Database]:
    async with pool(jobs_settings, "api") as api_pool:
        yield api_pool


def service_of(tasks: jobs.Tasks) -> Service:
    return Service(name="registry", title_en="Test", title_th="ทดสอบ", tasks=tasks)


async def enqueue(database: Database, kind: str, reach: Reach = LAMPANG, **options: Any) -> UUID:
    options.setdefault("requested_by", "officer")
    async with database.write(reach) as session:
        return await jobs.enqueue(session, kind, options.pop("arguments", {}), **options)


async def job(database: Database, job_id: UUID) -> Mapping[str, Any]:
    async with database.unscoped() as session:
        row = await jobs.get_job(session, job_id)
    assert row is not None
    return jobs.describe(row)


async def has_status(database: Database, job_id: UUID, *statuses: str) -> bool:
    return (await job(database, job_id))["status"] in statuses


async def marks(database: Database) -> list[str]:
    async with database.unscoped() as session:
        return [row["note"] for row in await session.fetch("select note from mark order by id")]


async def mark(context: jobs.JobContext, note: str) -> None:
    async with context.database.write(context.reach) as session:
        await session.execute("insert into mark (note) values (:note)", note=note)
