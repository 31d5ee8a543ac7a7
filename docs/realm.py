"""The realm that Keycloak imports: roles, rights, clients and personas, the same as at the development provider.

A right (``plan:approve``) is a client scope that the provider grants only to users whose role is mapped to it, so roles
turn into scopes at the provider and nowhere else. Secrets are ``${NAMES}`` that Keycloak takes from its environment.
"""

import json
from collections.abc import Iterable
from typing import Any

from shared.chassis.settings import SERVICES
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, ROLE_SCOPES, Principal, personas, systems

_PROVINCE = "${PLODNEE_PERSONA_PROVINCE}"
_DASHBOARD = "${PLODNEE_DASHBOARD_URL}"
_COMMON_SCOPE = "plodnee"
_IN_ACCESS_TOKEN = {"access.token.claim": "true", "introspection.token.claim": "true"}
_IN_USERINFO = {"userinfo.token.claim": "true"}
_ACCESS_TOKEN_SECONDS = 900
_SESSION_IDLE_SECONDS = 7_200
_SESSION_SECONDS_MAX = 43_200
_EVENTS_KEPT_SECONDS = 90 * 86_400


def realm() -> dict[str, Any]:
    """The realm's document."""
    people, machines = personas(_PROVINCE), systems(_PROVINCE)
    rights = sorted({right for granted in ROLE_SCOPES.values() for right in granted})
    return {
        "realm": "plodnee",
        "displayName": "ปลดหนี้ Plodnee",
        "enabled": True,
        "sslRequired": "external",
        "registrationAllowed": False,
        "resetPasswordAllowed": False,
        "rememberMe": False,
        "loginWithEmailAllowed": False,
        "bruteForceProtected": True,
        "passwordPolicy": "length(12) and notUsername(undefined)",
        "defaultSignatureAlgorithm": "RS256",
        "accessTokenLifespan": _ACCESS_TOKEN_SECONDS,
        "ssoSessionIdleTimeout": _SESSION_IDLE_SECONDS,
        "ssoSessionMaxLifespan": _SESSION_SECONDS_MAX,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
        "internationalizationEnabled": True,
        "supportedLocales": ["th", "en"],
        "defaultLocale": "th",
        "eventsEnabled": True,
        "eventsExpiration": _EVENTS_KEPT_SECONDS,
        "adminEventsEnabled": True,
        "roles": {"realm": [_role(role, [*people.values(), *machines.values()]) for role in ROLE_SCOPES]},
        "clientScopes": [_common_scope(), _profile_scope(), *(_right(right) for right in rights)],
        "scopeMappings": [
            {"clientScope": right, "roles": [role for role, granted in ROLE_SCOPES.items() if right in granted]}
            for right in rights
        ],
        "defaultDefaultClientScopes": [],
        "defaultOptionalClientScopes": [],
        "clients": [_dashboard(people.values()), *(_machine_client(machine) for machine in machines.values())],
        "users": [
            *(_person(person) for person in people.values()),
            *(_service_account(machine) for machine in machines.values()),
        ],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(_user_profile(), ensure_ascii=False)]},
                }
            ]
        },
    }


def _role(role: str, principals: Iterable[Principal]) -> dict[str, str]:
    named = next(principal for principal in principals if principal.role == role)
    return {"name": role, "description": f"{named.name_th} / {named.name_en}"}


def _mapper(name: str, kind: str, config: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": kind,
        "config": {**(config or {}), **_IN_ACCESS_TOKEN},
    }


def _common_scope() -> dict[str, Any]:
    listed = {"jsonType.label": "String", "multivalued": "true", **_IN_USERINFO}
    audiences = [f"plodnee-{service}" for service in SERVICES]
    # Without the attribute `areas` there is no claim, and the registry's assignments decide.
    areas = {"user.attribute": "areas", "claim.name": "areas", "aggregate.attrs": "false", **listed}
    return {
        "name": _COMMON_SCOPE,
        "description": "Audiences, reach and roles, for every client.",
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "false", "display.on.consent.screen": "false"},
        "protocolMappers": [
            _mapper("sub", "oidc-sub-mapper"),
            *(
                _mapper(f"audience {audience}", "oidc-audience-mapper", {"included.custom.audience": audience})
                for audience in audiences
            ),
            _mapper("areas", "oidc-usermodel-attribute-mapper", areas),
            _mapper("roles", "oidc-usermodel-realm-role-mapper", {"claim.name": "roles", **listed}),
        ],
    }


