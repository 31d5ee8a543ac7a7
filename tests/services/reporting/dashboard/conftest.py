"""A site with a country behind it, for every test of the pages; nobody changes what another reads."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio

from shared.chassis.settings import Settings
from tests.services.reporting.dashboard.country import Country
from tests.services.reporting.dashboard.site import Site, reader_of, whole_site


@pytest.fixture(scope="session")
def site(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A thin country, with a co-operative of Chiang Mai whose name attacks the page."""
    country = Country(share_percent=12, has_hostile_name=True)
    with whole_site(settings, country, tmp_path_factory.mktemp("site"), "pages") as running:
        yield running


@pytest_asyncio.fixture
async def browser(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with reader_of(site) as client:
        yield client
