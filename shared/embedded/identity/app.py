"""The endpoints of the development identity provider, as an ASGI application to be mounted under the issuer's path.

GET  /.well-known/openid-configuration   GET  /jwks
GET  /authorize   POST /login            authorization code with PKCE S256, for persons
POST /token                              authorization_code, refresh_token, client_credentials
POST /revoke                             a refresh token, with all others of the same sign-in (RFC 7009)
GET  /userinfo    GET  /logout
"""

import hmac
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.embedded.errors import UnsafeEnvironment
from shared.embedded.identity.login_page import page_headers, render_login, render_problem
from shared.embedded.identity.personas import PUBLIC_CLIENT_IDS, ROLE_SCOPES, Principal, personas, systems
from shared.embedded.identity.requests import (
    LOOPBACK_HOSTS,
    RefusedRequest,
    client_credentials,
    granted_scopes,
    is_challenge,
    is_loopback,
    once_each,
    origin_of,
    proves,
    read_form,
    with_query,
)
from shared.embedded.identity.tokens import ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, Issuer
from shared.embedded.secret_store import client_secret_name, load_secrets
from shared.embedded.state import StateFolder

CODE_SECONDS = 60
LOGIN_SECONDS = 1800
_COOKIE = "plodnee_identity"
_ENDED_FILE = "ended_sign_ins.json"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

Handler = Callable[[Request], Awaitable[Response]]


def create_identity_app(
    state: StateFolder, *, issuer: str, province: str = "52", environment: str | None = None
) -> Starlette:
    """The provider as an ASGI application; mount it at the path of `issuer`.

    `province` is the two-digit code that reaches of the province's personas name. `environment` None means
    PLODNEE_ENVIRONMENT. Raises UnsafeEnvironment in production: this provider asks for no passwords.
    """
    named = {environment, os.environ.get("PLODNEE_ENVIRONMENT")}
    if "production" in named:
        raise UnsafeEnvironment(
            "The development identity provider lets anybody in and does not run in production.",
            "Set PLODNEE_ISSUER to the organisation's identity provider.",
        )
    provider = _Provider(state, issuer.rstrip("/"), province)
    routes = [
        Route("/.well-known/openid-configuration", _safely(provider.discovery), methods=["GET"]),
        Route("/jwks", _safely(provider.jwks), methods=["GET"]),
        Route("/authorize", _safely(provider.authorize), methods=["GET"]),
        Route("/login", _safely(provider.login), methods=["POST"]),
        Route("/token", _safely(provider.token), methods=["POST"]),
        Route("/revoke", _safely(provider.revoke), methods=["POST"]),
        Route("/userinfo", _safely(provider.userinfo), methods=["GET", "POST"]),
        Route("/logout", _safely(provider.logout), methods=["GET"]),
    ]
    # A foreign page that resolves its own name to this machine must not reach a provider without passwords.
    hosts = sorted({*LOOPBACK_HOSTS - {"::1"}, urlsplit(issuer).hostname or "127.0.0.1"})
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)])


