"""Goal: the realm that Keycloak imports knows the same roles, rights and people as the services, and no secret.

Holding it against a real Keycloak is `test_keycloak.py`.
"""

import json
import re
from typing import Any

import pytest

from shared.chassis.settings import SERVICES
from shared.embedded.identity.personas import ROLE_SCOPES, personas, systems
from tests.deploy.compose import ROOT, compose_document

REALM_PATH = ROOT / "deploy" / "keycloak" / "realm.json"


@pytest.fixture(scope="module")
def realm() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(REALM_PATH.read_text(encoding="utf-8"))
    return document


def test_roles_and_rights_are_those_of_the_development_provider(realm: dict[str, Any]) -> None:
    assert {role["name"] for role in realm["roles"]["realm"]} == ROLE_SCOPES.keys()
    granted = {row["clientScope"]: set(row["roles"]) for row in realm["scopeMappings"]}
    for right in {right for rights in ROLE_SCOPES.values() for right in rights}:
        assert granted[right] == {role for role, rights in ROLE_SCOPES.items() if right in rights}


def test_every_right_is_mapped_to_roles(realm: dict[str, Any]) -> None:
    """A client scope without a role is given to everybody who asks."""
    open_to_all = {"plodnee", "profile"}
    mapped = {row["clientScope"] for row in realm["scopeMappings"] if row["roles"]}
    assert {scope["name"] for scope in realm["clientScopes"]} == mapped | open_to_all


def test_tokens_name_every_service_as_audience(realm: dict[str, Any]) -> None:
    common = next(scope for scope in realm["clientScopes"] if scope["name"] == "plodnee")
    audiences = {row["config"].get("included.custom.audience") for row in common["protocolMappers"]} - {None}
    assert audiences == {f"plodnee-{service}" for service in SERVICES}
    for client in realm["clients"]:
        assert "plodnee" in client["defaultClientScopes"]


def test_clients_use_nothing_but_their_own_way_in(realm: dict[str, Any]) -> None:
    for client in realm["clients"]:
        assert client["implicitFlowEnabled"] is False
        assert client["directAccessGrantsEnabled"] is False
        assert client["fullScopeAllowed"] is False
        assert client["standardFlowEnabled"] is not client["serviceAccountsEnabled"]
        if client["publicClient"]:
            assert client["attributes"]["pkce.code.challenge.method"] == "S256"
            assert all("*" not in uri.removesuffix("/*") for uri in client["redirectUris"])


def test_people_and_machines_are_those_of_the_story(realm: dict[str, Any]) -> None:
    province = "${PLODNEE_PERSONA_PROVINCE}"
    users = {user["username"]: user for user in realm["users"]}
    wanted = personas(province) | {f"service-account-{name}": row for name, row in systems(province).items()}
    assert users.keys() == wanted.keys()
    for name, principal in wanted.items():
        assert users[name]["realmRoles"] == [principal.role]
        assert users[name]["attributes"].get("areas") == (principal.areas and list(principal.areas))


def test_nobody_chooses_his_own_reach(realm: dict[str, Any]) -> None:
    component = realm["components"]["org.keycloak.userprofile.UserProfileProvider"][0]
    profile = json.loads(component["config"]["kc.user.profile.config"][0])
    attributes = {attribute["name"]: attribute for attribute in profile["attributes"]}
    assert "unmanagedAttributePolicy" not in profile
    assert attributes["areas"]["multivalued"] is True
    assert all(attribute["permissions"]["edit"] == ["admin"] for attribute in attributes.values())
    assert realm["registrationAllowed"] is False


def test_the_realm_holds_no_secret(realm: dict[str, Any]) -> None:
    secrets = [client["secret"] for client in realm["clients"] if "secret" in client]
    secrets += [row["value"] for user in realm["users"] for row in user.get("credentials", [])]
    assert len(secrets) == len(personas("52")) + len(systems("52"))
    assert all(re.fullmatch(r"\$\{PLODNEE_\w+\}", secret) for secret in secrets)
    given = compose_document()["services"]["keycloak"]["environment"]
    assert set(re.findall(r"\$\{(\w+)\}", REALM_PATH.read_text(encoding="utf-8"))) <= given.keys()
    assert not {"privateKey", "certificate"} & set(re.findall(r'"(\w+)":', REALM_PATH.read_text(encoding="utf-8")))
