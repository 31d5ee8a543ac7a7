"""Goal: the development identity provider gives tokens to whoever follows the protocol, and to nobody else."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.applications import Starlette
from starlette.routing import Mount

from shared.chassis.auth.caller import areas_reach
from shared.chassis.auth.jwks import usable_keys
from shared.chassis.auth.tokens import TokenVerifier
from shared.chassis.http.problems import Unauthenticated
from shared.chassis.reach import Reach
from shared.chassis.settings import SERVICES
from shared.embedded.errors import UnsafeEnvironment
from shared.embedded.identity import create_identity_app
from shared.embedded.identity.client import SignInFailed, refresh, sign_in, sign_in_system
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, ROLE_SCOPES, personas
from shared.embedded.identity.requests import is_loopback
from shared.embedded.secret_store import client_secret_name, load_secrets
from shared.embedded.state import StateFolder

ORIGIN = "http://127.0.0.1:8000"
ISSUER = f"{ORIGIN}/identity"
CALLBACK = "http://127.0.0.1:8000/dashboard/callback"
VERIFIER = "v" * 64


def _browser(state: StateFolder, origin: str = ORIGIN) -> httpx2.AsyncClient:
    app = Starlette(routes=[Mount("/identity", create_identity_app(state, issuer=ISSUER, province="52"))])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=origin)


@pytest.fixture
async def browser(state: StateFolder) -> AsyncIterator[httpx2.AsyncClient]:
    async with _browser(state) as client:
        yield client


def _asked(**changed: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": DASHBOARD_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {**asked, **changed}


async def _login_form(browser: httpx2.AsyncClient, **changed: str) -> dict[str, str]:
    page = await browser.get(f"{ISSUER}/authorize", params=_asked(**changed))
    assert page.status_code == 200, page.text
    sealed = re.search(r'name="request" value="([^"]+)"', page.text)
    assert sealed is not None
    return {"request": sealed[1], "persona": "officer"}


async def _code(browser: httpx2.AsyncClient) -> str:
    answer = await browser.post(f"{ISSUER}/login", data=await _login_form(browser))
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def _exchange(browser: httpx2.AsyncClient, good_code: str, **changed: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": DASHBOARD_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "code": good_code,
        "code_verifier": VERIFIER,
    }
    return await browser.post(f"{ISSUER}/token", data={**form, **changed})


async def _claims(browser: httpx2.AsyncClient, token: str, audience: str = "plodnee-debt") -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict((await browser.get(f"{ISSUER}/jwks")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=ISSUER))


async def test_discovery_names_endpoints_under_the_issuer(browser: httpx2.AsyncClient) -> None:
    document = (await browser.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert document["issuer"] == ISSUER
    assert document["code_challenge_methods_supported"] == ["S256"]
    endpoints = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert all(endpoint.startswith(f"{ISSUER}/") for endpoint in endpoints)


async def test_jwks_shows_no_private_part(browser: httpx2.AsyncClient) -> None:
    (key,) = (await browser.get(f"{ISSUER}/jwks")).json()["keys"]
    assert key["kty"] == "RSA"
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


@pytest.mark.parametrize("persona", sorted(personas("52")))
async def test_sign_in_gives_the_persona_its_scopes_and_reach(browser: httpx2.AsyncClient, persona: str) -> None:
    tokens = await sign_in(browser, ISSUER, persona)
    claims = await _claims(browser, tokens.access_token)
    principal = personas("52")[persona]
    assert claims["sub"] == persona
    assert set(claims["scope"].split()) == set(ROLE_SCOPES[principal.role])
    assert claims["roles"] == [principal.role]
    assert claims.get("areas") == (None if principal.areas is None else list(principal.areas))
    assert claims["azp"] == claims["client_id"] == "plodnee-story"


async def test_personas_can_sign_in_at_once_through_one_client(browser: httpx2.AsyncClient) -> None:
    names = [*personas("52"), *personas("52")]
    tokens = await asyncio.gather(*(sign_in(browser, ISSUER, name) for name in names))
    assert [(await _claims(browser, token.access_token))["sub"] for token in tokens] == names


async def test_services_accept_the_tokens_and_read_reach_and_scopes_from_them(browser: httpx2.AsyncClient) -> None:
    keys = usable_keys((await browser.get(f"{ISSUER}/jwks")).json())

    class Known:
        async def key(self, key_id: str) -> jwt.PyJWK:
            return keys[key_id]

    tokens = await sign_in(browser, ISSUER, "chief")
    for service in SERVICES:
        claims = await TokenVerifier(Known(), ISSUER, f"plodnee-{service}").claims(tokens.access_token)
        assert areas_reach(claims) == Reach(provinces=frozenset({"52"}))
    officer = await sign_in(browser, ISSUER, "officer")
    assert areas_reach(await TokenVerifier(Known(), ISSUER, "plodnee-debt").claims(officer.access_token)) is None
    with pytest.raises(Unauthenticated):  # an ID token is for the client, not for a service
        await TokenVerifier(Known(), ISSUER, "plodnee-debt").claims(str(tokens.id_token))


async def test_officers_tokens_have_no_areas_claim_so_that_assignments_decide(browser: httpx2.AsyncClient) -> None:
    for persona in ("officer", "manager", "coach"):
        tokens = await sign_in(browser, ISSUER, persona)
        assert "areas" not in await _claims(browser, tokens.access_token)


async def test_identity_token_is_for_the_client_and_carries_the_nonce(browser: httpx2.AsyncClient) -> None:
    answer = (await _exchange(browser, await _code(browser))).json()
    claims = await _claims(browser, answer["id_token"], audience=DASHBOARD_CLIENT_ID)
    assert (claims["sub"], claims["nonce"]) == ("officer", "n-1")


async def test_narrower_scopes_are_granted_when_asked_for(browser: httpx2.AsyncClient) -> None:
    tokens = await sign_in(browser, ISSUER, "officer", scope="openid case:read plan:approve")
    assert tokens.scope == "case:read"  # an officer may not approve, whoever asks


async def test_wrong_verifier_is_refused_and_uses_up_the_code(browser: httpx2.AsyncClient) -> None:
    code = await _code(browser)
    refused = await _exchange(browser, code, code_verifier="w" * 64)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await _exchange(browser, code)).json()["error"] == "invalid_grant"


async def test_missing_verifier_is_refused(browser: httpx2.AsyncClient) -> None:
    refused = await _exchange(browser, await _code(browser), code_verifier="")
    assert refused.json()["error"] == "invalid_grant"


async def test_code_works_once(browser: httpx2.AsyncClient) -> None:
    code = await _code(browser)
    assert (await _exchange(browser, code)).status_code == 200
    assert (await _exchange(browser, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": "http://127.0.0.1:9/other"}, {"client_id": "plodnee-story"}, {"code": "made.up.code"}]
)
async def test_code_is_bound_to_client_and_redirect(browser: httpx2.AsyncClient, changed: dict[str, str]) -> None:
    refused = await _exchange(browser, await _code(browser), **changed)
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"code_challenge": "short"}],
)
async def test_authorize_without_pkce_s256_goes_back_with_an_error(
    browser: httpx2.AsyncClient, changed: dict[str, str]
) -> None:
    answer = await browser.get(f"{ISSUER}/authorize", params=_asked(**changed))
    fields = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (answer.status_code, fields["error"], fields["state"]) == (303, ["invalid_request"], ["s-1"])


@pytest.mark.parametrize(
    "changed",
    [{"redirect_uri": "https://example.org/callback"}, {"client_id": "unknown"}, {"client_id": "agency-feed"}],
)
async def test_authorize_never_redirects_to_an_unchecked_place(
    browser: httpx2.AsyncClient, changed: dict[str, str]
) -> None:
    answer = await browser.get(f"{ISSUER}/authorize", params=_asked(**changed))
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8000/callback", True),
        ("http://localhost/callback?kept=1", True),
        ("http://[::1]:8000/", True),
        ("https://127.0.0.1/", True),
        ("http://127.0.0.1@example.org/", False),
        ("http://127.0.0.1.example.org/", False),
        ("http://127.0.0.1\\@example.org/", False),
        ("http://example.org\\.localhost/", False),
        ("http://127.0.0.1:port/", False),
        ("http://127.0.0.1/#fragment", False),
        ("javascript:alert(1)//127.0.0.1", False),
        ("//127.0.0.1/", False),
        ("", False),
    ],
)
def test_is_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


async def test_login_form_of_another_browser_is_refused(state: StateFolder, browser: httpx2.AsyncClient) -> None:
    form = await _login_form(browser)
    async with _browser(state) as victim:
        refused = await victim.post(f"{ISSUER}/login", data=form)
    assert (refused.status_code, "location" in refused.headers) == (400, False)


async def test_login_form_from_another_origin_is_refused(browser: httpx2.AsyncClient) -> None:
    form = await _login_form(browser)
    refused = await browser.post(f"{ISSUER}/login", data=form, headers={"Origin": "http://127.0.0.1:9999"})
    assert refused.status_code == 400


async def test_login_page_is_thai_first_lists_every_persona_and_runs_no_scripts(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"{ISSUER}/authorize", params=_asked())
    assert '<html lang="th">' in page.text
    assert all(principal.name_th in page.text for principal in personas("52").values())
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_state_of_the_client_cannot_break_out_of_the_page(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"{ISSUER}/authorize", params=_asked(state='"><script>alert(1)</script>'))
    assert "<script" not in page.text


async def test_foreign_host_name_is_refused(state: StateFolder) -> None:
    async with _browser(state, origin="http://rebound.example.org:8000") as foreign:
        assert (await foreign.get("/identity/jwks")).status_code == 400


async def test_client_credentials_of_a_partner_system(state: StateFolder, browser: httpx2.AsyncClient) -> None:
    for client_id, areas in (("agency-feed", ["TH"]), ("coop-core", ["52"])):
        secret = load_secrets(state)[client_secret_name(client_id)]
        tokens = await sign_in_system(browser, ISSUER, client_id, secret)
        claims = await _claims(browser, tokens.access_token, audience="plodnee-registry")
        assert (claims["sub"], claims["areas"]) == (client_id, areas)
        basic = await browser.post(
            f"{ISSUER}/token", data={"grant_type": "client_credentials"}, auth=httpx2.BasicAuth(client_id, secret)
        )
        assert basic.status_code == 200


async def test_wrong_client_secret_is_refused(browser: httpx2.AsyncClient) -> None:
    for client_id in ("agency-feed", "plodnee-story", "officer"):
        with pytest.raises(SignInFailed, match="invalid_client"):
            await sign_in_system(browser, ISSUER, client_id, "guessed")


async def test_refresh_gives_a_new_access_token_for_the_same_person(browser: httpx2.AsyncClient) -> None:
    first = await sign_in(browser, ISSUER, "chief")
    assert first.refresh_token is not None
    second = await refresh(browser, ISSUER, first.refresh_token)
    claims = await _claims(browser, second.access_token)
    assert (claims["sub"], claims["areas"]) == ("chief", ["52"])
    assert second.access_token != first.access_token
    with pytest.raises(SignInFailed, match="invalid_grant"):
        await refresh(browser, ISSUER, first.refresh_token, client_id=DASHBOARD_CLIENT_ID)


async def _revoke(browser: httpx2.AsyncClient, **form: str) -> httpx2.Response:
    return await browser.post(f"{ISSUER}/revoke", data={"client_id": "plodnee-story", **form})


async def test_revoked_sign_in_is_renewed_no_more_also_after_a_restart(
    state: StateFolder, browser: httpx2.AsyncClient
) -> None:
    first, other = await sign_in(browser, ISSUER, "chief"), await sign_in(browser, ISSUER, "chief")
    second = await refresh(browser, ISSUER, str(first.refresh_token))
    assert (await _revoke(browser, token=str(second.refresh_token))).status_code == 200
    async with _browser(state) as restarted:
        for http in (browser, restarted):
            for tokens in (first, second):
                with pytest.raises(SignInFailed, match="invalid_grant"):
                    await refresh(http, ISSUER, str(tokens.refresh_token))
            await refresh(http, ISSUER, str(other.refresh_token))


async def test_revocation_is_for_the_client_of_the_token(browser: httpx2.AsyncClient) -> None:
    tokens = await sign_in(browser, ISSUER, "chief")
    token = str(tokens.refresh_token)
    unknown = await _revoke(browser, token="made.up.token")  # RFC 7009, 2.2: that token is gone already
    foreign = await _revoke(browser, token=token, client_id=DASHBOARD_CLIENT_ID)
    nobody = await _revoke(browser, token=token, client_id="agency-feed")
    assert [answer.status_code for answer in (unknown, foreign, nobody, await _revoke(browser))] == [200, 200, 401, 400]
    await refresh(browser, ISSUER, token)


async def test_userinfo_needs_an_access_token(browser: httpx2.AsyncClient) -> None:
    tokens = await sign_in(browser, ISSUER, "chief")
    good = await browser.get(f"{ISSUER}/userinfo", headers={"Authorization": f"Bearer {tokens.access_token}"})
    assert good.json()["sub"] == "chief"
    for token in (tokens.id_token, "nonsense", ""):
        refused = await browser.get(f"{ISSUER}/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 401


async def test_tokens_survive_a_restart_of_the_provider(state: StateFolder, browser: httpx2.AsyncClient) -> None:
    tokens = await sign_in(browser, ISSUER, "analyst")
    assert tokens.refresh_token is not None
    async with _browser(state) as restarted:
        assert (await _claims(restarted, tokens.access_token))["sub"] == "analyst"
        await refresh(restarted, ISSUER, tokens.refresh_token)


async def test_logout_leads_back_to_this_machine_only(browser: httpx2.AsyncClient) -> None:
    back = await browser.get(f"{ISSUER}/logout", params={"post_logout_redirect_uri": "http://127.0.0.1:8000/"})
    away = await browser.get(f"{ISSUER}/logout", params={"post_logout_redirect_uri": "https://example.org/"})
    assert (back.status_code, back.headers["location"]) == (303, "http://127.0.0.1:8000/")
    assert (away.status_code, "location" in away.headers) == (200, False)


async def test_large_or_doubled_form_is_refused(browser: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    large = await browser.post(f"{ISSUER}/token", content=b"a=" + b"b" * 40_000, headers=headers)
    doubled = await browser.post(f"{ISSUER}/token", content=b"grant_type=x&grant_type=y", headers=headers)
    assert (large.status_code, doubled.status_code) == (413, 400)


@pytest.mark.parametrize("given", [True, False])
def test_production_is_refused(state: StateFolder, monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
    if not given:
        monkeypatch.setenv("PLODNEE_ENVIRONMENT", "production")
    with pytest.raises(UnsafeEnvironment):
        create_identity_app(state, issuer=ISSUER, environment="production" if given else None)
