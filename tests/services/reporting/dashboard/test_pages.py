"""Goal: an officer signs in, sees his own area whole and nothing above it, and drills by links alone."""

import re
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from services.reporting.areas.domain import Level
from services.reporting.dashboard.assets import ASSETS
from services.reporting.kpis.service import KpiQuery, read_children, read_kpi
from shared.chassis.reach import Reach
from shared.kernel.money import format_baht, parse_baht
from tests.services.reporting.dashboard.country import EMPTY_PROVINCES, HOSTILE_NAME
from tests.services.reporting.dashboard.site import Site, follow, reader_of, sign_in
from tests.services.reporting.world import Said

PAGE_BYTES_MAX = 200_000
LAMPANG = "/dashboard/2566/TH/N/52"
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


class Page(HTMLParser):
    """What a page says and where it leads, without a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.figures: dict[str, str] = {}
        self.specs: dict[str, str] = {}
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._href: str | None = None
        self._figure: str | None = None
        self._spec: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        self.attributes |= named.keys()
        self._href = named.get("href") if tag == "a" else self._href
        self._figure = named.get("data-figure") or self._figure
        if tag == "script" and (named.get("id") or "").startswith("spec-"):
            self._spec = named["id"]
        if self._href and tag == "a":
            self.links.setdefault(self._href, "")

    def handle_data(self, data: str) -> None:
        if self._spec is not None:
            self.specs[self._spec] = data
        if self._href is not None:
            self.links[self._href] += data.strip()
        if self._figure is not None:
            self.figures[self._figure] = data.strip()
            self._figure = None

    def handle_endtag(self, tag: str) -> None:
        self._href = None if tag == "a" else self._href
        self._spec = None if tag == "script" else self._spec

    def below(self, path: str) -> list[str]:
        """Links to the parts of the area of this path."""
        depth = path.count("/") + 1
        return [href for href in self.links if href.startswith(f"{path}/") and href.count("/") == depth]


async def test_chief_lands_on_the_province(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "chief")
    assert page.status_code == 200, page.text
    assert page.url.path == LAMPANG
    assert '<html lang="th">' in page.text
    assert "ลำปาง" in page.text


async def test_analyst_lands_on_the_nation(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "analyst")
    assert page.url.path == "/dashboard/2566/TH"
    assert page.text.count('class="tile ') == 77


async def test_officer_chooses_among_the_assigned_places(browser: httpx2.AsyncClient, site: Site) -> None:
    page = await sign_in(browser, "officer")
    assert page.url.path == "/dashboard/2566"
    places = [href for href in Page(page.text).links if href.count("/") == 7]
    assert len(places) == 4
    place = await browser.get(places[0])
    assert place.status_code == 200
    # Language, year and programmes of this very place; nothing wider.
    leads_to = {urlsplit(href).path for href in Page(place.text).links if href.startswith("/dashboard/2566")}
    assert leads_to == {places[0]}


async def test_drill_from_nation_to_members_by_links_alone(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "analyst")
    path = "/dashboard/2566/TH"
    for code in ("N", "52", "5201"):
        assert f"{path}/{code}" in Page(page.text).below(path)
        path = f"{path}/{code}"
        page = await browser.get(path)
        assert page.status_code == 200
    (first, *_) = Page(page.text).below(path)
    page = await browser.get(first)
    assert f"/registry/v1/members?cooperative_id={first.rsplit('/', 1)[1]}" in Page(page.text).links


async def test_tile_of_a_province_leads_there(browser: httpx2.AsyncClient) -> None:
    page = Page((await sign_in(browser, "analyst")).text)
    assert "ลป" in page.links[LAMPANG]


@pytest.mark.parametrize("path", ["TH", "TH/N", "TH/N/50", "50", "TH/N/50/5001", "TH/XX", "nonsense"])
async def test_what_is_out_of_reach_is_a_page_that_says_not_found(browser: httpx2.AsyncClient, path: str) -> None:
    await sign_in(browser, "chief")
    page = await browser.get(f"/dashboard/2566/{path}")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "ไม่พบหน้านี้" in page.text
    assert Page(page.text).figures == {}


async def test_place_that_is_not_assigned_is_not_found(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "officer")
    other = next(one for one in site.country.cooperatives if one.province_code != "52")
    assert (await browser.get(f"/dashboard/2566/{other.cooperative_id}")).status_code == 404
    for code in ("TH", "N", "52", "5201"):
        assert (await browser.get(f"/dashboard/2566/{code}")).status_code == 404


async def test_areas_above_the_reach_are_text_alone(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "chief")
    assert "/dashboard/2566/TH" not in Page(page.text).links
    assert "/dashboard/2566/TH/N" not in Page(page.text).links
    assert re.search(r'class="beyond"[^>]*>ทั้งประเทศ', page.text)


async def test_short_path_leads_to_the_whole_one(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    moved = await browser.get("/dashboard/2566/5201?programme=A")
    assert moved.headers["location"] == f"{LAMPANG}/5201?programme=A"


async def test_figures_are_those_of_the_api(browser: httpx2.AsyncClient, site: Site) -> None:
    page = Page((await sign_in(browser, "chief")).text)
    async with site.database("api") as database, database.read(Reach.of_areas(["52"])) as session:
        kpi = await read_kpi(session, "K01", KpiQuery("52", 2566))
        children = await read_children(session, "K01", KpiQuery("52", 2566), Level.DISTRICT)
    assert page.figures["K01"] == kpi.value
    bars = orjson.loads(page.specs["spec-waterfall"])["layer"][1]["data"]["values"]
    change = parse_baht(str(kpi.numerator))
    assert bars[0]["high"] - bars[-1]["high"] == change == sum(parse_baht(str(part.value)) for part in kpi.parts)
    ranked = orjson.loads(page.specs["spec-ranking"])["data"]["values"]
    assert [one["text"].replace("−", "-") for one in ranked] == sorted(
        (str(child.value) for child in children if child.value is not None), key=float, reverse=True
    )


async def test_parts_in_the_table_sum_to_the_change(browser: httpx2.AsyncClient) -> None:
    text = (await sign_in(browser, "chief")).text
    table = text[text.index('id="table-waterfall"') :].split("</table>")[0]
    amounts = [parse_baht(cell.replace("−", "-")) for cell in re.findall(r'class="number">([−\d,]+\.\d\d)</td>', table)]
    before, *parts, total, after = amounts[::2]
    assert sum(parts) == total == before - after


async def test_freshness_says_date_places_and_lag(browser: httpx2.AsyncClient) -> None:
    text = (await sign_in(browser, "analyst")).text
    assert "31 พ.ค. 2566" in text
    assert re.search(r"ปิดบัญชีถึงวันนี้ \d+ จาก \d+ แห่ง", text)
    assert re.search(r"ตามหลังเหตุการณ์ \d", text)


async def test_place_without_figures_says_that_once(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "analyst")
    text = (await follow(browser, f"/dashboard/2566/{min(EMPTY_PROVINCES)}")).text
    assert "<strong>ยังไม่มีสหกรณ์ใดปิดบัญชีของปีนี้</strong>" in text
    assert "ข้อมูล ณ" not in text
    assert "ยังไม่มีฐาน" in text
    assert not re.search(r"\b0 \S+ จาก 0", text)
    assert "คลิกแท่ง" in (await follow(browser, LAMPANG)).text
    assert "คลิกแท่ง" not in (await follow(browser, LAMPANG.replace("2566", "2567"))).text


async def test_counts_of_one_kind_name_it_once(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "analyst")
    page = await follow(browser, "/dashboard/2566/TH?lang=en")
    assert re.search(r"\d of 77 provinces", page.text)
    assert not re.search(r"\d (persons|contracts|provinces) of \d", page.text)


async def test_payment_moves_the_figure_at_once_and_marks_it_provisional(site: Site) -> None:
    place = next(one.cooperative_id for one in site.country.cooperatives if one.district_code == "5205")
    path = f"/dashboard/2566/{place}"
    async with reader_of(site) as browser:
        before = await sign_in(browser, "chief", path)
        address = re.search(r'data-freshness="([^"]+)"', before.text)
        assert address is not None
        freshness = await browser.get(address[1].replace("&amp;", "&"))
        again = {"if-none-match": freshness.headers["etag"]}
        assert freshness.json()["version"] in before.text
        assert (await browser.get(str(freshness.url), headers=again)).status_code == 304
        day = date(2023, 6, 14)
        payment = site.country.payment(place, site.country.id("member", place, 0), "now", "cash", day, 20_000_00)
        await site.hear([Said(payment, 1, day)])
        assert (await browser.get(str(freshness.url), headers=again)).status_code == 200
        after = await follow(browser, path)
    assert Page(before.text).figures["K01"] != Page(after.text).figures["K01"]
    assert "เบื้องต้น: รวมรายการหลังปิดบัญชีถึง 14 มิ.ย. 2566" in after.text
    assert "เบื้องต้น: รวม" not in before.text


async def test_every_kind_of_page_has_the_strict_policy(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    for path in (
        LAMPANG,
        "/dashboard/2566/TH",
        "/dashboard/nowhere/at/all",
        "/dashboard/callback?state=x",
        "/dashboard/signed-out",
    ):
        page = await browser.get(path)
        policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
        assert {name: policy[name] for name in POLICY} == POLICY, path
        assert policy["form-action"].startswith("'self'")
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_no_page_needs_inline_code_or_style(browser: httpx2.AsyncClient) -> None:
    page = Page((await sign_in(browser, "analyst")).text)
    assert "style" not in page.tags
    assert "style" not in page.attributes
    assert not [name for name in page.attributes if name.startswith("on")]


async def test_pages_stay_small(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "analyst")
    ours = sum(asset.size_bytes for asset in ASSETS.values())
    for path in ("/dashboard/2566/TH", "/dashboard/2566/TH/NE", LAMPANG):
        page = await browser.get(path)
        assert len(page.content) + ours < PAGE_BYTES_MAX, path


async def test_hostile_name_stays_text_wherever_it_stands(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "analyst")
    place = next(one.cooperative_id for one in site.country.cooperatives if one.name_th == HOSTILE_NAME)
    for code in ("5001", str(place)):
        for language in ("th", "en"):
            page = await follow(browser, f"/dashboard/2566/{code}?lang={language}")
            assert page.status_code == 200
            assert "<img src=x" not in page.text
            assert "<script>alert" not in page.text
            assert "{{7*7}}" in page.text
    district = Page((await follow(browser, "/dashboard/2566/5001")).text)
    (bar,) = orjson.loads(district.specs["spec-ranking"])["data"]["values"]
    assert bar["place"].endswith(HOSTILE_NAME)


async def test_language_that_was_chosen_is_kept(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    chosen = await browser.get(f"{LAMPANG}?lang=en")
    assert '<html lang="en">' in chosen.text
    kept = await browser.get(LAMPANG)
    assert '<html lang="en">' in kept.text
    assert "Reduction of the cohort&#39;s overdue debt" in kept.text
    assert "มูลค่าหนี้ค้างของกลุ่มเป้าหมายที่ลดลง" in kept.text
    assert "As of" in kept.text
    assert '<html lang="th">' in (await browser.get(f"{LAMPANG}?lang=th")).text


async def test_programme_stays_in_every_link(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "chief")
    page = await browser.get(f"{LAMPANG}?programme=A")
    parts = [href for href in Page(page.text).links if href.startswith(f"{LAMPANG}/")]
    assert parts
    assert all(href.endswith("?programme=A") for href in parts)
    async with site.database("api") as database, database.read(Reach.of_areas(["52"])) as session:
        kpi = await read_kpi(session, "K01", KpiQuery("52", 2566, "A"))
    assert Page(page.text).figures["K01"] == kpi.value


async def test_year_without_figures_says_so(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    page = await browser.get("/dashboard/2570/TH/N/52")
    assert page.status_code == 200
    assert "ยังไม่มีสหกรณ์ใดปิดบัญชีของปีนี้" in page.text
    assert Page(page.text).figures["K01"] == "ยังไม่มีฐาน"


async def test_charts_of_a_year_without_figures_say_why_they_are_empty(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    text = (await browser.get("/dashboard/2570/TH/N/52")).text
    leads = re.findall(r'<figure class="chart" id="(\w+)">.*?<p class="lead">(.*?)</p>', text, re.DOTALL)
    assert {chart for chart, lead in leads if "ยังไม่มีฐาน" in lead} == {"trend", "waterfall", "ranking"}
    assert "รวมกันตรงถึงสตางค์" not in text


async def test_the_ranking_says_what_its_figures_count(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "analyst")
    assert "ร้อยละที่หนี้ค้างลดลง · คลิกแท่ง" in (await follow(browser, LAMPANG)).text


async def test_definitions_and_assumptions_stand_with_the_figures(browser: httpx2.AsyncClient) -> None:
    text = (await sign_in(browser, "chief")).text
    for kpi_id in ("K01", "K01b", "K01c", "K02", "K06", "K07", "K08", "K10", "K14", "K17", "K20", "K21"):
        assert f'id="definition-{kpi_id}"' in text
    assert "ไม่พบสูตรทางการ" in text


@pytest.mark.parametrize("chart", ["waterfall", "trend", "ranking"])
async def test_charts_have_still_pictures(browser: httpx2.AsyncClient, chart: str) -> None:
    text = (await sign_in(browser, "chief")).text
    found = re.search(rf'src="(/dashboard/charts/2566/52/{chart}\.svg[^"]+)"', text)
    assert found is not None
    picture = await browser.get(found[1].replace("&amp;", "&"))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")
    assert "sandbox" in picture.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["charts/2566/TH/trend.svg", "charts/2566/52/pie.svg", "2566/50", "charts", "2400/TH"])
async def test_nothing_else_is_served(browser: httpx2.AsyncClient, path: str) -> None:
    await sign_in(browser, "chief")
    assert (await browser.get(f"/dashboard/{path}")).status_code == 404


async def test_assets_are_kept_for_ever_and_known_by_their_content(browser: httpx2.AsyncClient) -> None:
    text = (await sign_in(browser, "chief")).text
    addresses = re.findall(r'(?:src|href)="(/dashboard/static/[^"]+)"', text)
    assert {urlsplit(address).path.rsplit("/", 1)[1] for address in addresses} == {
        "dashboard.css", "dashboard.js", "icon.svg", "vega.js"
    }  # fmt: skip
    for address in addresses:
        asset = await browser.get(address)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
    assert (await browser.get("/dashboard/static/0000000000000000/dashboard.css")).status_code == 404


async def test_money_is_never_rounded_in_tables(browser: httpx2.AsyncClient, site: Site) -> None:
    text = (await sign_in(browser, "chief")).text
    async with site.database("api") as database, database.read(Reach.of_areas(["52"])) as session:
        kpi = await read_kpi(session, "K01", KpiQuery("52", 2566))
    assert format_baht(parse_baht(str(kpi.denominator)), thousands=True) in text


async def test_version_stays_while_nothing_changes_and_differs_by_area(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "analyst")

    async def version(area: str) -> str:
        answer = await browser.get(f"/dashboard/freshness?fiscal_year_be=2566&area={area}")
        return str(answer.json()["version"])

    before = {area: await version(area) for area in ("TH", "N", "52", "5205", "50")}
    assert len(set(before.values())) == 5
    assert {area: await version(area) for area in before} == before
    place = next(one.cooperative_id for one in site.country.cooperatives if one.district_code == "5204")
    day = date(2023, 6, 15)
    payment = site.country.payment(place, site.country.id("member", place, 1), "later", "cash", day, 1_00)
    await site.hear([Said(payment, 1, day)])
    after = {area: await version(area) for area in before}
    assert {area for area in before if before[area] != after[area]} == {"TH", "N", "52"}


async def test_fault_of_ours_is_a_page_too(browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await sign_in(browser, "chief")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.reporting.dashboard.service.shares_of", broken)
    page = await browser.get(LAMPANG)
    assert page.status_code == 500
    assert page.headers["content-type"].startswith("text/html")
    assert "เกิดข้อผิดพลาดในระบบ" in page.text
    assert page.headers["x-request-id"] in page.text


async def test_a_slash_too_many_leads_home(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "chief", "/dashboard/")
    assert page.url.path == LAMPANG
