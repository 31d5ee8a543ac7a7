"""Goal: only who began a sign-in ends it, a session stays the reader's own, and every failure is a page in words."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.responses import Response

from services.reporting.dashboard.session import (
    ATTEMPT_COOKIE_PREFIX,
    SESSION_COOKIE,
    SESSION_SECONDS_MAX,
    Attempt,
    Cookies,
    Session,
    SessionTooLarge,
)
from services.reporting.dashboard.sign_in import (
    RENEW_BEFORE_SECONDS,
    Provider,
    SignInFailed,
    SignInNeeded,
    local_path,
)
from shared.chassis.auth.tokens import Claims, TokenVerifier, invalid_token
from shared.chassis.settings import Settings
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, personas
from shared.embedded.identity.tokens import Issuer
from tests.services.reporting.dashboard.site import Site, carried, follow, reader_of, sign_in

KEY = bytes(range(32))
SESSION = Session("access", "refresh", expires_at=1_000.0, signed_in_at=100.0)


async def begun(browser: httpx2.AsyncClient, next_path: str = "/dashboard") -> dict[str, list[str]]:
    """Begin a sign-in and return what the provider is asked."""
    answer = await browser.get("/dashboard/sign-in", params={"next": next_path})
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def answered(browser: httpx2.AsyncClient, site: Site, persona: str = "chief") -> str:
    """Press a persona's button and return where the provider sends the browser, without going there."""
    page = await follow(browser, "/dashboard")
    sealed = page.text.split('name="request" value="', 1)[1].split('"', 1)[0]
    sent = await browser.post(f"{site.url}/identity/login", data={"request": sealed, "persona": persona})
    return str(sent.headers["location"])


async def test_nobody_is_led_to_the_provider_with_pkce(browser: httpx2.AsyncClient) -> None:
    front = await browser.get("/dashboard/2566/TH?programme=A")
    assert front.headers["location"] == "/dashboard/sign-in?next=%2Fdashboard%2F2566%2FTH%3Fprogramme%3DA"
    asked = await begun(browser)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert asked["state"] != asked["nonce"]


async def test_sign_in_returns_to_the_page_that_was_asked_for(browser: httpx2.AsyncClient) -> None:
    page = await sign_in(browser, "chief", "/dashboard/2566/TH/N/52/5201?programme=A")
    assert page.status_code == 200
    assert str(page.url).endswith("/dashboard/2566/TH/N/52/5201?programme=A")


