"""A world of debt on a real PostgreSQL."""

import pytest_asyncio

from tests.conftest import DatabaseOf
from tests.services.debt.world import World


@pytest_asyncio.fixture
async def world(database_of: DatabaseOf) -> World:
    return World(await database_of("debt"))