def _safely(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedRequest as refused:
            headers = dict(_NO_STORE)
            if refused.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="plodnee"'
            body = {"error": refused.error, "error_description": refused.description}
            return JSONResponse(body, status_code=refused.status, headers=headers)

    return answer


class _Provider:
    def __init__(self, state: StateFolder, issuer: str, province: str) -> None:
        self.issuer = issuer
        self.tokens = Issuer(state, issuer)
        self.personas = personas(province)
        self.systems = systems(province)
        kept = load_secrets(state)
        self._client_secrets = {client_id: kept[client_secret_name(client_id)] for client_id in self.systems}
        self._used_codes: dict[str, float] = {}  # code's number -> when it expires anyway
        self._state = state
        self._ended_sign_ins = state.read(_ENDED_FILE)  # sign-in -> when its last token has expired anyway

    async def discovery(self, _request: Request) -> Response:
        """OpenID Connect Discovery 1.0."""
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "revocation_endpoint": "revoke",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "end_session_endpoint": "logout",
        }
        scopes = {"openid", "profile", *(scope for listed in ROLE_SCOPES.values() for scope in listed)}
        return JSONResponse(
            {
                "issuer": self.issuer,
                **{name: f"{self.issuer}/{path}" for name, path in endpoints.items()},
                "scopes_supported": sorted(scopes),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "ui_locales_supported": ["th", "en"],
            }
        )

    async def jwks(self, _request: Request) -> Response:
        """The public keys."""
        return JSONResponse(self.tokens.jwks(), headers={"Cache-Control": "public, max-age=300"})

    async def authorize(self, request: Request) -> Response:
        """Check what the client asks for and show the page of personas."""
        try:
            asked = once_each(parse_qsl(request.url.query, keep_blank_values=True))
        except RefusedRequest as refused:
            return _problem_page("คำขอไม่ถูกต้อง", refused.description)
        redirect_uri = asked.get("redirect_uri", "")
        # To an address that has not been checked nothing is sent, not even an error.
        if asked.get("client_id") not in PUBLIC_CLIENT_IDS:
            return _problem_page("ไม่รู้จักระบบที่ส่งคุณมา", "The client_id is not known here.")
        if not is_loopback(redirect_uri):
            return _problem_page("ที่อยู่ปลายทางต้องอยู่ในเครื่องนี้", "The redirect_uri must lead to this machine (127.0.0.1).")
        problem = _authorization_problem(asked)
        if problem is not None:
            return _back_to_client(redirect_uri, asked, error=problem.error, error_description=problem.description)
        browser = request.cookies.get(_COOKIE) or secrets.token_urlsafe(24)
        kept = ("client_id", "redirect_uri", "state", "scope", "nonce", "code_challenge")
        sealed = self.tokens.seal("login", {"browser": browser, **{name: asked.get(name) for name in kept}})
        page = render_login(f"{self.issuer}/login", sealed, self.personas.values())
        response = HTMLResponse(page, headers=page_headers(origin_of(redirect_uri)))
        path = urlsplit(self.issuer).path or "/"
        response.set_cookie(_COOKIE, browser, path=path, httponly=True, samesite="strict", max_age=LOGIN_SECONDS)
        return response

    async def login(self, request: Request) -> Response:
        """The button of a persona was pressed: send the browser back with a code.

        Only the page that this provider showed to this very browser is accepted: the form carries a sealed request
        that names the browser's cookie, and no other site can read either or send the cookie.
        """
        form = await read_form(request)
        asked = self.tokens.unseal("login", form.get("request", ""), LOGIN_SECONDS)
        same_browser = asked is not None and hmac.compare_digest(
            str(asked["browser"]), request.cookies.get(_COOKIE, "")
        )
        origin = request.headers.get("origin")
        if asked is None or not same_browser or origin not in (None, origin_of(self.issuer)):
            return _problem_page(
                "หน้านี้หมดอายุ โปรดเริ่มเข้าสู่ระบบใหม่",
                "This page has expired or was not opened here. Start the sign-in again.",
            )
        persona = self.personas.get(form.get("persona", ""))
        if persona is None:
            return _problem_page("ไม่มีบทบาทนี้", "There is no such persona.")
        code = self.tokens.seal("code", {**asked, "subject": persona.subject, "number": secrets.token_urlsafe(16)})
        return _back_to_client(asked["redirect_uri"], asked, code=code, iss=self.issuer)

    async def token(self, request: Request) -> Response:
        """Exchange a code, a refresh token or a client's secret for tokens."""
        form = await read_form(request)
        client_id, secret = client_credentials(request, form)
        grants: dict[str, Callable[[dict[str, str], str], dict[str, Any]]] = {
            "authorization_code": self._exchange_code,
            "refresh_token": self._refresh,
        }
        grant = form.get("grant_type", "")
        if grant == "client_credentials":
            answer = self._client_token(form, client_id, secret)
        elif grant not in grants:
            raise RefusedRequest("unsupported_grant_type", f"grant_type {grant!r} is not offered")
        else:
            _refuse_unless_public(client_id)
            answer = grants[grant](form, client_id)
        return JSONResponse(answer, headers=_NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """End the sign-in that a refresh token came of; a text that is no token of the client changes nothing."""
        form = await read_form(request)
        client_id, _ = client_credentials(request, form)
        _refuse_unless_public(client_id)
        if not form.get("token"):
            raise RefusedRequest("invalid_request", "the token is missing")
        kept = self._unsealed_refresh_token(form["token"], client_id)
        if kept is not None:
            self._end_sign_in(str(kept["sign_in"]))
        return Response(headers=_NO_STORE)

    async def userinfo(self, request: Request) -> Response:
        """Who the bearer of an access token is."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self.tokens.verified_claims(token.strip()) if scheme.lower() == "bearer" else None
        if claims is None:
            headers = {**_NO_STORE, "WWW-Authenticate": 'Bearer realm="plodnee", error="invalid_token"'}
            return JSONResponse({"error": "invalid_token"}, status_code=401, headers=headers)
        shown = {name: claims[name] for name in ("sub", "name", "roles", "areas") if name in claims}
        return JSONResponse(shown, headers=_NO_STORE)

    async def logout(self, request: Request) -> Response:
        """Nobody stays signed in here, so signing out only leads back to the client."""
        target = request.query_params.get("post_logout_redirect_uri", "")
        if is_loopback(target):
            return RedirectResponse(with_query(target, {"state": request.query_params.get("state")}), status_code=303)
        page = render_problem("ออกจากระบบแล้ว", "You are signed out.")
        return HTMLResponse(page, headers=page_headers())

    def _exchange_code(self, form: dict[str, str], client_id: str) -> dict[str, Any]:
        kept = self.tokens.unseal("code", form.get("code", ""), CODE_SECONDS)
        if kept is None or kept["client_id"] != client_id or kept["redirect_uri"] != form.get("redirect_uri"):
            raise RefusedRequest("invalid_grant", "the code is not valid for this client and redirect_uri, or too old")
        # Used up before the verifier is looked at: a stolen code allows no second guess.
        first_use = self._use_up(str(kept["number"]))
        if not proves(form.get("code_verifier", ""), str(kept["code_challenge"])):
            raise RefusedRequest("invalid_grant", "the code_verifier does not belong to the code_challenge")
        if not first_use:
            raise RefusedRequest("invalid_grant", "the code has been used")
        persona = self.personas[str(kept["subject"])]
        # The code's number names the sign-in: whatever is renewed from it ends with it.
        return self._user_tokens(persona, client_id, str(kept["scope"] or ""), str(kept["number"]), kept["nonce"])

    def _refresh(self, form: dict[str, str], client_id: str) -> dict[str, Any]:
        kept = self._unsealed_refresh_token(form.get("refresh_token", ""), client_id)
        if kept is None or kept["sign_in"] in self._ended_sign_ins:
            raise RefusedRequest("invalid_grant", "the refresh token is not valid for this client, revoked or too old")
        persona = self.personas[str(kept["subject"])]
        return self._user_tokens(persona, client_id, str(kept["scope"]), str(kept["sign_in"]), nonce=None)

    def _client_token(self, form: dict[str, str], client_id: str, secret: str) -> dict[str, Any]:
        known = self._client_secrets.get(client_id)
        if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
            raise RefusedRequest("invalid_client", "the client is not known or its secret is wrong", status=401)
        system = self.systems[client_id]
        scopes = granted_scopes(form.get("scope", ""), system.scopes)
        return _token_answer(self.tokens.access_token(system, client_id, scopes), scopes)

    def _user_tokens(
        self, persona: Principal, client_id: str, asked: str, sign_in: str, nonce: str | None
    ) -> dict[str, Any]:
        scopes = granted_scopes(asked, persona.scopes)
        refresh = {"client_id": client_id, "subject": persona.subject, "scope": asked, "sign_in": sign_in}
        answer = _token_answer(self.tokens.access_token(persona, client_id, scopes), scopes)
        answer["refresh_token"] = self.tokens.seal("refresh", refresh)
        if "openid" in asked.split():
            answer["id_token"] = self.tokens.identity_token(persona, client_id, nonce)
        return answer

    def _unsealed_refresh_token(self, token: str, client_id: str) -> dict[str, Any] | None:
        kept = self.tokens.unseal("refresh", token, REFRESH_TOKEN_SECONDS)
        return kept if kept is not None and kept["client_id"] == client_id and "sign_in" in kept else None

    def _end_sign_in(self, sign_in: str) -> None:
        now = time.time()
        # Until its last refresh token is too old anyway; kept in a file, because the tokens outlive a restart too.
        ended = {known: until for known, until in self._ended_sign_ins.items() if until > now}
        self._ended_sign_ins = {**ended, sign_in: now + REFRESH_TOKEN_SECONDS}
        self._state.write(_ENDED_FILE, dict(self._ended_sign_ins))

    def _use_up(self, number: str) -> bool:
        now = time.monotonic()
        # What has expired is refused by its age; remembering it longer would only fill memory.
        self._used_codes = {known: expires for known, expires in self._used_codes.items() if expires > now}
        if number in self._used_codes:
            return False
        self._used_codes[number] = now + CODE_SECONDS + 5
        return True


def _refuse_unless_public(client_id: str) -> None:
    if client_id not in PUBLIC_CLIENT_IDS:
        raise RefusedRequest("invalid_client", "the client is not known, or may not do this", status=401)


def _authorization_problem(asked: dict[str, str]) -> RefusedRequest | None:
    if asked.get("response_type") != "code":
        return RefusedRequest("unsupported_response_type", "only response_type=code is offered")
    if asked.get("code_challenge_method") != "S256" or not is_challenge(asked.get("code_challenge", "")):
        return RefusedRequest("invalid_request", "PKCE with code_challenge_method=S256 is required")
    if "none" in asked.get("prompt", "").split():
        return RefusedRequest("login_required", "nobody stays signed in at this provider")
    return None


def _back_to_client(redirect_uri: str, asked: dict[str, Any], **fields: str) -> Response:
    target = with_query(redirect_uri, {**fields, "state": asked.get("state")})
    return RedirectResponse(target, status_code=303, headers={**_NO_STORE, "Referrer-Policy": "no-referrer"})


def _problem_page(thai: str, english: str) -> Response:
    return HTMLResponse(render_problem(thai, english), status_code=400, headers=page_headers())


def _token_answer(access_token: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_SECONDS,
        "scope": " ".join(scopes),
    }
