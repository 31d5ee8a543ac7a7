"""A browser and a site to look at. Where there is no Chromium or no Thai font, the tests say so and are not run."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from shared.chassis.settings import Settings
from tests.services.reporting.dashboard.country import Country
from tests.services.reporting.dashboard.site import Site, whole_site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing_for_browser() -> str:
    """What this machine lacks to show a page in Thai; empty when nothing."""
    if shutil.which("chromium") is None:
        return "Chromium is not installed"
    fonts = shutil.which("fc-list")
    if fonts is None:
        return "fontconfig is not installed, so nobody can tell whether a Thai font is"
    listed = subprocess.run([fonts, ":lang=th", "family"], capture_output=True, text=True, check=False, timeout=30)
    return "" if listed.stdout.strip() else "no font with Thai letters is installed"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is. PLODNEE_REQUIRE_BROWSER makes a missing one a failure."""
    missing = missing_for_browser()
    if missing and os.environ.get("PLODNEE_REQUIRE_BROWSER"):
        pytest.fail(f"{missing}, and PLODNEE_REQUIRE_BROWSER is set")
    if missing:
        pytest.skip(f"not run: {missing}")
    return str(shutil.which("chromium"))


@pytest_asyncio.fixture
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(scope="session")
def site(chromium_path: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, with the whole country in its read model."""
    assert chromium_path
    with whole_site(settings, Country(), tmp_path_factory.mktemp("site"), "browser") as running:
        yield running
