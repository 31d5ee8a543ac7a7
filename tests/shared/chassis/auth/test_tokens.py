"""Goal: only a token that the provider made, for this service, for now, of the right kind, lets anybody in."""

import base64
import time
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.chassis.auth.jwks import UnknownKey, usable_keys
from shared.chassis.auth.tokens import (
    REMEMBERED_SECONDS_MAX,
    SUBJECT_CHARACTERS_MAX,
    TOKEN_CHARACTERS_MAX,
    TOKENS_REMEMBERED_MAX,
    TokenVerifier,
)
from shared.chassis.http.problems import Unauthenticated

ISSUER = "https://identity.example"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class KnownKeys:
    """Two keys, and a count of how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.keys = usable_keys(
            {
                "keys": [
                    {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa"},
                    {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec"},
                ]
            }
        )

    async def key(self, key_id: str) -> jwt.PyJWK:
        self.asked += 1
        if key_id not in self.keys:
            raise UnknownKey
        return self.keys[key_id]


def claims(**changes: Any) -> dict[str, Any]:
    content = {
        "iss": ISSUER,
        "sub": "officer",
        "aud": ["plodnee-debt", "plodnee-registry"],
        "exp": int(time.time()) + 300,
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}


def token(
    content: dict[str, Any] | None = None, key: Any = RSA_KEY, algorithm: str | None = "RS256", **header: Any
) -> str:
    headers = {"kid": "rsa", "typ": "at+jwt", **header}
    if headers["kid"] is None:
        del headers["kid"]
    return jwt.encode(content or claims(), key, algorithm=algorithm, headers=headers)


@pytest.fixture
def keys() -> KnownKeys:
    return KnownKeys()


@pytest.fixture
def verifier(keys: KnownKeys) -> TokenVerifier:
    return TokenVerifier(keys, ISSUER, "plodnee-debt")


async def refused(verifier: TokenVerifier, text: str) -> bool:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.claims(text)
    return 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


async def test_good_tokens_of_both_algorithms(verifier: TokenVerifier) -> None:
    assert (await verifier.claims(token()))["sub"] == "officer"
    assert (await verifier.claims(token(key=EC_KEY, algorithm="ES256", kid="ec", typ="JWT")))["sub"] == "officer"


async def test_expired(verifier: TokenVerifier) -> None:
    assert await refused(verifier, token(claims(exp=int(time.time()) - 60)))


async def test_other_audience(verifier: TokenVerifier) -> None:
    assert await refused(verifier, token(claims(aud=["plodnee-literacy"])))
    assert await refused(verifier, token(claims(aud="account")))


async def test_alg_none_refused(verifier: TokenVerifier) -> None:
    assert await refused(verifier, token(key=None, algorithm=None))
    for name in ("none", "None", "NONE"):
        header = base64.urlsafe_b64encode(orjson.dumps({"alg": name, "kid": "rsa", "typ": "JWT"})).rstrip(b"=")
        body = base64.urlsafe_b64encode(orjson.dumps(claims())).rstrip(b"=")
        assert await refused(verifier, b".".join((header, body, b"")).decode())


async def test_public_key_as_shared_secret_refused(verifier: TokenVerifier) -> None:
    """The classic confusion: a token signed with HMAC under the public key's bytes."""
    secret = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = base64.urlsafe_b64encode(orjson.dumps({"alg": "HS256", "kid": "rsa", "typ": "JWT"})).rstrip(b"=")
    body = base64.urlsafe_b64encode(orjson.dumps(claims())).rstrip(b"=")
    import hmac

    mark = base64.urlsafe_b64encode(hmac.digest(secret, header + b"." + body, "sha256")).rstrip(b"=")
    assert await refused(verifier, b".".join((header, body, mark)).decode())


async def test_algorithm_of_another_key_refused(verifier: TokenVerifier) -> None:
    assert await refused(verifier, token(key=EC_KEY, algorithm="ES256", kid="rsa"))
    assert await refused(verifier, token(algorithm="RS512"))
    assert await refused(verifier, token(algorithm="PS256"))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"exp": "soon"},
        {"aud": None},
        {"exp": float("nan")},
        {"nbf": int(time.time()) + 600},
        {"nbf": float("nan")},
        {"iat": int(time.time()) + 600},
        {"sub": ""},
        {"sub": " "},
        {"sub": "officer\0"},
        {"sub": "officer\nchief"},
        {"sub": "\ud800"},
        {"sub": "x" * (SUBJECT_CHARACTERS_MAX + 1)},
        {"sub": 7},
        {"typ": "ID"},
        {"typ": "Refresh"},
    ],
)
async def test_claims_that_do_not_fit(verifier: TokenVerifier, changes: dict[str, Any]) -> None:
    assert await refused(verifier, token(claims(**changes)))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": None},
        {"kid": "x" * 300},
        {"typ": "dpop+jwt"},
        {"typ": "refresh+jwt"},
        {"typ": None},
        {"crit": ["bound-to"], "bound-to": "another service"},
    ],
)
async def test_headers_that_do_not_fit(verifier: TokenVerifier, header: dict[str, Any]) -> None:
    assert await refused(verifier, token(**header))


@pytest.mark.parametrize("text", ["", ".", "a.b", "a.b.c", "ก.ข.ค", "e30.e30.", "x" * (TOKEN_CHARACTERS_MAX + 1)])
async def test_what_is_no_token(verifier: TokenVerifier, text: str) -> None:
    assert await refused(verifier, text)


async def test_another_signature(verifier: TokenVerifier) -> None:
    assert await refused(verifier, token(key=OTHER_KEY))
    good = token()
    body = base64.urlsafe_b64encode(orjson.dumps(claims(sub="chief"))).rstrip(b"=").decode()
    head, _, mark = good.split(".")
    assert await refused(verifier, f"{head}.{body}.{mark}")


async def test_good_token_is_remembered_only_until_it_expires(keys: KnownKeys) -> None:
    now = time.time()
    clock = [now]
    verifier = TokenVerifier(keys, ISSUER, "plodnee-debt", lambda: clock[0])
    text = token(claims(exp=int(now) + 300))
    for _ in range(10):
        await verifier.claims(text)
    assert keys.asked == 1
    clock[0] = now + 310
    assert await refused(verifier, text)


async def test_a_key_taken_back_ends_its_remembered_tokens_within_minutes(keys: KnownKeys) -> None:
    now = time.time()
    clock = [now]
    verifier = TokenVerifier(keys, ISSUER, "plodnee-debt", lambda: clock[0])
    endless = token(claims(exp=int(now) + 10 * 365 * 86_400))
    await verifier.claims(endless)
    del keys.keys["rsa"]
    clock[0] = now + REMEMBERED_SECONDS_MAX + 1
    assert await refused(verifier, endless)


async def test_memory_of_tokens_is_bounded(keys: KnownKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TOKENS_REMEMBERED_MAX <= 100_000
    monkeypatch.setattr("shared.chassis.auth.tokens.TOKENS_REMEMBERED_MAX", 5)
    verifier = TokenVerifier(keys, ISSUER, "plodnee-debt")
    texts = [token(claims(sub=str(number))) for number in range(20)]
    for text in texts:
        await verifier.claims(text)
    asked = keys.asked
    await verifier.claims(texts[-1])
    assert keys.asked == asked
    await verifier.claims(texts[0])
    assert keys.asked == asked + 1
