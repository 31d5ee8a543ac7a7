"""Whoever opens the dashboard sees the year there: signed in by the provider's page, with the figure of the API."""

import httpx2

from demo.story.checks import Check, verdict
from demo.story.client import Access
from demo.story.played import Played
from shared.embedded.identity.client import choose_persona

READER = "chief"


async def check_dashboard(played: Played) -> Check:
    """The province's chief signs in as a browser would, is led to his province, and reads its K01."""
    page = await _open(played.access)
    k01 = next(kpi for kpi in played.kpis if kpi["id"] == "K01")
    faults = []
    if page.status_code != 200 or not page.url.path.endswith(f"/{played.options.province}"):
        faults.append(f"{READER} was led to {page.url.path}, which answered {page.status_code}")
    elif f'data-figure="K01">{k01["value"]}<' not in page.text:
        faults.append(f"the page does not show K01 as {k01['value']}")
    return verdict("the dashboard shows the year", faults, f"{page.url.path} shows K01 as {k01['value']} %")


async def _open(access: Access) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=access.base_url, timeout=60, trust_env=False) as browser:
        login_page = await browser.get("/dashboard", follow_redirects=True)
        if "persona" not in login_page.text:
            return login_page
        sent_back = await choose_persona(browser, login_page, READER)
        return await browser.get(sent_back.headers.get("location", "/dashboard"), follow_redirects=True)
