"""Who calls, what he may do (scopes) and how far he sees (reach)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import structlog
from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.chassis.auth.tokens import Claims, invalid_token, missing_token
from shared.chassis.http.problems import InsufficientScope
from shared.chassis.http.runtime import runtime_of
from shared.chassis.reach import Reach

_CALLER = "plodnee.caller"  # in the request's scope, where a route's right and its session find the same one


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a partner's system, as the token says.

    Attributes:
        subject: the provider's id of the person or service account; for an officer also the key of his assignments.
        client_id: the client that was given the token.
        scopes: what the token allows, as ``resource:verb``.
        reach: the rows within sight.
        name: what to show (a position, not a person).
        roles: the provider's roles, for display and for rules that name a role.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    reach: Reach
    name: str = ""
    roles: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Whether the token carries the scope."""
        return scope in self.scopes


class BearerToken(SecurityBase):
    """The scheme of the API's documents, the token's check and that of a right in one: a dependency costs each request
    some, and one below another twice.

    Args:
        scopes: each of them is wanted; without any it asks for a valid token alone.
    """

    scheme_name = "token"
    model = HTTPBearer(
        bearerFormat="JWT", description="An access token of the identity provider whose audience names this service."
    )

    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)
        self._wanted = " ".join(scopes)

    async def __call__(self, request: Request) -> Caller:
        """The caller of a request.

        Raises:
            Unauthenticated: without a valid token.
            InsufficientScope: the token does not carry every scope.
        """
        caller: Caller | None = request.scope.get(_CALLER)
        if caller is None:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise missing_token()
            caller = request.scope[_CALLER] = await caller_of_token(request, token.strip())
        if not caller.scopes.issuperset(self.scopes):
            raise InsufficientScope(
                f"The token needs the scope {self._wanted}",
                f"โทเค็นต้องมีสิทธิ์ {self._wanted}",
                headers={
                    "WWW-Authenticate": f'Bearer realm="plodnee", error="insufficient_scope", scope="{self._wanted}"'
                },
            )
        return caller


async def caller_of_token(request: Request, token: str) -> Caller:
    """The caller behind an access token, wherever the request carried it (a header, a session of a page)."""
    runtime = runtime_of(request)
    claims = await runtime.tokens.claims(token)
    reach = areas_reach(claims)
    if reach is None:
        reach = await runtime.assigned.of(str(claims["sub"]))
    roles = claims.get("roles")
    caller = Caller(
        subject=str(claims["sub"]),
        client_id=str(claims.get("azp") or claims.get("client_id") or ""),
        scopes=_scopes(str(claims.get("scope", ""))),
        reach=reach,
        name=str(claims.get("name", "")),
        roles=frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset(),
    )
    structlog.contextvars.bind_contextvars(client_id=caller.client_id)
    return caller


def areas_reach(claims: Claims) -> Reach | None:
    """The reach of the claim ``areas``, or None when the token has none and assignments decide.

    An empty list is a reach of nothing: it never falls back to assignments.
    """
    if "areas" not in claims:
        return None
    areas = claims["areas"]
    if not isinstance(areas, list) or not all(isinstance(area, str) for area in areas):
        raise invalid_token()
    return _reach(tuple(areas))


# Every request asks for these, and the tokens of a country have few of them.
@lru_cache(maxsize=1024)
def _reach(areas: tuple[str, ...]) -> Reach:
    return Reach.of_areas(areas)


@lru_cache(maxsize=1024)
def _scopes(text: str) -> frozenset[str]:
    return frozenset(text.split())


CurrentCaller = Annotated[Caller, Security(BearerToken())]


def require(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the caller when the token carries every scope.

    Use it once per right, as a type: ``CaseApprover = Annotated[Caller, Security(require("case:approve"))]``.
    """
    return BearerToken(*scopes)
