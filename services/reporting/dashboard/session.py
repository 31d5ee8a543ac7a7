"""The session of a signed-in reader: the provider's tokens, sealed into cookies of this browser.

Nothing of it is kept here, so any api process can answer any request. The cookies are encrypted and signed under a key
derived from the process' session key, HttpOnly (no script reads them), SameSite=Lax (no other site's form or image
carries them) and Secure wherever the dashboard is served over https.
"""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.responses import Response

from shared.chassis.http.sealing import NotSealedHere, Sealer

COOKIE_PATH = "/dashboard"
SESSION_COOKIE = "plodnee_session"
LANGUAGE_COOKIE = "plodnee_language"
ATTEMPT_COOKIE_PREFIX = "plodnee_sign_in_"

SESSION_SECONDS_MAX = 12 * 3600  # one working day; then the provider is asked again
ATTEMPT_SECONDS_MAX = 600
_LANGUAGE_SECONDS = 365 * 24 * 3600
# A browser keeps 4,096 bytes a cookie, name and attributes included; tokens of some providers are longer.
_CHUNK_CHARACTERS = 3_600
_CHUNKS_MAX = 5
_CLEAR_BYTES_MAX = 65_536


class SessionTooLarge(RuntimeError):
    """The provider's tokens do not fit into the cookies that a browser keeps."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the provider gave at sign-in; times are seconds since the epoch."""

    access_token: str
    refresh_token: str | None
    expires_at: float
    signed_in_at: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way: what the provider's answer must agree with."""

    state: str
    nonce: str
    code_verifier: str
    next_path: str


class Cookies:
    """Reads and writes the cookies of the dashboard.

    Args:
        session_key: the process' session key.
        secure: whether the dashboard is served over https.
    """

    def __init__(self, session_key: bytes, *, secure: bool) -> None:
        self._sessions = Sealer(session_key, "dashboard session")
        self._attempts = Sealer(session_key, "dashboard sign-in")
        self._secure = secure

    def session(self, cookies: Mapping[str, str], now: float) -> Session | None:
        """The session of these cookies; None when there is none, it is not ours, or the working day is over."""
        names = [SESSION_COOKIE, *(f"{SESSION_COOKIE}_{number}" for number in range(1, _CHUNKS_MAX))]
        sealed = ""
        for name in names:
            if name not in cookies:
                break
            sealed += cookies[name]
        content = _open(self._sessions, sealed, SESSION_COOKIE)
        if content is None:
            return None
        session = Session(**content)
        return session if now < session.signed_in_at + SESSION_SECONDS_MAX else None

    def set_session(self, response: Response, session: Session, now: float) -> None:
        """Keep a session in the browser. Raises SessionTooLarge."""
        sealed = _seal(self._sessions, asdict(session), SESSION_COOKIE)
        chunks = [sealed[start : start + _CHUNK_CHARACTERS] for start in range(0, len(sealed), _CHUNK_CHARACTERS)]
        if len(chunks) > _CHUNKS_MAX:
            raise SessionTooLarge
        left_seconds = int(session.signed_in_at + SESSION_SECONDS_MAX - now)
        for number, chunk in enumerate(chunks):
            name = f"{SESSION_COOKIE}_{number}" if number else SESSION_COOKIE
            self._set(response, name, chunk, left_seconds)
        # Of a longer session before, nothing may stay behind: it would be read as the end of this one.
        self._set(response, f"{SESSION_COOKIE}_{len(chunks)}", "", 0)

    def clear_session(self, response: Response, cookies: Mapping[str, str]) -> None:
        """Forget the session in the browser."""
        for name in cookies:
            if name == SESSION_COOKIE or name.startswith(f"{SESSION_COOKIE}_"):
                self._set(response, name, "", 0)

    def attempt(self, cookies: Mapping[str, str], state: str) -> Attempt | None:
        """The sign-in that this browser began with this state; None when it began none."""
        content = _open(self._attempts, cookies.get(_attempt_cookie(state), ""), state)
        return None if content is None else Attempt(**content)

    def set_attempt(self, response: Response, attempt: Attempt) -> None:
        """Remember a sign-in under way; several tabs may each have one."""
        sealed = _seal(self._attempts, asdict(attempt), attempt.state)
        self._set(response, _attempt_cookie(attempt.state), sealed, ATTEMPT_SECONDS_MAX)

    def clear_attempt(self, response: Response, state: str) -> None:
        """Forget a sign-in that has ended."""
        self._set(response, _attempt_cookie(state), "", 0)

    def set_language(self, response: Response, code: str) -> None:
        """Remember the language that was chosen."""
        self._set(response, LANGUAGE_COOKIE, code, _LANGUAGE_SECONDS)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=COOKIE_PATH, secure=self._secure, httponly=True, samesite="lax"
        )


def _attempt_cookie(state: str) -> str:
    safe = "".join(character for character in state[:12] if character.isalnum() or character in "-_")
    return ATTEMPT_COOKIE_PREFIX + safe


def _seal(sealer: Sealer, content: Mapping[str, object], context: str) -> str:
    return sealer.seal_text(zlib.compress(orjson.dumps(content), level=9), context)


def _open(sealer: Sealer, sealed: str, context: str) -> dict[str, Any] | None:
    if not sealed:
        return None
    try:
        packed = sealer.unseal_text(sealed, context)
    except NotSealedHere:
        return None
    found = orjson.loads(zlib.decompressobj().decompress(packed, _CLEAR_BYTES_MAX))
    return found if isinstance(found, dict) else None
