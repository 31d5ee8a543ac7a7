"""Goal: no page opens to whoever is not signed in, and none breaks, whatever its address holds.

Method: every page that a service lists, by readers without a session and with sessions that do not hold, and at
addresses full of what no page expects. What a page tells of other places is asked in test_reach.py, with the routes.
"""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from shared.chassis.http.problems import MEDIA_TYPE
from shared.chassis.settings import SERVICES, get_settings
from tests.attacks.belongings import checksums, cooperative_of
from tests.attacks.country import HERE, THERE, YEAR, Country
from tests.attacks.routes import Route, all_pages, all_routes
from tests.attacks.test_every_route import MARK, PARAMETERS, bad_tokens, target_of
from tests.attacks.test_reach import REACH_HERE, questions, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN_PAGES = {
    "/dashboard/sign-in", "/dashboard/callback", "/dashboard/signed-out", "/dashboard/sign-out",
    "/dashboard/static/{digest}/{name}", "/dashboard/{rest}",
}  # fmt: skip
"""The way in and out, files of ours, and where nothing stands: a page that may be open has to be told here."""

OPEN_ROUTES = (
    "/livez", "/readyz", "/metrics", "/{service}/openapi.json", "/{service}/docs", "/{service}/docs/oauth2-redirect",
    "/{service}/docs-static",
)  # fmt: skip
"""What every api answers besides: how it is, and what it can be asked."""

READ_UNDECLARED = ("lang", "state", "code", "iss")
"""What pages take from a query without declaring it: the provider's answer, and the language."""

GOOD = {
    "year": str(YEAR), "path": "TH", "code": "TH", "chart": "trend", "fiscal_year_be": str(YEAR), "area": "TH",
    "rest": "nowhere",
}  # fmt: skip
"""So that what is wrong beside it is reached."""

_COOKIES = ("plodnee_session", "plodnee_sign_in_", "plodnee_language")
_PLACES = ("path", "code", "area")


def pages() -> Iterator[Route]:
    """Every page; without one, nothing here would be shown."""
    found = all_pages()
    assert len(found) > 8
    return iter(found)


async def test_every_address_that_is_served_is_attacked(country: Country) -> None:
    """Whatever an app answers to is a route of its document, a page, or said to be open."""
    attacked = {(route.service, route.method, route.path) for route in (*all_routes(), *all_pages())}
    assert len(attacked) == len(all_routes()) + len(all_pages())
    for service in SERVICES:
        served = {
            (service, method, str(route.path).replace(":path}", "}"))
            for route in iter_route_contexts(country.apps[service].routes)
            for method in set(route.methods or {"whatever"}) - {"HEAD"}
        }
        open_routes = {path.format(service=service) for path in OPEN_ROUTES}
        assert {path for _, _, path in served - attacked} <= open_routes
        assert {one for one in attacked if one[0] == service} <= served


def _sessions(country: Country) -> dict[str, str]:
    """Cookies that sign nobody in."""
    tokens = bad_tokens(country.issuer, "reporting")
    good = country.session_cookie(country.issuer.token(areas=["TH"], scopes=country.scopes))
    name, _, sealed = good.partition(";")[0].partition("=")
    return {
        "no session": "",
        "nonsense": f"{name}={MARK}",
        "altered": f"{name}={sealed[:-4]}AAAA",
        "of another's key": f"{name}={sealed[::-1]}",
        **{f"token {what}": country.session_cookie(token) for what, token in tokens.items()},
    }


def _leads_to_sign_in(answer: httpx2.Response) -> bool:
    if answer.status_code == 401:
        return not answer.content
    where = urlsplit(answer.headers.get("location", ""))
    return (
        answer.status_code == 303
        and (where.netloc, where.path) == ("", "/dashboard/sign-in")
        and set(parse_qs(where.query)) == {"next"}
    )


