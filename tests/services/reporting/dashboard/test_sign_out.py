"""Goal: who signs out is out: in his browser, in every copy of its cookies and at the provider, come what may there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import structlog

from services.reporting.dashboard import sign_in as sign_in_module
from services.reporting.dashboard.session import SESSION_COOKIE, Session
from services.reporting.dashboard.sign_in import Provider, SignInFailed, SignInNeeded
from shared.chassis.settings import Settings
from tests.services.reporting.dashboard.site import Site, ended_copy, follow, sign_in

ISSUER, HERE = "https://identity.example", "https://here.example"
PAGE = "/dashboard/2566/TH/N/52"
SESSION = Session("access", "refresh", expires_at=1_000.0, signed_in_at=100.0)

Answer = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


async def test_signing_out_forgets_here_and_at_the_provider(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "chief")
    answer = await browser.post("/dashboard/sign-out", headers={"origin": site.url})
    assert answer.headers["location"].startswith(f"{site.url}/identity/logout?")
    assert SESSION_COOKIE not in browser.cookies
    page = await follow(browser, answer.headers["location"])
    assert "ออกจากระบบแล้ว" in page.text


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_another_site_cannot_sign_a_reader_out(browser: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    await sign_in(browser, "chief")
    assert (await browser.post("/dashboard/sign-out", headers=headers)).status_code == 403
    assert SESSION_COOKIE in browser.cookies


async def seen_with(site: Site, cookies: dict[str, str]) -> httpx2.Response:
    """What a browser with these cookies is shown."""
    async with httpx2.AsyncClient(base_url=site.url, cookies=cookies, timeout=30) as browser:
        return await browser.get(PAGE)


async def test_copy_of_the_cookies_is_not_renewed_after_signing_out(browser: httpx2.AsyncClient, site: Site) -> None:
    await sign_in(browser, "chief")
    copy = ended_copy(site, dict(browser.cookies))
    renewed = await seen_with(site, copy)
    assert renewed.status_code == 200
    renewed_copy = ended_copy(site, dict(renewed.cookies))
    await browser.post("/dashboard/sign-out", headers={"origin": site.url})
    for cookies in (copy, renewed_copy):
        shown = await seen_with(site, cookies)
        assert (shown.status_code, shown.headers["location"].split("?")[0]) == (303, "/dashboard/sign-in")


async def test_provider_that_cannot_be_told_keeps_nobody_signed_in(
    browser: httpx2.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(browser, "chief")

    async def away(_provider: Provider, _endpoint: str, _url: str, _form: object) -> tuple[int, bytes]:
        raise SignInFailed("sign_in_provider")

    monkeypatch.setattr(Provider, "_exchange", away)
    answer = await browser.post("/dashboard/sign-out", headers={"origin": site.url})
    assert answer.status_code == 303
    assert SESSION_COOKIE not in browser.cookies


def provider_of(settings: Settings, answer: Answer, **endpoints: str) -> Provider:
    """A provider with these endpoints, of which each but discovery answers as the test says."""

    async def answer_all(request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("openid-configuration"):
            return await answer(request)
        document = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token"}
        return httpx2.Response(200, json={**document, **endpoints})

    here = settings.model_copy(update={"issuer": ISSUER, "dashboard_url": HERE})
    return Provider(here, httpx2.AsyncClient(transport=httpx2.MockTransport(answer_all)), clock=lambda: 950.0)


async def test_refresh_token_is_revoked_as_the_client_that_got_it(settings: Settings) -> None:
    asked = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((str(request.url), parse_qs(request.content.decode())))
        return httpx2.Response(200)  # RFC 7009, 2.2: the answer has no body

    revoking = provider_of(settings, answer, revocation_endpoint=f"{ISSUER}/revoke", end_session_endpoint=f"{ISSUER}/x")
    with structlog.testing.capture_logs() as logged:
        assert (await revoking.end(SESSION)).startswith(f"{ISSUER}/x?")
    form = {"token": ["refresh"], "token_type_hint": ["refresh_token"], "client_id": [settings.dashboard_client_id]}
    assert (asked, logged) == ([(f"{ISSUER}/revoke", form)], [])


@pytest.mark.parametrize(
    ("session", "endpoints"),
    [
        (SESSION, {}),
        (None, {"revocation_endpoint": f"{ISSUER}/revoke"}),
        (Session("access", None, 1_000.0, 100.0), {"revocation_endpoint": f"{ISSUER}/revoke"}),
    ],
)
async def test_nothing_to_revoke_asks_nobody(
    settings: Settings, session: Session | None, endpoints: dict[str, str]
) -> None:
    async def answer(_request: httpx2.Request) -> httpx2.Response:
        raise AssertionError("nobody may be asked")

    assert await provider_of(settings, answer, **endpoints).end(session) == f"{HERE}/dashboard/signed-out"


async def refused(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(400, json={"error": "unsupported_token_type"})


async def faulty(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(503)


async def away(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("away", request=request)


async def silent(_request: httpx2.Request) -> httpx2.Response:
    return await asyncio.Future()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused, {"reason": "refused", "status": 400}),
        (faulty, {"reason": "sign_in_provider"}),
        (away, {"reason": "sign_in_provider"}),
        (silent, {"reason": "sign_in_provider"}),
    ],
)
async def test_failed_revocation_is_logged_and_leads_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: Answer, said: dict[str, Any]
) -> None:
    monkeypatch.setattr(sign_in_module, "_REQUEST_SECONDS_MAX", 0.2)
    provider = provider_of(settings, answer, revocation_endpoint=f"{ISSUER}/revoke")
    async with asyncio.timeout(20):
        with structlog.testing.capture_logs() as logged:
            assert await provider.end(SESSION) == f"{HERE}/dashboard/signed-out"
    assert logged == [{"event": "refresh_token_not_revoked", "log_level": "warning", **said}]


async def test_renewed_session_is_forgotten_by_the_process_too(settings: Settings) -> None:
    revoked = False

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal revoked
        if request.url.path == "/revoke":
            revoked = True
            return httpx2.Response(200)
        tokens = {"access_token": "new", "refresh_token": "newer", "expires_in": 600}
        return httpx2.Response(400, json={"error": "invalid_grant"}) if revoked else httpx2.Response(200, json=tokens)

    for signed_out in ("the copied session", "the renewed one"):
        revoked = False
        provider = provider_of(settings, answer, revocation_endpoint=f"{ISSUER}/revoke")
        copied = Session("access", "refresh", expires_at=940.0, signed_in_at=100.0)
        renewed = await provider.current(copied)
        await provider.end(copied if signed_out == "the copied session" else renewed)
        with pytest.raises(SignInNeeded):
            await provider.current(copied)
