"""Goal: a real Keycloak imports the realm, and its tokens carry what the services read, for every persona and client.

`make keycloak` runs these; Keycloak is downloaded once (160 MB, see `keycloak.py`) and takes about a minute to start.
"""

import base64
import hashlib
import html
import re
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest

from shared.chassis.auth.caller import areas_reach
from shared.chassis.auth.jwks import JwksCache
from shared.chassis.auth.tokens import TokenVerifier
from shared.chassis.http.problems import Unauthenticated
from shared.chassis.reach import Reach
from shared.chassis.settings import Settings
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, ROLE_SCOPES, personas, systems
from tests.deploy.keycloak import START_SECONDS_MAX, running_keycloak
from tests.services.reporting.dashboard.country import Country
from tests.services.reporting.dashboard.site import Site, ended_copy, site_at

PROVINCE = "52"

pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.timeout(START_SECONDS_MAX + 240),
]

VALUES = {
    "PLODNEE_PERSONA_PROVINCE": PROVINCE,
    "KEYCLOAK_DATABASE_PASSWORD": "not-used-here",
    **{
        name: secrets.token_urlsafe(18)
        for name in (
            "KEYCLOAK_ADMIN_PASSWORD",
            "PLODNEE_PERSONA_PASSWORD",
            "PLODNEE_AGENCY_FEED_SECRET",
            "PLODNEE_COOP_CORE_SECRET",
        )
    },
}


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    """Where the dashboard will stand: the realm is told before it is imported."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory, listening: socket.socket) -> Iterator[str]:
    """The address of a Keycloak of this module's own."""
    dashboard = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with running_keycloak(tmp_path_factory.mktemp("keycloak"), {**VALUES, "PLODNEE_DASHBOARD_URL": dashboard}) as url:
        yield url


@pytest.fixture(scope="module")
def issuer(keycloak: str) -> str:
    return f"{keycloak}/realms/plodnee"


@pytest.fixture(scope="module")
def redirect(listening: socket.socket) -> str:
    """An address of the dashboard."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}/signed-in"


@pytest.fixture(scope="module")
def dashboard(
    issuer: str, listening: socket.socket, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The real dashboard, with figures behind it, that sends people to this Keycloak."""
    country = Country(share_percent=12)
    with site_at(listening, settings, country, tmp_path_factory.mktemp("site"), "keycloak", issuer=issuer) as site:
        yield site


async def verified(issuer: str, token: str) -> dict[str, Any]:
    """The claims, as every service finds them good."""
    settings = Settings(issuer=issuer)
    return dict(await TokenVerifier(JwksCache(settings), issuer, "plodnee-debt").claims(token))


def fill_in(client: httpx2.Client, page: httpx2.Response, user: str, password: str) -> httpx2.Response:
    """Send Keycloak's login page, as a browser does."""
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    # The login's cookies are Secure even on plain loopback, and a client library holds them back there.
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies.jar)
    form = {"username": user, "password": password}
    return client.post(html.unescape(found[1]), data=form, headers={"cookie": cookies})


def sign_in(issuer: str, redirect: str, user: str, password: str) -> httpx2.Response:
    """Sign in through the login page by authorization code with PKCE; the token's answer."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    with httpx2.Client(timeout=60) as client:
        page = client.get(
            f"{issuer}/protocol/openid-connect/auth",
            params={
                "client_id": DASHBOARD_CLIENT_ID,
                "redirect_uri": redirect,
                "response_type": "code",
                "scope": "openid profile",
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        page.raise_for_status()
        answer = fill_in(client, page, user, password)
        assert answer.status_code == 302, answer.text
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        return client.post(
            f"{issuer}/protocol/openid-connect/token",
            data={
                "grant_type": "authorization_code",
                "client_id": DASHBOARD_CLIENT_ID,
                "redirect_uri": redirect,
                "code": code,
                "code_verifier": verifier,
            },
        )


def machine_token(issuer: str, client_id: str, secret: str) -> httpx2.Response:
    return httpx2.post(
        f"{issuer}/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
        timeout=60,
    )


@pytest.mark.parametrize("name", sorted(personas(PROVINCE)))
async def test_a_person_signs_in_with_the_rights_and_the_reach_of_the_role(
    issuer: str, redirect: str, name: str
) -> None:
    person = personas(PROVINCE)[name]
    answer = sign_in(issuer, redirect, name, VALUES["PLODNEE_PERSONA_PASSWORD"])
    claims = await verified(issuer, answer.json()["access_token"])
    assert set(claims["scope"].split()) - {"openid", "profile"} == set(ROLE_SCOPES[person.role])
    assert claims["roles"] == [person.role]
    assert claims["azp"] == DASHBOARD_CLIENT_ID
    assert claims["name"] == person.name_th
    assert areas_reach(claims) == (None if person.areas is None else Reach.of_areas(list(person.areas)))


@pytest.mark.parametrize("name", sorted(systems(PROVINCE)))
async def test_a_machine_signs_in_with_its_secret(issuer: str, name: str) -> None:
    machine = systems(PROVINCE)[name]
    secret = VALUES[f"PLODNEE_{name.upper().replace('-', '_')}_SECRET"]
    claims = await verified(issuer, machine_token(issuer, name, secret).json()["access_token"])
    assert set(claims["scope"].split()) - {"profile"} == set(machine.scopes)
    assert claims["azp"] == name
    assert areas_reach(claims) == Reach.of_areas(list(machine.areas or ()))


def test_nobody_signs_in_with_the_name_of_a_placeholder(issuer: str) -> None:
    assert machine_token(issuer, "agency-feed", "${PLODNEE_AGENCY_FEED_SECRET}").status_code == 401


def test_a_person_cannot_ask_for_a_right_of_another_role(issuer: str, redirect: str) -> None:
    """`plan:approve` is a default scope of the dashboard's client, and still no officer gets it."""
    answer = sign_in(issuer, redirect, "officer", VALUES["PLODNEE_PERSONA_PASSWORD"]).json()
    assert "plan:approve" in ROLE_SCOPES["manager"]
    assert "plan:approve" not in answer["scope"].split()


