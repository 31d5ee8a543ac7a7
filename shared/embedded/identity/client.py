"""Signing in from a script, by the same steps and over the same HTTP as a browser: for the story and the tests."""

import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from shared.embedded.identity.personas import STORY_CLIENT_ID

REDIRECT_URI = "http://127.0.0.1/signed-in"  # never opened: the code is read from the redirect itself


class SignInFailed(Exception):
    """The provider did not let a persona or a system in; the message holds its answer."""


@dataclass(frozen=True)
class Tokens:
    """What the provider gave."""

    access_token: str
    expires_in_seconds: int
    scope: str
    refresh_token: str | None
    id_token: str | None

    @classmethod
    def of_answer(cls, answer: dict[str, Any]) -> "Tokens":
        """Read the token endpoint's answer."""
        return cls(
            access_token=str(answer["access_token"]),
            expires_in_seconds=int(answer["expires_in"]),
            scope=str(answer["scope"]),
            refresh_token=answer.get("refresh_token"),
            id_token=answer.get("id_token"),
        )


async def sign_in(
    http: httpx2.AsyncClient, issuer: str, persona: str, client_id: str = STORY_CLIENT_ID, scope: str = "openid"
) -> Tokens:
    """Sign a persona in: authorization code with PKCE, through the login page. Raises SignInFailed."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": scope,
        "state": state,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    page = await http.get(f"{issuer}/authorize", params=asked, follow_redirects=False)
    if page.status_code != 200:
        raise SignInFailed(f"the login page answered {page.status_code}: {page.headers.get('location', page.text)}")
    sent_back = await choose_persona(http, page, persona)
    fields = parse_qs(urlsplit(sent_back.headers.get("location", "")).query)
    if fields.get("state") != [state] or "code" not in fields:
        raise SignInFailed(f"the login form answered {sent_back.status_code}: {sent_back.text}")
    return await _ask(
        http,
        issuer,
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "redirect_uri": REDIRECT_URI,
            "code": fields["code"][0],
            "code_verifier": verifier,
        },
    )


async def choose_persona(http: httpx2.AsyncClient, login_page: httpx2.Response, persona: str) -> httpx2.Response:
    """Press a persona's button on a login page; the answer is the redirect back to the client."""
    form = _Form.of(login_page.text)
    # The page's own cookie, not the client's jar: several personas may sign in through one client at once.
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in login_page.cookies.items())}
    pressed = {**form.hidden, "persona": persona}
    return await http.post(form.action, data=pressed, headers=cookies, follow_redirects=False)


async def sign_in_system(http: httpx2.AsyncClient, issuer: str, client_id: str, client_secret: str) -> Tokens:
    """Sign a partner's system in with its secret. Raises SignInFailed."""
    asked = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    return await _ask(http, issuer, asked)


async def refresh(
    http: httpx2.AsyncClient, issuer: str, refresh_token: str, client_id: str = STORY_CLIENT_ID
) -> Tokens:
    """New tokens for an old refresh token. Raises SignInFailed."""
    asked = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
    return await _ask(http, issuer, asked)


async def _ask(http: httpx2.AsyncClient, issuer: str, form: dict[str, str]) -> Tokens:
    answer = await http.post(f"{issuer}/token", data=form)
    if answer.status_code != 200:
        raise SignInFailed(f"the token endpoint answered {answer.status_code}: {answer.text}")
    return Tokens.of_answer(answer.json())


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    @classmethod
    def of(cls, page: str) -> "_Form":
        form = cls()
        form.feed(page)
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each element."""
        named = dict(attrs)
        if tag == "form" and not self.action:
            self.action = named.get("action") or ""
        if tag == "input" and named.get("type") == "hidden":
            self.hidden[named.get("name") or ""] = named.get("value") or ""
