"""The identity provider's signing keys, cached so that neither its outage nor a flood of bad tokens matters.

At most one reload per pause, whatever key ids callers invent; keys already known stay in use while the provider is
away. Sizes and counts are bounded, since the answer comes from another machine.
"""

import asyncio
import time
from collections.abc import Callable

import httpx2
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from prometheus_client import Counter

from shared.chassis.settings import Settings

log = structlog.get_logger(__name__)

RELOADS = Counter("plodnee_jwks_reloads_total", "Times the provider's keys were asked for", ["outcome"])

KEYS_MAX = 64
ANSWER_BYTES_MAX = 262_144
KEY_ID_CHARACTERS_MAX = 200
FETCH_SECONDS_MAX = 5.0
RSA_BITS_MIN = 2048

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


class UnknownKey(LookupError):
    """No key of the provider has this id, as far as we know now."""


class KeysUnavailable(RuntimeError):
    """The provider has never answered, so nothing can be verified."""


class JwksCache:
    """Keys by id.

    Args:
        settings: issuer, address of the keys (or discovered from the issuer), time to live and pause.
        client: an HTTP client; one is made when none is given.
        clock: a monotonic clock in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        client: httpx2.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = settings.issuer
        self._url = settings.jwks_url
        self._ttl_seconds = settings.jwks_ttl_seconds
        self._pause_seconds = settings.jwks_reload_pause_seconds
        # Made now: the first client of a process loads modules, and each one the system's certificates, for 50 ms in
        # which no request is answered. It keeps no connection between two reloads, so there is nothing to close.
        self._client = client or httpx2.AsyncClient(
            timeout=FETCH_SECONDS_MAX, follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._loaded_at = float("-inf")
        self._tried_at = float("-inf")

    async def key(self, key_id: str) -> jwt.PyJWK:
        """The key with this id.

        Raises:
            UnknownKey: the provider has no such key.
            KeysUnavailable: the provider has not answered yet.
        """
        known = self._keys.get(key_id)
        if known is not None and (self._is_fresh() or self._lock.locked() or self._must_pause()):
            return known
        async with self._lock:
            if (key_id not in self._keys or not self._is_fresh()) and not self._must_pause():
                await self._reload()
        known = self._keys.get(key_id)
        if known is not None:
            return known
        if not self._keys:
            raise KeysUnavailable
        raise UnknownKey

    def _is_fresh(self) -> bool:
        return self._clock() - self._loaded_at < self._ttl_seconds

    def _must_pause(self) -> bool:
        return self._clock() - self._tried_at < self._pause_seconds

    async def _reload(self) -> None:
        self._tried_at = self._clock()
        try:
            keys = await self._fetch()
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            RELOADS.labels("failed").inc()
            log.warning("jwks_reload_failed", error_type=type(error).__name__, keys_kept=len(self._keys))
            return
        RELOADS.labels("loaded").inc()
        self._keys = keys
        self._loaded_at = self._clock()

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                if not self._url:
                    self._url = await self._discover()
                return usable_keys(await self._get_json(self._url))
        except TimeoutError:
            raise httpx2.ReadTimeout("the provider took too long") from None

    async def _discover(self) -> str:
        found = await self._get_json(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found["issuer"] != self._issuer:
            raise ValueError("the provider calls itself by another name than PLODNEE_ISSUER")
        return str(found["jwks_uri"])

    async def _get_json(self, url: str) -> dict[str, object]:
        async with self._client.stream("GET", url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise ValueError("the provider's answer is too large")
        found = orjson.loads(bytes(body))
        if not isinstance(found, dict):
            raise ValueError("the provider's answer is not an object")
        return found


def usable_keys(document: dict[str, object]) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWK set that our algorithms can use; keys for anything else are passed over."""
    entries = document["keys"]
    if not isinstance(entries, list):
        raise ValueError("the provider's keys are not a list")
    keys: dict[str, jwt.PyJWK] = {}
    for entry in entries[:KEYS_MAX]:
        key = _usable_key(entry)
        if key is not None:
            keys[str(key.key_id)] = key
    if not keys:
        raise ValueError("the provider offers no key that we can use")
    return keys


def _usable_key(entry: object) -> jwt.PyJWK | None:
    if not isinstance(entry, dict):
        return None
    key_id, algorithm = entry.get("kid"), ALGORITHMS.get(str(entry.get("kty")))
    if not isinstance(key_id, str) or len(key_id) > KEY_ID_CHARACTERS_MAX or algorithm is None:
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    if algorithm == "ES256" and entry.get("crv") != "P-256":
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < RSA_BITS_MIN:
        return None
    return key
