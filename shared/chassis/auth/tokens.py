"""Access tokens are verified here, locally: signature, issuer, audience, time, algorithm and kind."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol

import jwt

from shared.chassis.auth.jwks import ALGORITHMS, KEY_ID_CHARACTERS_MAX, KeysUnavailable, UnknownKey
from shared.chassis.http.problems import Unauthenticated, Unavailable

TOKEN_CHARACTERS_MAX = 16_384
SUBJECT_CHARACTERS_MAX = 255  # OpenID Connect Core, section 2
REMEMBERED_SECONDS_MAX = 600  # how long keys are believed, too
TOKENS_REMEMBERED_MAX = 10_000
CLOCK_LEEWAY_SECONDS = 5
_HEADER_KINDS = frozenset({"jwt", "at+jwt", "application/at+jwt"})

Claims = Mapping[str, Any]


class Keys(Protocol):
    """Where signing keys come from."""

    async def key(self, key_id: str) -> jwt.PyJWK: ...


class TokenVerifier:
    """Verifies the tokens of one audience, and remembers those it found good, for minutes and never past their end.

    A provider takes a key back when somebody else has it, and a token signed with it may say that it never ends: what
    was found good once is therefore looked at again, as the keys are.

    Args:
        keys: the provider's signing keys.
        issuer: what ``iss`` must be.
        audience: what ``aud`` must name.
        clock: seconds since the epoch.
    """

    def __init__(self, keys: Keys, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._remembered: OrderedDict[bytes, tuple[Claims, float]] = OrderedDict()

    async def claims(self, token: str) -> Claims:
        """The claims of a valid token.

        Raises:
            Unauthenticated: it is not valid here; the reason is not told to the caller in detail.
            Unavailable: the provider has not answered yet, so nobody can be let in.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise invalid_token()
        digest = sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None:
            claims, good_until = known
            if self._clock() < good_until:
                self._remembered.move_to_end(digest)
                return claims
            del self._remembered[digest]
        claims = await self._verify(token)
        good_until = min(claims["exp"] + CLOCK_LEEWAY_SECONDS, self._clock() + REMEMBERED_SECONDS_MAX)
        self._remembered[digest] = (claims, good_until)
        if len(self._remembered) > TOKENS_REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return claims

    async def _verify(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise invalid_token() from None
        key_id, kind = header.get("kid"), header.get("typ")
        if header.get("alg") not in ALGORITHMS.values():
            raise invalid_token()
        if not isinstance(key_id, str) or len(key_id) > KEY_ID_CHARACTERS_MAX:
            raise invalid_token()
        if not isinstance(kind, str) or kind.lower() not in _HEADER_KINDS:
            raise invalid_token()
        try:
            key = await self._keys.key(key_id)
        except UnknownKey:
            raise invalid_token() from None
        except KeysUnavailable:
            raise Unavailable("The identity provider has not answered yet", "ผู้ให้บริการยืนยันตัวตนยังไม่ตอบ") from None
        try:
            claims: Claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],  # the key decides the algorithm, never the token
                issuer=self._issuer,
                audience=self._audience,
                leeway=CLOCK_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"], "verify_exp": False, "verify_nbf": False},
            )
        except jwt.PyJWTError:
            raise invalid_token() from None
        self._check_time(claims)
        if not _is_subject(claims["sub"]):
            raise invalid_token()
        # Keycloak marks its access tokens as Bearer; a refresh or identity token is no access token.
        if claims.get("typ", "Bearer") != "Bearer":
            raise invalid_token()
        return claims

    def _check_time(self, claims: Claims) -> None:
        now = self._clock()
        expires, not_before = claims["exp"], claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(not_before, int | float):
            raise invalid_token()
        # Asked this way round, a number that is none (JSON's readers know NaN) lets nobody in.
        if not not_before - CLOCK_LEEWAY_SECONDS <= now < expires + CLOCK_LEEWAY_SECONDS:
            raise invalid_token()


def _is_subject(subject: str) -> bool:
    """Whether it can be a key of our tables: an empty one is everybody's, and PostgreSQL keeps no NUL."""
    return 0 < len(subject.strip()) <= len(subject) <= SUBJECT_CHARACTERS_MAX and subject.isprintable()


def invalid_token() -> Unauthenticated:
    """The one answer to every token that is not valid here (RFC 6750)."""
    return Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="plodnee", error="invalid_token"'})


def missing_token() -> Unauthenticated:
    """The answer to a request without a token."""
    return Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="plodnee"'})
