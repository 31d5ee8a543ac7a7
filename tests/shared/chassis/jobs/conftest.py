"""A database for jobs, and the two roles that touch them."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from tests.shared.chassis.bare_service import bare_database, pool


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
