"""Goal: a real Keycloak imports the realm, and its tokens carry what the services read, for every persona and client.

Needs an unpacked Keycloak (Maven: org.keycloak:keycloak-quarkus-dist, zip) and Java; PLODNEE_TEST_KEYCLOAK_HOME names
its folder. Keycloak takes about a minute to start.
"""

import base64
import hashlib
import html
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shared.chassis.auth.caller import areas_reach
from shared.chassis.auth.jwks import JwksCache
from shared.chassis.auth.tokens import TokenVerifier
from shared.chassis.reach import Reach
from shared.chassis.settings import Settings
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, ROLE_SCOPES, personas, systems
from shared.embedded.java import find_java
from shared.embedded.state import free_port
from tests.deploy.compose import ROOT, compose_document, interpolated

HOME = os.environ.get("PLODNEE_TEST_KEYCLOAK_HOME", "")
START_SECONDS_MAX = 240
PROVINCE = "52"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(START_SECONDS_MAX + 120),
    pytest.mark.skipif(not HOME, reason="not run: set PLODNEE_TEST_KEYCLOAK_HOME to an unpacked Keycloak"),
]

VALUES = {
    "PLODNEE_SIGN_IN_URL": "",
    "PLODNEE_DASHBOARD_URL": "http://127.0.0.1:8005",
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
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the realm at a Keycloak of this module's own, with the settings of docker-compose.yml."""
    home = tmp_path_factory.mktemp("keycloak") / "home"
    shutil.copytree(HOME, home, symlinks=True, ignore=shutil.ignore_patterns("data"))
    (home / "data" / "import").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "keycloak" / "realm.json", home / "data" / "import" / "plodnee-realm.json")
    port, management_port = free_port(), free_port()
    service = interpolated(
        compose_document()["services"]["keycloak"], {**VALUES, "PLODNEE_SIGN_IN_URL": f"http://127.0.0.1:{port}"}
    )
    own = {name: value for name, value in service["environment"].items() if not name.startswith("KC_DB")}
    environment = {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(find_java().home),
        "JAVA_OPTS": "-Xms256m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8",
        **own,
        "KC_DB": "dev-mem",
        "KC_HTTP_PORT": str(port),
        "KC_HTTP_MANAGEMENT_PORT": str(management_port),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / "kc.sh"), *service["command"]],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, management_port, home / "log")
        yield f"http://127.0.0.1:{port}/realms/plodnee"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)  # kc.sh stays as the parent of Java: the group holds both
        process.wait(60)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"Keycloak did not start: {log.read_text()[-2000:]}")


async def verified(issuer: str, token: str) -> dict[str, Any]:
    """The claims, as every service finds them good."""
    settings = Settings(issuer=issuer)
    return dict(await TokenVerifier(JwksCache(settings), issuer, "plodnee-debt").claims(token))


def sign_in(issuer: str, user: str, password: str) -> httpx2.Response:
    """Sign in through the login page, as a browser does, by authorization code with PKCE; the token's answer."""
    verifier, redirect = secrets.token_urlsafe(48), "http://127.0.0.1:8005/signed-in"
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
        found = re.search(r'action="([^"]+)"', page.text)
        assert found, page.text
        # The login's cookies are Secure even on plain loopback, and a client library holds them back there.
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies.jar)
        form = {"username": user, "password": password}
        answer = client.post(html.unescape(found[1]), data=form, headers={"cookie": cookies})
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
async def test_a_person_signs_in_with_the_rights_and_the_reach_of_the_role(issuer: str, name: str) -> None:
    person = personas(PROVINCE)[name]
    answer = sign_in(issuer, name, VALUES["PLODNEE_PERSONA_PASSWORD"])
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


def test_a_person_cannot_ask_for_a_right_of_another_role(issuer: str) -> None:
    """`plan:approve` is a default scope of the dashboard's client, and still no officer gets it."""
    answer = sign_in(issuer, "officer", VALUES["PLODNEE_PERSONA_PASSWORD"]).json()
    assert "plan:approve" in ROLE_SCOPES["manager"]
    assert "plan:approve" not in answer["scope"].split()
