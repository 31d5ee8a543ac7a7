"""Goal: the provider cannot be made to suffer by our callers, nor our callers by the provider's outage."""

import asyncio
from typing import Any

import httpx2
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.chassis.auth.jwks import ANSWER_BYTES_MAX, KEYS_MAX, JwksCache, KeysUnavailable, UnknownKey, usable_keys
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import KEY_ID, TokenIssuer

ISSUER = "https://identity.example"
_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def rsa_key(key_id: str, **more: Any) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(_RSA_KEY.public_key(), as_dict=True), "kid": key_id, **more}


class Provider:
    """Answers like an identity provider, or fails as told, and counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keys: list[dict[str, Any]] = [rsa_key("k1")]
        self.status = 200
        self.body: bytes | None = None
        self.error: Exception | None = None

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        if request.url.path.endswith("openid-configuration"):
            return httpx2.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        body = self.body if self.body is not None else orjson.dumps({"keys": self.keys})
        return httpx2.Response(self.status, content=body)


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(provider: Provider, clock: Clock) -> JwksCache:
    settings = Settings(issuer=ISSUER, jwks_url="", jwks_ttl_seconds=600, jwks_reload_pause_seconds=10)
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(provider.answer))
    return JwksCache(settings, client, clock)


async def test_jwks_cannot_be_made_to_hammer(cache: JwksCache, provider: Provider, clock: Clock) -> None:
    """100,000 invented key ids over half a minute cost the provider a handful of requests."""
    for number in range(100_000):
        with pytest.raises(UnknownKey):
            await cache.key(f"invented-{number}")
        clock.now += 30 / 100_000
    assert provider.asked.count("/keys") <= 4


async def test_jwks_concurrent_unknown_keys_share_one_reload(cache: JwksCache, provider: Provider) -> None:
    found = await asyncio.gather(*(cache.key(f"x{number}") for number in range(1000)), return_exceptions=True)
    assert all(isinstance(error, UnknownKey) for error in found)
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_new_key_is_found_after_the_pause(cache: JwksCache, provider: Provider, clock: Clock) -> None:
    await cache.key("k1")
    provider.keys.append(rsa_key("k2"))
    with pytest.raises(UnknownKey):
        await cache.key("k2")
    clock.now += 11
    assert (await cache.key("k2")).key_id == "k2"


async def test_withdrawn_key_is_forgotten_after_its_time(cache: JwksCache, provider: Provider, clock: Clock) -> None:
    await cache.key("k1")
    provider.keys = [rsa_key("k2")]
    clock.now += 601
    with pytest.raises(UnknownKey):
        await cache.key("k1")


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 500},
        {"error": httpx2.ConnectError("down")},
        {"body": b"<html>maintenance</html>"},
        {"body": b"[]"},
        {"body": b'{"keys": []}'},
        {"body": b'{"keys": 3}'},
        {"body": b'{"keys": ["x"]}'},
        {"body": b'{"keys": [], "x": "' + b"y" * ANSWER_BYTES_MAX + b'"}'},
    ],
)
async def test_known_keys_outlive_the_providers_outage(
    cache: JwksCache, provider: Provider, clock: Clock, failure: dict[str, Any]
) -> None:
    await cache.key("k1")
    for name, value in failure.items():
        setattr(provider, name, value)
    for _ in range(100):
        clock.now += 601
        assert (await cache.key("k1")).key_id == "k1"


async def test_outage_at_start_is_told_apart_and_asked_again_only_after_the_pause(
    cache: JwksCache, provider: Provider, clock: Clock
) -> None:
    provider.error = httpx2.ConnectError("down")
    for _ in range(50):
        with pytest.raises(KeysUnavailable):
            await cache.key("k1")
    assert len(provider.asked) == 1
    provider.error = None
    clock.now += 10.1
    assert (await cache.key("k1")).key_id == "k1"


async def test_reload_holds_nobody_up_with_the_making_of_a_client(
    token_issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = JwksCache(Settings(issuer=token_issuer.url, jwks_url=""))
    monkeypatch.delattr(httpx2, "AsyncClient")
    assert (await cache.key(KEY_ID)).key_id == KEY_ID


async def test_other_issuer_in_the_discovery_is_refused(provider: Provider, clock: Clock) -> None:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(provider.answer))
    with pytest.raises(KeysUnavailable):
        await JwksCache(Settings(issuer="https://other.example", jwks_url=""), client, clock).key("k1")


def test_only_usable_signing_keys_are_taken() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - refused below
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    other_curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    keys = usable_keys(
        {
            "keys": [
                rsa_key("good", use="sig", alg="RS256", key_ops=["verify"]),
                rsa_key("for-encryption", use="enc"),
                rsa_key("for-wrapping", key_ops=["wrapKey", "encrypt"]),
                rsa_key("for-anything", key_ops="verify"),
                rsa_key("other-algorithm", alg="RS512"),
                rsa_key("x" * 201),
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared-secret"},
                {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
                {**RSAAlgorithm.to_jwk(weak, as_dict=True), "kid": "weak"},
                {**ECAlgorithm.to_jwk(curve, as_dict=True), "kid": "curve"},
                {**ECAlgorithm.to_jwk(other_curve, as_dict=True), "kid": "other-curve"},
            ]
        }
    )
    assert sorted(keys) == ["curve", "good"]
    assert keys["curve"].algorithm_name == "ES256"


def test_number_of_keys_is_bounded() -> None:
    assert len(usable_keys({"keys": [rsa_key(f"k{number}") for number in range(KEYS_MAX + 10)]})) == KEYS_MAX
