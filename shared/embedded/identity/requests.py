"""What clients may ask of the development identity provider: forms, redirects, PKCE, scopes, client secrets."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.requests import Request

FORM_BYTES_MAX = 32_768
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_PKCE = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1
# Characters that browsers and parsers read differently have no place in an address we send a code to.
_SUSPECT = re.compile(r"[\\\s\x00-\x1f\x7f]")


class RefusedRequest(Exception):
    """A request the protocol answers with an error code: RFC 6749, 4.1.2.1 and 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form-encoded body, each once. Raises RefusedRequest for anything else, and for a large body."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise RefusedRequest("invalid_request", "the body must be application/x-www-form-urlencoded")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise RefusedRequest("invalid_request", f"the body is larger than {FORM_BYTES_MAX} bytes", status=413)
    return once_each(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))


def once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name. Raises RefusedRequest when one comes twice (RFC 6749, 3.1)."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RefusedRequest("invalid_request", "a parameter comes twice")
    return fields


def is_loopback(redirect_uri: str) -> bool:
    """Whether an address certainly leads to this machine: the only place this provider sends a code to."""
    if _SUSPECT.search(redirect_uri):
        return False
    try:
        parts = urlsplit(redirect_uri)
        _ = parts.port  # reading it refuses a malformed one
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and parts.hostname in LOOPBACK_HOSTS
        and parts.username is None
        and parts.password is None
        and not parts.fragment
    )


def origin_of(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def with_query(address: str, fields: Mapping[str, str | None]) -> str:
    """The address with these fields added to its query; those that are None are left out."""
    parts = urlsplit(address)
    added = urlencode({name: value for name, value in fields.items() if value is not None})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def is_challenge(text: str) -> bool:
    """Whether the text has the form of a PKCE S256 challenge."""
    return _PKCE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one the challenge was made from (PKCE, S256)."""
    return _PKCE.fullmatch(verifier) is not None and hmac.compare_digest(
        create_s256_code_challenge(verifier), challenge
    )


def granted_scopes(asked: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The role's scopes among those asked for; all of them when only OpenID's own were asked for."""
    named = {scope for scope in asked.split() if ":" in scope}
    return tuple(scope for scope in allowed if scope in named) if named else allowed


def client_credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret from the Basic header or the form; the secret is empty for a public client."""
    header = request.headers.get("authorization", "")
    if not header:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise RefusedRequest("invalid_client", "the Authorization header is not Basic", status=401)
    return client_id, secret