def _profile_scope() -> dict[str, Any]:
    position = {"user.attribute": "position", "claim.name": "name", "jsonType.label": "String"}
    everywhere = {"id.token.claim": "true", **_IN_USERINFO}
    return {
        "name": "profile",
        "description": "What to show: a position, not a person.",
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "false"},
        "protocolMappers": [_mapper("name", "oidc-usermodel-attribute-mapper", {**position, **everywhere})],
    }


def _right(name: str) -> dict[str, Any]:
    attributes = {"include.in.token.scope": "true", "display.on.consent.screen": "false"}
    return {"name": name, "protocol": "openid-connect", "attributes": attributes}


def _dashboard(people: Iterable[Principal]) -> dict[str, Any]:
    rights = sorted({right for person in people for right in person.scopes})
    return _client(DASHBOARD_CLIENT_ID, "แดชบอร์ดและหน้าจอของเจ้าหน้าที่ / Dashboard and frontends", rights) | {
        "publicClient": True,
        "standardFlowEnabled": True,
        "serviceAccountsEnabled": False,
        "rootUrl": _DASHBOARD,
        "redirectUris": [f"{_DASHBOARD}/*"],
        "webOrigins": ["+"],
        "attributes": {"pkce.code.challenge.method": "S256", "post.logout.redirect.uris": "+"},
    }


def _machine_client(machine: Principal) -> dict[str, Any]:
    secret_name = f"PLODNEE_{machine.subject.upper().replace('-', '_')}_SECRET"
    return _client(machine.subject, f"{machine.name_th} / {machine.name_en}", sorted(machine.scopes)) | {
        "publicClient": False,
        "standardFlowEnabled": False,
        "serviceAccountsEnabled": True,
        "clientAuthenticatorType": "client-secret",
        "secret": "${" + secret_name + "}",
    }


def _client(client_id: str, name: str, rights: list[str]) -> dict[str, Any]:
    return {
        "clientId": client_id,
        "name": name,
        "enabled": True,
        "protocol": "openid-connect",
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "fullScopeAllowed": False,
        "defaultClientScopes": [_COMMON_SCOPE, "profile", *rights],
        "optionalClientScopes": [],
    }


def _person(person: Principal) -> dict[str, Any]:
    password = {"type": "password", "value": "${PLODNEE_PERSONA_PASSWORD}", "temporary": False}
    return {"username": person.subject, **_account(person), "credentials": [password]}


def _service_account(machine: Principal) -> dict[str, Any]:
    name = f"service-account-{machine.subject}"
    return {"username": name, "serviceAccountClientId": machine.subject, **_account(machine)}


def _account(principal: Principal) -> dict[str, Any]:
    attributes = {"position": [principal.name_th]}
    if principal.areas is not None:
        attributes["areas"] = list(principal.areas)
    return {"enabled": True, "attributes": attributes, "realmRoles": [principal.role]}


def _user_profile() -> dict[str, Any]:
    """What a user has. Only an administrator edits it: whoever could edit his areas would choose his own reach.

    An attribute that is not declared here is dropped by the provider without a word.
    """
    short = {"length": {"max": 255}}
    areas = {"pattern": {"pattern": "TH|[0-9]{2}|[0-9]{4}", "error-message": "TH, 52 or 5201"}}
    return {
        "attributes": [
            _attribute("username", "ชื่อผู้ใช้ / User name", {"length": {"min": 3, "max": 100}}),
            _attribute("email", "อีเมล / E-mail", {"email": {}, **short}),
            _attribute("firstName", "ชื่อ / First name", short),
            _attribute("lastName", "นามสกุล / Last name", short),
            _attribute("position", "ตำแหน่ง / Position", short),
            _attribute("areas", "พื้นที่ / Areas: TH, province (2 digits), district (4)", areas) | {"multivalued": True},
        ]
    }


def _attribute(name: str, display_name: str, validations: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "displayName": display_name,
        "permissions": {"view": ["admin", "user"], "edit": ["admin"]},
        "validations": validations,
    }