async def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx2.AsyncClient, site: Site
) -> None:
    answer = await browser.get(await answered(browser, site))
    kept = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{SESSION_COOKIE}=")]
    assert len(kept) == 1
    attributes = {part.strip().lower() for part in kept[0].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/dashboard"} <= attributes
    assert "secure" not in attributes  # this site has no https
    assert "eyJ" not in kept[0]


def test_session_cookie_is_secure_where_the_dashboard_has_https() -> None:
    response = Response()
    Cookies(KEY, secure=True).set_session(response, SESSION, now=100.0)
    assert all("Secure" in line for line in response.headers.getlist("set-cookie"))


async def test_answer_is_taken_from_the_browser_that_began_alone(site: Site) -> None:
    async with reader_of(site) as victim, reader_of(site) as attacker:
        stolen = await answered(attacker, site)
        page = await victim.get(stolen)
        assert page.status_code == 400
        assert "เข้าสู่ระบบไม่สำเร็จ" in page.text
        assert SESSION_COOKIE not in victim.cookies


async def test_answer_works_once(browser: httpx2.AsyncClient, site: Site) -> None:
    address = await answered(browser, site)
    assert (await browser.get(address)).status_code == 303
    again = await browser.get(address)
    assert again.status_code == 400
    assert again.headers["content-type"].startswith("text/html")


async def test_answer_of_another_issuer_is_refused(browser: httpx2.AsyncClient) -> None:
    asked = await begun(browser)
    page = await browser.get(
        "/dashboard/callback", params={"state": asked["state"][0], "code": "x", "iss": "https://evil.example"}
    )
    assert (page.status_code, "ใช้ไม่ได้ในระบบนี้" in page.text) == (400, True)


async def test_refusal_of_the_provider_is_a_page(browser: httpx2.AsyncClient) -> None:
    asked = await begun(browser)
    page = await browser.get("/dashboard/callback", params={"state": asked["state"][0], "error": "access_denied"})
    assert page.status_code == 403
    assert "ผู้ให้บริการยืนยันตัวตนไม่อนุญาต" in page.text


async def test_token_that_is_not_for_us_is_a_page_and_no_way_round_and_round(
    browser: httpx2.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await answered(browser, site)

    async def refused(_verifier: TokenVerifier, _token: str) -> Claims:
        raise invalid_token()

    monkeypatch.setattr(TokenVerifier, "claims", refused)
    page = await browser.get(address)
    assert (page.status_code, "ใช้ไม่ได้ในระบบนี้" in page.text) == (400, True)
    assert SESSION_COOKIE not in browser.cookies


async def test_renewed_session_that_no_browser_keeps_costs_no_page(
    browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(browser, "chief")

    async def renewed(_provider: Provider, session: Session) -> Session:
        return replace(session)

    def too_large(*_: object) -> None:
        raise SessionTooLarge

    monkeypatch.setattr(Provider, "current", renewed)
    monkeypatch.setattr(Cookies, "set_session", too_large)
    page = await browser.get("/dashboard/2566/TH/N/52")
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")


async def test_two_tabs_can_sign_in_at_once(browser: httpx2.AsyncClient) -> None:
    first, second = await begun(browser), await begun(browser)
    kept = [cookie for cookie in browser.cookies if cookie.startswith(ATTEMPT_COOKIE_PREFIX)]
    assert len(kept) == 2
    assert first["state"] != second["state"]


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/dashboard", "//evil.example", "/dashboard//evil.example", "/\\evil.example", "/identity",
        "/dashboardevil", "javascript:alert(1)", "/dashboard\r\nset-cookie: a=b", "",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(path: str) -> None:
    assert local_path(path) == "/dashboard"


async def test_cookie_that_was_altered_is_no_session(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "chief")
    sealed = browser.cookies[SESSION_COOKIE]
    browser.cookies.set(SESSION_COOKIE, sealed[:-4] + ("AAAA" if sealed[-4:] != "AAAA" else "BBBB"), path="/dashboard")
    async with httpx2.AsyncClient(base_url=browser.base_url, cookies={SESSION_COOKIE: sealed[:-4] + "AAAA"}) as other:
        answer = await other.get("/dashboard/2566/TH/N/52")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/dashboard/sign-in")


async def test_reader_without_the_right_gets_a_page(site: Site) -> None:
    issuer = Issuer(site.state, site.settings.issuer)
    token = issuer.access_token(personas("52")["chief"], DASHBOARD_CLIENT_ID, ("loan:read",))
    response = Response()
    now = time.time()
    cookies = Cookies(site.settings.key_bytes("session_key"), secure=False)
    cookies.set_session(response, Session(token, None, now + 900, now), now)
    sealed = response.headers.getlist("set-cookie")[0].split(";")[0].split("=", 1)[1]
    async with httpx2.AsyncClient(base_url=site.url, cookies={SESSION_COOKIE: sealed}) as browser:
        page = await browser.get("/dashboard/2566/TH/N/52")
    assert page.status_code == 403
    assert "report:read" in page.text
    assert page.headers["content-type"].startswith("text/html")


async def test_freshness_of_nobody_is_told_as_401(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/dashboard/freshness?fiscal_year_be=2566&area=52")
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("characters", [10, 3_000, 9_000])
def test_tokens_of_any_length_survive_the_cookies(characters: int) -> None:
    cookies = Cookies(KEY, secure=False)
    token = "".join(f"{number:x}" for number in range(characters))[:characters]
    session = Session(token, token[::-1], 1_000.0, 100.0)
    response = Response()
    cookies.set_session(response, session, now=100.0)
    assert cookies.session(carried(response), now=200.0) == session
    assert all(len(value) < 3_800 for value in carried(response).values())


def test_a_shorter_session_is_read_without_the_rest_of_a_longer_one() -> None:
    cookies, response = Cookies(KEY, secure=False), Response()
    longer = Session("".join(f"{number:x}" for number in range(9_000))[:9_000], None, 1_000.0, 100.0)
    cookies.set_session(response, longer, now=100.0)
    browser = carried(response)
    assert len(browser) > 1
    response = Response()
    cookies.set_session(response, SESSION, now=100.0)
    browser |= carried(response)
    for line in response.headers.getlist("set-cookie"):
        if "Max-Age=0" in line:
            del browser[line.split("=", 1)[0]]
    assert cookies.session(browser, now=200.0) == SESSION


def test_tokens_beyond_every_browser_are_refused() -> None:
    # Letters of a linear congruential sequence: nothing in them repeats, so nothing can be packed.
    number, token = 1, ""
    while len(token) < 40_000:
        number = (number * 6364136223846793005 + 1442695040888963407) % 2**64
        token += f"{number >> 16:x}"
    with pytest.raises(SessionTooLarge):
        Cookies(KEY, secure=False).set_session(Response(), Session(token, None, 1_000.0, 100.0), now=100.0)


def test_session_ends_with_the_working_day() -> None:
    cookies, response = Cookies(KEY, secure=False), Response()
    cookies.set_session(response, SESSION, now=100.0)
    assert cookies.session(carried(response), now=100.0 + SESSION_SECONDS_MAX - 1) == SESSION
    assert cookies.session(carried(response), now=100.0 + SESSION_SECONDS_MAX) is None


def test_session_of_another_key_is_none() -> None:
    response = Response()
    Cookies(KEY, secure=False).set_session(response, SESSION, now=100.0)
    assert Cookies(KEY[::-1], secure=False).session(carried(response), now=100.0) is None


Answer = Callable[[httpx2.Request], httpx2.Response]


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def provider_of(settings: Settings, token_answer: Answer, clock: Clock) -> Provider:
    """A provider whose token endpoint answers as the test says."""
    here = settings.model_copy(update={"issuer": "https://identity.example", "dashboard_url": "https://here.example"})

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("openid-configuration"):
            document = {
                "issuer": here.issuer,
                "authorization_endpoint": f"{here.issuer}/authorize",
                "token_endpoint": f"{here.issuer}/token",
            }
            return httpx2.Response(200, json=document)
        return token_answer(request)

    return Provider(here, httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), clock)


def tokens(**changed: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": "new", "refresh_token": "newer", "expires_in": 600, **changed})


async def test_session_is_renewed_once_for_all_requests_of_a_page(settings: Settings) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return tokens()

    clock = Clock(SESSION.expires_at - RENEW_BEFORE_SECONDS + 1)
    provider = provider_of(settings, answer, clock)
    found = await asyncio.gather(*(provider.current(SESSION) for _ in range(5)))
    found.append(await provider.current(SESSION))
    assert len(asked) == 1
    assert {session.access_token for session in found} == {"new"}
    assert {session.refresh_token for session in found} == {"newer"}
    assert {session.signed_in_at for session in found} == {SESSION.signed_in_at}


async def test_each_reader_gets_his_own_renewed_session(settings: Settings) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        [refresh_token] = parse_qs(request.content.decode())["refresh_token"]
        return tokens(access_token=f"of {refresh_token}")

    provider = provider_of(settings, answer, Clock(SESSION.expires_at - 1))
    readers = [replace(SESSION, refresh_token=name) for name in ("first", "second")]
    for found in (
        await asyncio.gather(*map(provider.current, readers)),
        [await provider.current(one) for one in readers],
    ):
        assert [session.access_token for session in found] == ["of first", "of second"]


async def test_session_that_holds_is_left_alone(settings: Settings) -> None:
    provider = provider_of(settings, lambda _: httpx2.Response(500), Clock(SESSION.expires_at - 600))
    assert await provider.current(SESSION) is SESSION


async def test_failed_renewal_hurts_nobody_while_the_token_holds(settings: Settings) -> None:
    clock = Clock(SESSION.expires_at - 30)
    provider = provider_of(settings, lambda _: httpx2.Response(503), clock)
    assert await provider.current(SESSION) is SESSION
    clock.now = SESSION.expires_at
    with pytest.raises(SignInNeeded):
        await provider.current(SESSION)


async def test_provider_that_is_away_is_told_in_words(settings: Settings) -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away", request=request)

    here = settings.model_copy(update={"issuer": "https://identity.example"})
    provider = Provider(here, httpx2.AsyncClient(transport=httpx2.MockTransport(away)))
    with pytest.raises(SignInFailed) as failed:
        await provider.begin("/dashboard")
    assert failed.value.reason == "sign_in_provider"


async def test_provider_that_does_not_say_where_to_sign_in_is_told_in_words(settings: Settings) -> None:
    here = settings.model_copy(update={"issuer": "https://identity.example"})
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"issuer": here.issuer}))
    with pytest.raises(SignInFailed) as failed:
        await Provider(here, httpx2.AsyncClient(transport=answer)).begin("/dashboard")
    assert failed.value.reason == "sign_in_token"


async def test_answer_to_another_attempt_asks_for_no_token(settings: Settings) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return tokens()

    provider = provider_of(settings, answer, Clock(0.0))
    mine = Attempt("state", "nonce", "v" * 64, "/dashboard")
    for attempt, found in ((mine, {"state": "other", "code": "c"}), (mine, {"code": "c"}), (None, {"state": "state"})):
        with pytest.raises(SignInFailed) as failed:
            await provider.finish(attempt, found)
        assert failed.value.reason == "sign_in_expired"
    assert asked == []


@pytest.mark.parametrize("id_token", [None, "not.a.token", 7])
async def test_answer_without_a_good_identity_token_is_refused(settings: Settings, id_token: object) -> None:
    provider = provider_of(settings, lambda _: tokens(id_token=id_token), Clock(0.0))
    with pytest.raises(SignInFailed) as failed:
        await provider.finish(Attempt("state", "nonce", "v" * 64, "/dashboard"), {"state": "state", "code": "c"})
    assert failed.value.reason in ("sign_in_token", "sign_in_provider")


async def test_identity_token_of_another_attempt_is_refused(site: Site) -> None:
    async with reader_of(site) as browser:
        address = await answered(browser, site)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    provider = Provider(site.settings)
    attempt = Attempt(answer["state"], "another nonce", "v" * 64, "/dashboard")
    with pytest.raises(SignInFailed):
        await provider.finish(attempt, answer)
    issuer = Issuer(site.state, site.settings.issuer)
    mine = issuer.identity_token(personas("52")["chief"], DASHBOARD_CLIENT_ID, "nonce")
    await provider._check_identity(mine, "nonce")
    # Signed by the very key of ours, as one of several providers that share a key would.
    elsewhere = Issuer(site.state, f"{site.settings.issuer}/elsewhere")
    for token, nonce in (
        (mine, "other"),
        (elsewhere.identity_token(personas("52")["chief"], DASHBOARD_CLIENT_ID, "nonce"), "nonce"),
        (issuer.identity_token(personas("52")["chief"], "plodnee-story", "nonce"), "nonce"),
        (issuer.access_token(personas("52")["chief"], DASHBOARD_CLIENT_ID, ()), "nonce"),
    ):
        with pytest.raises(SignInFailed):
            await provider._check_identity(token, nonce)
    await provider.close()