def test_a_chief_signs_in_to_the_dashboard_and_sees_his_province(dashboard: Site) -> None:
    with httpx2.Client(timeout=60, follow_redirects=True) as browser:
        login = browser.get(f"{dashboard.url}/dashboard")
        assert login.url.path.startswith("/realms/plodnee/"), login.url
        back = fill_in(browser, login, "chief", VALUES["PLODNEE_PERSONA_PASSWORD"])
        assert back.status_code == 200, back.text
        assert str(back.url).startswith(f"{dashboard.url}/dashboard"), back.url
        assert "ลำปาง" in back.text
        again = browser.get(f"{dashboard.url}/dashboard")
        assert str(again.url).startswith(dashboard.url)
        assert again.status_code == 200


@pytest.mark.parametrize("signs_out", [False, True])
def test_a_copy_of_the_cookies_is_not_renewed_after_signing_out(dashboard: Site, signs_out: bool) -> None:
    with httpx2.Client(timeout=60, follow_redirects=True) as browser:
        fill_in(browser, browser.get(f"{dashboard.url}/dashboard"), "chief", VALUES["PLODNEE_PERSONA_PASSWORD"])
        copy = ended_copy(dashboard, {cookie.name: str(cookie.value) for cookie in browser.cookies.jar})
        if signs_out:
            left = browser.post(f"{dashboard.url}/dashboard/sign-out", follow_redirects=False)
            assert left.headers["location"].startswith(f"{dashboard.settings.issuer}/protocol/openid-connect/logout?")
    shown = httpx2.get(f"{dashboard.url}/dashboard/2566/TH/N/{PROVINCE}", cookies=copy, timeout=60)
    assert shown.status_code == (303 if signs_out else 200)
    assert not signs_out or shown.headers["location"].startswith("/dashboard/sign-in?")


def test_a_wrong_password_leads_nowhere(dashboard: Site) -> None:
    with httpx2.Client(timeout=60, follow_redirects=True) as browser:
        login = browser.get(f"{dashboard.url}/dashboard")
        refused = fill_in(browser, login, "chief", "not-the-password")
        assert not str(refused.url).startswith(dashboard.url)
        front = httpx2.get(f"{dashboard.url}/dashboard", follow_redirects=False)
        assert front.status_code == 303


async def test_a_token_of_a_new_key_is_taken_and_one_of_a_removed_key_is_not(issuer: str, keycloak: str) -> None:
    """The last of all: the realm's keys are others afterwards. No service is told; each finds out by the key's id."""
    moment = 0.0
    settings = Settings(issuer=issuer)
    keys = JwksCache(settings, clock=lambda: moment)
    verifier = TokenVerifier(keys, issuer, "plodnee-debt", clock=lambda: time.time() + moment)
    secret = VALUES["PLODNEE_AGENCY_FEED_SECRET"]

    def token() -> str:
        return str(machine_token(issuer, "agency-feed", secret).json()["access_token"])

    def key_of(text: str) -> str:
        return str(jwt.get_unverified_header(text)["kid"])

    old = token()
    await verifier.claims(old)
    with httpx2.Client(base_url=keycloak, timeout=60, headers=admin_headers(keycloak)) as admin:
        realm = admin.get("/admin/realms/plodnee").json()["id"]
        added = admin.post("/admin/realms/plodnee/components", json=key_provider(realm))
        assert added.status_code == 201, added.text
        new = token()
        assert key_of(new) != key_of(old)
        moment += settings.jwks_reload_pause_seconds + 1
        assert (await verifier.claims(new))["azp"] == "agency-feed"
        assert (await verifier.claims(old))["azp"] == "agency-feed"
        provider = provider_of(admin, key_of(old))
        removed = admin.delete(f"/admin/realms/plodnee/components/{provider}")
        assert removed.status_code == 204, removed.text
    moment += settings.jwks_ttl_seconds + 1
    assert (await verifier.claims(new))["azp"] == "agency-feed"
    with pytest.raises(Unauthenticated):
        await verifier.claims(old)


def admin_headers(keycloak: str) -> dict[str, str]:
    answer = httpx2.post(
        f"{keycloak}/realms/master/protocol/openid-connect/token",
        data={
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": "admin",
            "password": VALUES["KEYCLOAK_ADMIN_PASSWORD"],
        },
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def provider_of(admin: httpx2.Client, key_id: str) -> str:
    """The component that made a key."""
    keys = admin.get("/admin/realms/plodnee/keys").json()["keys"]
    return next(str(key["providerId"]) for key in keys if key["kid"] == key_id)


def key_provider(realm: str) -> dict[str, Any]:
    """A signing key that comes before the others."""
    return {
        "name": "rotated",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "parentId": realm,
        "config": {"priority": ["500"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]},
    }
