"""The country of two places, made once for each worker of the run and then only attacked."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from shared.chassis.settings import SERVICES, Settings, get_settings
from shared.chassis.testing.databases import make_database
from shared.chassis.testing.tokens import TokenIssuer
from tests.attacks.country import Country, open_country
from tests.attacks.playing import play


def _addresses(settings: Settings, worker_id: str) -> dict[str, str]:
    server = urlsplit(settings.admin_database_url)
    run = Path(os.environ["PLODNEE_TEST_RUN_FOLDER"]).name.rsplit("-", 1)[-1]
    return {
        f"PLODNEE_{service.upper()}_DATABASE_URL": (
            f"postgresql://{server.hostname}:{server.port}/attacked_{service}_{run}_{worker_id}".lower()
        )
        for service in SERVICES
    }


@pytest.fixture(scope="session")
def played(settings: Settings, token_issuer: TokenIssuer, worker_id: str) -> dict[str, str]:
    """The databases' addresses, by the variable that names them; the year has been played in them."""
    addresses = _addresses(settings, worker_id)
    with pytest.MonkeyPatch.context() as patch:
        for name, address in addresses.items():
            patch.setenv(name, address)
        get_settings.cache_clear()
        asyncio.run(_make_and_play(token_issuer))
    get_settings.cache_clear()
    return addresses


async def _make_and_play(issuer: TokenIssuer) -> None:
    for service in SERVICES:
        await make_database(get_settings(), service)
    async with open_country(issuer) as country:
        await play(country)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def country(played: dict[str, str], token_issuer: TokenIssuer) -> AsyncIterator[Country]:
    """The country, with every service's app in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, address in played.items():
            patch.setenv(name, address)
        get_settings.cache_clear()
        async with open_country(token_issuer) as opened:
            yield opened
    get_settings.cache_clear()
