"""Signing in with OpenID Connect: authorization code with PKCE, as a public client.

The browser is sent to the provider with a state, a nonce and a PKCE challenge that are sealed into a cookie of that
browser; an answer is only taken from the browser that began, once, from the issuer that is set. The access token is
verified like any other caller's at each request (:mod:`shared.chassis.auth.tokens`); it is renewed with the refresh
token shortly before it ends, so that a page can stay open all day. Whoever signs out has the refresh token revoked
(RFC 7009): a copy of his cookies ends with the access token in it.

    SignInFailed         a page says why, in words
    └── SignInNeeded     nobody is signed in: begin
"""

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
import jwt
import orjson
import structlog
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from services.reporting.dashboard.session import Attempt, Session
from shared.chassis.auth.jwks import JwksCache, KeysUnavailable, UnknownKey
from shared.chassis.settings import Settings

log = structlog.get_logger(__name__)

SCOPE: Final = "openid profile report:read"
CALLBACK_PATH: Final = "/dashboard/callback"
SIGNED_OUT_PATH: Final = "/dashboard/signed-out"
HOME_PATH: Final = "/dashboard"

RENEW_BEFORE_SECONDS: Final = 120
_DISCOVERY_SECONDS: Final = 600
_REQUEST_SECONDS_MAX: Final = 8.0
_ANSWER_BYTES_MAX: Final = 262_144
_RENEWED_REMEMBERED_MAX: Final = 1_000
_RENEWED_SECONDS: Final = 300  # an answer that was lost on the way must not cost the reader his session
_CLOCK_LEEWAY_SECONDS: Final = 5


