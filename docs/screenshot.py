"""Takes the README's picture of the dashboard from a running demo: ``python -m docs.screenshot [ADDRESS]``.

Signs in as the provincial chief by the development sign-in, as a person would, and keeps what the browser shows in
``docs/images/dashboard.png``. Needs Chromium and a font with Thai letters.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
PERSONA = "chief"
PICTURE = Path(__file__).parent / "images" / "dashboard.png"
VIEWPORT: ViewportSize = {"width": 1440, "height": 1000}
DRAWN_MILLISECONDS_MAX = 60_000  # the first visitor waits until the scripts of the charts are made
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-sync")


def find_browser() -> str:
    """Where Chromium is. Raises SystemExit with what to install."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    raise SystemExit("Chromium is not installed; on Debian: apt-get install chromium fonts-tlwg-loma-otf")


def take_picture(page: Page, address: str, picture: Path) -> None:
    """Sign in, wait until every chart stands, and keep the whole page."""
    page.goto(f"{address}/dashboard")
    page.locator(f'button[value="{PERSONA}"]').click()
    page.locator("[data-chart]").first.wait_for()
    expect(page.locator("[data-chart]:not(.is-drawn)")).to_have_count(0, timeout=DRAWN_MILLISECONDS_MAX)
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=True)


def main(address: str = DEFAULT_ADDRESS) -> None:
    """Take the picture of the dashboard at `address`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(ARGUMENTS))
        try:
            page = browser.new_page(viewport=VIEWPORT, locale="th-TH", color_scheme="light")
            take_picture(page, address.rstrip("/"), PICTURE)
        finally:
            browser.close()
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