async def test_every_page_without_a_session_leads_to_sign_in(country: Country) -> None:
    faults, asked = [], 0
    for what, cookie in _sessions(country).items():
        nobody = country.client({"cookie": cookie})
        for page in pages():
            for target in await _addresses(country, page):
                answer = await nobody.request(page.method, target)
                asked += 1
                if answer.status_code >= 500 or not (page.path in OPEN_PAGES or _leads_to_sign_in(answer)):
                    faults.append(f"{what}: {page.method} {target} answered {answer.status_code} {answer.text[:80]}")
                if MARK in answer.text:
                    faults.append(f"{what}: {target} repeats what was sent")
    assert not faults, "\n".join([f"{len(faults)} of {asked}", *faults[:20]])


async def _addresses(country: Country, page: Route) -> list[str]:
    return [page.path] if page.changes_state else (await questions(country, page, HERE))[:8]


async def test_every_page_without_the_scope_is_refused(country: Country) -> None:
    reader = country.caller(areas=["TH"], scopes="loan:read")
    for page in pages():
        for target in await _addresses(country, page):
            if page.path not in OPEN_PAGES:
                assert (await reader.get(target)).status_code == 403, target


async def test_no_page_breaks_whatever_its_address_holds(country: Country) -> None:
    faults, asked = [], 0
    before = await checksums(country.databases["reporting"])
    readers = {"nation": country.caller(areas=["TH"]), "officer": country.caller(**REACH_HERE["officer"])}
    leads_to = {"", urlsplit(get_settings().dashboard_url).netloc, urlsplit(country.issuer.url).netloc}
    for page in pages():
        named = [one.name for one in page.parameters("path") + page.parameters("query")]
        for name in (*named, *READ_UNDECLARED):
            for what, value in PARAMETERS.items():
                target = target_of(page, **{**GOOD, name: value})
                if name not in named:
                    target += ("&" if "?" in target else "?") + f"{name}={value}"
                for reader, client in readers.items():
                    answer = await client.request(page.method, target)
                    asked += 1
                    found = _faults_of(answer, leads_to)
                    faults += [f"{reader} {page} [{name}: {what}] {fault}" for fault in found]
    assert not faults, "\n".join([f"{len(faults)} of {asked}", *faults[:20]])
    assert asked > 500
    assert await checksums(country.databases["reporting"]) == before


def _faults_of(answer: httpx2.Response, leads_to: set[str]) -> list[str]:
    """What is wrong with a page, whatever was asked."""
    found = []
    if answer.status_code >= 500:
        found.append(f"a fault of ours: {answer.status_code}")
    is_nowhere = answer.status_code == 404 and answer.headers["content-type"] == MEDIA_TYPE  # a line feed ends a path
    if answer.status_code >= 400 and not (is_nowhere or answer.headers["content-type"].startswith("text/html")):
        found.append("a refusal that is no page")
    if MARK in answer.text:
        found.append("repeats what was sent")
    if not all(cookie.startswith(_COOKIES) for cookie in answer.headers.get_list("set-cookie")):
        found.append("the answer's headers are the sender's")
    if urlsplit(answer.headers.get("location", "")).netloc not in leads_to:
        found.append(f"leads to {answer.headers['location']}")
    return found


async def test_a_page_of_a_place_out_of_reach_is_one_that_does_not_exist(country: Country) -> None:
    faults, asked = [], 0
    there, nowhere = await cooperative_of(country, THERE), "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    for name, caller in REACH_HERE.items():
        client = country.caller(**caller)
        for page in [page for page in pages() if not page.changes_state]:
            for one in [one for one in page.parameters("path") + page.parameters("query") if one.name in _PLACES]:
                answers = [await client.get(target_of(page, **{**GOOD, one.name: place})) for place in (there, nowhere)]
                asked += 1
                if told(answers[0]) != told(answers[1]):
                    faults.append(f"{name} asks {page} for {one.name}: {[told(answer) for answer in answers]}")
    assert not faults, "\n".join(faults[:20])
    assert asked >= 12
