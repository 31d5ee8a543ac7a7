"""Tokens of the development identity provider: what they say, and the key that signs them.

Signing, verifying and key formats are joserfc's; sealed texts (codes, refresh tokens, the login form) are
itsdangerous'. Nothing here does cryptography of its own.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from shared.chassis.settings import SERVICES
from shared.embedded.identity.personas import Principal
from shared.embedded.secret_store import load_secrets
from shared.embedded.state import StateFolder

ALGORITHM = "RS256"
KEY_BITS = 2048
ACCESS_TOKEN_SECONDS = 1800
REFRESH_TOKEN_SECONDS = 12 * 3600
AUDIENCES = tuple(f"plodnee-{service}" for service in SERVICES)
_KEY_FILE = "identity.json"


def signing_key(state: StateFolder) -> RSAKey:
    """The provider's key: made at the first start and kept, so that tokens and key caches survive a restart."""
    kept = state.read(_KEY_FILE)
    if kept:
        return RSAKey.import_key({name: str(value) for name, value in kept.items()})
    made = RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
    state.write(_KEY_FILE, dict(made.as_dict(private=True)))
    return made


class Issuer:
    """Makes and reads the tokens of one provider. `clock` gives seconds since the epoch."""

    def __init__(self, state: StateFolder, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        self._clock = clock
        self._key = signing_key(state)
        self._sealing_key = load_secrets(state)["IDENTITY_STATE_KEY"]

    def jwks(self) -> dict[str, Any]:
        """The public half of the signing key, as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def access_token(self, principal: Principal, client_id: str, scopes: tuple[str, ...]) -> str:
        """An access token for every service (RFC 9068); the claims are those the services read."""
        claims = {
            **self._common(principal, AUDIENCES, ACCESS_TOKEN_SECONDS),
            "azp": client_id,
            "client_id": client_id,
            "scope": " ".join(scopes),
            "name": principal.name_th,
            "roles": [principal.role],
        }
        if principal.areas is not None:
            claims["areas"] = list(principal.areas)
        return self._sign(claims, "at+jwt")

    def identity_token(self, principal: Principal, client_id: str, nonce: str | None) -> str:
        """The ID token of OpenID Connect: who signed in, for the client alone."""
        claims = {
            **self._common(principal, (client_id,), ACCESS_TOKEN_SECONDS),
            "azp": client_id,
            "auth_time": int(self._clock()),
            "name": principal.name_th,
        }
        if nonce:
            claims["nonce"] = nonce
        return self._sign(claims, "JWT")

    def verified_claims(self, access_token: str) -> Mapping[str, Any] | None:
        """The claims of a valid access token of this provider; None for anything else."""
        try:
            token = jwt.decode(access_token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        fits = token.header.get("typ") == "at+jwt" and token.claims.get("iss") == self.issuer
        return token.claims if fits and token.claims["exp"] > self._clock() else None

    def seal(self, purpose: str, content: Mapping[str, Any]) -> str:
        """A text that only this provider can have made, for one purpose."""
        return self._sealer(purpose).dumps(dict(content))

    def unseal(self, purpose: str, text: str, max_age_seconds: int) -> dict[str, Any] | None:
        """What was sealed for this purpose; None when it is not ours, altered, or too old."""
        try:
            content = self._sealer(purpose).loads(text, max_age=max_age_seconds)
        except BadSignature:
            return None
        return dict(content)

    def _sealer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._sealing_key, salt=f"plodnee-identity-{purpose}")

    def _common(self, principal: Principal, audience: tuple[str, ...], lifetime_seconds: int) -> dict[str, Any]:
        now = int(self._clock())
        return {
            "iss": self.issuer,
            "sub": principal.subject,
            "aud": list(audience),
            "iat": now,
            "exp": now + lifetime_seconds,
            "jti": uuid.uuid4().hex,
        }

    def _sign(self, claims: Mapping[str, Any], kind: str) -> str:
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": kind}
        return jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])
