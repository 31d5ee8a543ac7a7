"""Goal: a pool reaches the database by the very URL that an operator gives."""

import ssl

import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf


async def _answer(settings: Settings) -> object:
    database = Database(settings, "literacy", "worker", "test")
    try:
        async with database.unscoped() as session:
            return await session.scalar("select current_setting('timezone') || current_setting('application_name')")
    finally:
        await database.close()


async def test_a_url_may_say_how_far_to_trust_the_server(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_of("literacy")
    host, _, path = settings.database_url("literacy", "worker").rpartition("@")[2].partition("/")
    monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", f"postgresql://{host}/{path}?sslmode=prefer")
    assert await _answer(settings) == "UTCtest"
    monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", f"postgresql://{host}/{path}?sslmode=require")
    with pytest.raises((ConnectionError, ssl.SSLError)):  # the test's server has no certificate
        await _answer(settings)
