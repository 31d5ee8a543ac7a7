"""A provider of tokens for tests: a signing key, its JWKS over HTTP on loopback, and tokens of any content."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shared.chassis.settings import SERVICES

KEY_ID = "test-key"


class TokenIssuer:
    """Serves ``/.well-known/openid-configuration`` and ``/jwks``, and signs tokens. Use as a context manager."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = {
            **RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True),
            "kid": KEY_ID,
            "alg": "RS256",
            "use": "sig",
        }
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document: dict[str, Any] = {"keys": [public]} if self.path == "/jwks" else issuer.metadata
                body = orjson.dumps(document)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing: the test's output is for the test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def metadata(self) -> dict[str, str]:
        """What a provider says of itself; nobody signs in at these addresses."""
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {"issuer": self.url, **{name: f"{self.url}/{place}" for name, place in places.items()}}

    def __enter__(self) -> "TokenIssuer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(
        self,
        *,
        subject: str = "tester",
        scopes: str = "",
        areas: list[str] | None = None,
        client_id: str = "test-client",
        lifetime_seconds: int = 3600,
        **claims: Any,
    ) -> str:
        """A signed token for every service; `areas` None means an officer with assigned co-operatives."""
        now = int(time.time())
        content = {
            "iss": self.url,
            "sub": subject,
            "azp": client_id,
            "aud": [f"plodnee-{service}" for service in SERVICES],
            "iat": now,
            "exp": now + lifetime_seconds,
            "scope": scopes,
            **({} if areas is None else {"areas": areas}),
            **claims,
        }
        return jwt.encode(content, self.key, algorithm="RS256", headers={"kid": KEY_ID, "typ": "JWT"})
