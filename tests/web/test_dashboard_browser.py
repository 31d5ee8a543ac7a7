"""Goal: in a real browser the dashboard draws, drills, keeps itself up to date and fits a phone, and breaks no rule.

Screenshots go to the folder that PLODNEE_SCREENSHOTS names, else to the test's own.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.services.reporting.dashboard.site import Site
from tests.services.reporting.world import Said

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Watched:
    """A page, and everything that went wrong on it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda line: self._fault(line.type, line.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))

    def _fault(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"{kind}: {text}")


@asynccontextmanager
async def opened(chromium: Browser, site: Site, persona: str, **options: Any) -> AsyncIterator[Watched]:
    """A page on which a persona has signed in and every chart stands."""
    context = await chromium.new_context(**{"viewport": DESKTOP, "locale": "th-TH", **options})
    watched = Watched(await context.new_page())
    watched.watch()
    await watched.page.goto(f"{site.url}/dashboard")
    await watched.page.locator(f'button[value="{persona}"]').click()
    await watched.page.wait_for_url("**/dashboard/2566/**")
    await drawn(watched.page)
    try:
        yield watched
    finally:
        await context.close()


async def drawn(page: Page) -> None:
    """Wait until every chart of the page stands."""
    # Not by a predicate: evaluating one in the page is what the page's policy forbids.
    await page.locator("[data-chart]").first.wait_for()
    await expect(page.locator("[data-chart]:not(.is-drawn)")).to_have_count(0, timeout=30_000)


async def keep(page: Page, folder: Path, name: str) -> None:
    """A picture of the page; the folder is made where it is not there."""
    target = Path(os.environ.get("PLODNEE_SCREENSHOTS") or folder)
    await page.screenshot(path=target / f"{name}.png", full_page=True)


async def test_chief_drills_by_click_without_breaking_the_policy(chromium: Browser, site: Site, tmp_path: Path) -> None:
    async with opened(chromium, site, "chief") as watched:
        page = watched.page
        await keep(page, tmp_path, "province")
        await page.locator(".blocks a.block").first.click()
        await page.wait_for_url("**/dashboard/2566/TH/N/52/52**")
        await drawn(page)
        await keep(page, tmp_path, "district")
        await page.locator('[data-chart="ranking"] .mark-rect path').first.click()
        await page.wait_for_url("**/dashboard/2566/TH/N/52/52**/*-*")
        await drawn(page)
        await keep(page, tmp_path, "cooperative")
        assert watched.faults == []


async def test_analyst_sees_the_country_in_light_dark_and_english(
    chromium: Browser, site: Site, tmp_path: Path
) -> None:
    for scheme in ("light", "dark"):
        async with opened(chromium, site, "analyst", color_scheme=scheme) as watched:
            await keep(watched.page, tmp_path, f"nation-{scheme}")
            await watched.page.locator('[data-chart="waterfall"] .mark-rect path').nth(1).hover()
            await expect(watched.page.locator("#vg-tooltip-element")).to_be_visible()
            assert watched.faults == []
    async with opened(chromium, site, "analyst") as watched:
        await watched.page.locator('[hreflang="en"]').click()
        await drawn(watched.page)
        await keep(watched.page, tmp_path, "nation-english")
        await watched.page.locator("a.tile").first.click()
        await watched.page.wait_for_url("**/dashboard/2566/TH/*/*")
        await expect(watched.page.locator("html")).to_have_attribute("lang", "en")
        assert watched.faults == []


@pytest.mark.parametrize("persona", ["analyst", "chief", "officer"])
async def test_phone_needs_no_sideways_scroll(chromium: Browser, site: Site, tmp_path: Path, persona: str) -> None:
    context = await chromium.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.goto(f"{site.url}/dashboard")
    await page.locator(f'button[value="{persona}"]').click()
    await page.wait_for_url("**/dashboard/2566**")
    if persona == "officer":
        await page.locator("a.home").first.wait_for()
    else:
        await drawn(page)
    await keep(page, tmp_path, f"phone-{persona}")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await context.close()


async def test_on_a_phone_a_date_stands_on_one_line_of_its_table(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site, "chief", viewport=PHONE) as watched:
        await watched.page.locator("#table-trend summary").click()
        row = watched.page.locator("#table-trend tbody tr").first
        lines = await row.locator("th").evaluate(
            "cell => cell.clientHeight / parseFloat(getComputedStyle(cell).lineHeight)"
        )
        assert lines < 2
        assert await watched.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_what_a_card_says_instead_of_a_figure_is_no_larger_than_the_figure(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site, "chief") as watched:
        await watched.page.goto(f"{site.url}/dashboard/2570/TH/N/52")
        await drawn(watched.page)
        size = "one => parseFloat(getComputedStyle(one).fontSize)"
        said = await watched.page.locator(".card .value.is-empty").first.evaluate(size)
        assert said < await watched.page.locator(".card .value:not(.is-empty)").first.evaluate(size)


async def test_paper_gets_the_still_pictures(chromium: Browser, site: Site, tmp_path: Path) -> None:
    async with opened(chromium, site, "analyst", color_scheme="dark") as watched:
        page = watched.page
        await expect(page.locator(".has-still")).to_have_count(3, timeout=30_000)
        await expect(page.locator(".assumptions")).to_be_hidden()
        await page.emulate_media(media="print", color_scheme="light")
        assert await page.locator(".live svg >> visible=true").count() == 0
        # Paper opens no definition: what its stars mean stands below.
        stars = await page.locator("sup.assumed").count()
        await expect(page.locator(".assumptions li >> visible=true")).to_have_count(stars)
        await page.set_viewport_size({"width": 703, "height": 1000})
        await keep(page, tmp_path, "print")
        paper = await page.pdf(format="A4", prefer_css_page_size=True)
        assert paper.startswith(b"%PDF")
        assert watched.faults == []


async def test_figures_move_by_themselves(chromium: Browser, site: Site) -> None:
    nation = site.country
    async with opened(chromium, site, "chief") as watched:
        page = watched.page
        figure = page.locator('[data-figure="K01"]')
        before = await figure.inner_text()
        await page.locator("#table-waterfall summary").click()
        place = next(one for one in nation.cooperatives if one.province_code == "52").cooperative_id
        payment = nation.payment(place, nation.id("member", place, 0), "now", "cash", date(2023, 6, 14), 900_000_00)
        await site.hear([Said(payment, 1, payment.posted_on)])
        await expect(figure).not_to_have_text(before, timeout=20_000)
        await expect(page.locator(".hero .flag")).to_be_visible()
        await expect(page.locator("#table-waterfall")).to_have_attribute("open", "")
        await drawn(page)
        assert watched.faults == []


async def test_page_is_whole_without_scripts(chromium: Browser, site: Site, tmp_path: Path) -> None:
    context = await chromium.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/dashboard")
    await page.locator('button[value="chief"]').click()
    await page.wait_for_url("**/dashboard/2566/TH/N/52")
    await page.locator("noscript img, img.still").first.wait_for()
    await page.locator("#table-ranking summary").click()
    await keep(page, tmp_path, "without-scripts")
    await page.locator("#table-ranking a").first.click()
    await page.wait_for_url("**/dashboard/2566/TH/N/52/52**")
    await context.close()