class SignInFailed(Exception):
    """The sign-in cannot go on; `reason` is the key of the text that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignInNeeded(Exception):
    """Nobody is signed in, or the session cannot be renewed any more."""


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    revocation: str | None
    end_session: str | None


class Provider:
    """The identity provider as the dashboard's client sees it.

    Args:
        settings: issuer, the dashboard's address and its client id.
        client: an HTTP client; one is made when none is given.
        clock: seconds since the epoch.
    """

    def __init__(
        self, settings: Settings, client: httpx2.AsyncClient | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._issuer = settings.require("issuer")
        self._client_id = settings.dashboard_client_id
        self._base_url = settings.dashboard_url.rstrip("/")
        self._http = client or httpx2.AsyncClient(timeout=_REQUEST_SECONDS_MAX, follow_redirects=False)
        self._keys = JwksCache(settings)
        self._clock = clock
        self._endpoints: _Endpoints | None = None
        self._endpoints_until = 0.0
        self._renewing: dict[bytes, asyncio.Task[Session]] = {}
        self._renewed: OrderedDict[bytes, Session] = OrderedDict()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def origin(self) -> str:
        """Scheme, host and port of the issuer, where forms of ours may lead."""
        parts = urlsplit(self._issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def base_url(self) -> str:
        """Where the dashboard stands, as browsers know it."""
        return self._base_url

    async def begin(self, next_path: str) -> tuple[str, Attempt]:
        """Where to send the browser, and what to remember of it. Raises SignInFailed."""
        endpoints = await self._discover()
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            code_verifier=secrets.token_urlsafe(48),
            next_path=local_path(next_path),
        )
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": self._base_url + CALLBACK_PATH,
                "scope": SCOPE,
                "state": attempt.state,
                "nonce": attempt.nonce,
                "code_challenge": create_s256_code_challenge(attempt.code_verifier),
                "code_challenge_method": "S256",
            }
        )
        return f"{endpoints.authorization}?{query}", attempt

    async def finish(self, attempt: Attempt | None, answer: Mapping[str, str]) -> Session:
        """The session that the provider's answer to an attempt gives. Raises SignInFailed."""
        if attempt is None or not hmac.compare_digest(attempt.state, answer.get("state", "")):
            raise SignInFailed("sign_in_expired")
        if answer.get("iss", self._issuer) != self._issuer:  # RFC 9207: another provider's answer
            raise SignInFailed("sign_in_token")
        code = answer.get("code")
        if not code:
            raise SignInFailed("sign_in_denied")
        tokens = await self._ask_token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._base_url + CALLBACK_PATH,
                "code_verifier": attempt.code_verifier,
            }
        )
        await self._check_identity(tokens.get("id_token"), attempt.nonce)
        return self._session(tokens, refresh_token=None, signed_in_at=self._clock())

    async def current(self, session: Session) -> Session:
        """The session itself, or a renewed one when its access token is about to end.

        Several requests of one page come at once: the first renews, the others wait for its answer, because a provider
        may accept a refresh token only once. A renewal that fails hurts nobody while the access token still holds.

        Raises:
            SignInNeeded: the access token has ended and cannot be renewed.
        """
        left_seconds = session.expires_at - self._clock()
        if left_seconds > RENEW_BEFORE_SECONDS:
            return session
        if session.refresh_token is not None:
            try:
                return await self._renew_once(session, session.refresh_token)
            except SignInFailed:
                if left_seconds <= 0:
                    raise SignInNeeded from None
        if left_seconds <= 0:
            raise SignInNeeded
        return session

    async def end(self, session: Session | None) -> str:
        """End a session at the provider; where to send the browser for the rest, our own page when there is none.

        A provider that is away keeps nobody signed in here: what it could not be told is logged.
        """
        back = self._base_url + SIGNED_OUT_PATH
        refresh_token = None if session is None else session.refresh_token
        if refresh_token is not None:
            self._forget_renewed(refresh_token)
        try:
            endpoints = await self._discover()
        except SignInFailed as failed:
            if refresh_token is not None:
                log.warning("refresh_token_not_revoked", reason=failed.reason)
            return back
        if refresh_token is not None and endpoints.revocation is not None:
            await self._revoke(endpoints.revocation, refresh_token)
        if endpoints.end_session is None:
            return back
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": back})
        return f"{endpoints.end_session}?{query}"

    async def _renew_once(self, session: Session, refresh_token: str) -> Session:
        key = _key_of(refresh_token)
        known = self._renewed.get(key)
        if known is not None and known.expires_at - self._clock() > RENEW_BEFORE_SECONDS:
            return replace(known, signed_in_at=session.signed_in_at)
        task = self._renewing.get(key)
        if task is None:
            task = asyncio.create_task(self._renew(session, refresh_token))
            self._renewing[key] = task
            task.add_done_callback(lambda _: self._renewing.pop(key, None))
        # Shielded: one reader who leaves must not cancel the renewal that others wait for.
        renewed = await asyncio.shield(task)
        self._renewed[key] = renewed
        if len(self._renewed) > _RENEWED_REMEMBERED_MAX:
            self._renewed.popitem(last=False)
        asyncio.get_running_loop().call_later(_RENEWED_SECONDS, self._renewed.pop, key, None)
        return renewed

    async def _renew(self, session: Session, refresh_token: str) -> Session:
        tokens = await self._ask_token({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return self._session(tokens, refresh_token=refresh_token, signed_in_at=session.signed_in_at)

    def _forget_renewed(self, refresh_token: str) -> None:
        """Forget what this token was renewed to, and what was renewed to this token."""
        self._renewed.pop(_key_of(refresh_token), None)
        for key in [key for key, session in self._renewed.items() if session.refresh_token == refresh_token]:
            del self._renewed[key]

    async def _revoke(self, endpoint: str, refresh_token: str) -> None:
        form = {"token": refresh_token, "token_type_hint": "refresh_token", "client_id": self._client_id}
        try:
            status, _ = await self._exchange("POST", endpoint, form)
        except SignInFailed as failed:
            log.warning("refresh_token_not_revoked", reason=failed.reason)
            return
        if status != 200:
            log.warning("refresh_token_not_revoked", reason="refused", status=status)

    def _session(self, tokens: Mapping[str, Any], refresh_token: str | None, signed_in_at: float) -> Session:
        access_token, lifetime_seconds = tokens.get("access_token"), tokens.get("expires_in", 300)
        if not isinstance(access_token, str) or not isinstance(lifetime_seconds, int):
            raise SignInFailed("sign_in_token")
        newer = tokens.get("refresh_token")
        return Session(
            access_token=access_token,
            refresh_token=newer if isinstance(newer, str) else refresh_token,
            expires_at=self._clock() + lifetime_seconds,
            signed_in_at=signed_in_at,
        )

    async def _discover(self) -> _Endpoints:
        if self._endpoints is not None and self._clock() < self._endpoints_until:
            return self._endpoints
        try:
            document = await self._json("GET", self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        except SignInFailed:
            if self._endpoints is not None:
                return self._endpoints  # addresses hardly ever change; the provider's short absence must not matter
            raise
        authorization, token = document.get("authorization_endpoint"), document.get("token_endpoint")
        if document.get("issuer") != self._issuer or authorization is None or token is None:
            raise SignInFailed("sign_in_token")
        revocation, end_session = document.get("revocation_endpoint"), document.get("end_session_endpoint")
        self._endpoints = _Endpoints(
            authorization=str(authorization),
            token=str(token),
            revocation=None if revocation is None else str(revocation),
            end_session=None if end_session is None else str(end_session),
        )
        self._endpoints_until = self._clock() + _DISCOVERY_SECONDS
        return self._endpoints

    async def _ask_token(self, form: dict[str, str]) -> dict[str, Any]:
        endpoints = await self._discover()
        return await self._json("POST", endpoints.token, {**form, "client_id": self._client_id})

    async def _json(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        status, body = await self._exchange(method, url, form)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise SignInFailed("sign_in_token") from None
        if status != 200 or not isinstance(found, dict):
            raise SignInFailed("sign_in_denied")
        return found

    async def _exchange(self, method: str, url: str, form: dict[str, str] | None) -> tuple[int, bytes]:
        """Status and body of the provider's answer. Raises SignInFailed when it is away, faulty or endless."""
        try:
            async with asyncio.timeout(_REQUEST_SECONDS_MAX), self._http.stream(method, url, data=form) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _ANSWER_BYTES_MAX:
                        raise SignInFailed("sign_in_token")
        except (httpx2.HTTPError, TimeoutError):
            raise SignInFailed("sign_in_provider") from None
        if response.status_code >= 500:
            raise SignInFailed("sign_in_provider")
        return response.status_code, bytes(body)

    async def _check_identity(self, id_token: object, nonce: str) -> None:
        """OpenID Connect Core 3.1.3.7: the token is the issuer's, for this client, and for this attempt."""
        if not isinstance(id_token, str):
            raise SignInFailed("sign_in_token")
        try:
            key = await self._keys.key(str(jwt.get_unverified_header(id_token).get("kid")))
            claims = jwt.decode(
                id_token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_CLOCK_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except KeysUnavailable:
            raise SignInFailed("sign_in_provider") from None
        except (jwt.PyJWTError, UnknownKey):
            raise SignInFailed("sign_in_token") from None
        if claims.get("azp", self._client_id) != self._client_id:
            raise SignInFailed("sign_in_token")
        if not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
            raise SignInFailed("sign_in_token")


def _key_of(refresh_token: str) -> bytes:
    return sha256(refresh_token.encode()).digest()


def local_path(path: str) -> str:
    """The path when it leads to a page of the dashboard, else its front page: no open redirect."""
    parts = urlsplit(path)
    is_ours = path == HOME_PATH or path.startswith((f"{HOME_PATH}/", f"{HOME_PATH}?"))
    is_plain = not parts.scheme and not parts.netloc and path.isascii() and path.isprintable() and "\\" not in path
    return path if is_ours and is_plain and "//" not in parts.path else HOME_PATH
