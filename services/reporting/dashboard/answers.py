"""Answers of the dashboard: pages with a strict policy, and refusals as pages in the reader's language."""

import gzip
import hashlib
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.reporting.dashboard.pages import Frame
from services.reporting.dashboard.session import LANGUAGE_COOKIE
from services.reporting.dashboard.sign_in import HOME_PATH
from services.reporting.dashboard.templating import render_page
from services.reporting.dashboard.texts import Language, language_of

FOR_EVER: Final = "public, max-age=31536000, immutable"
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of a picture that is opened by itself: it may style itself and do nothing else."""

_KNOWN_STATUSES: Final = (400, 403, 404, 500, 503)


def page_headers(provider_origin: str) -> dict[str, str]:
    """Headers of every page. Forms lead to us, and from signing out on to the identity provider."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        f" connect-src 'self'; form-action 'self' {provider_origin}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "private, no-cache",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Vary": "Accept-Encoding, Cookie",
    }


def reader_language(request: Request) -> Language:
    """The language that the address asks for, else the one chosen before, else Thai."""
    return language_of(request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE))


def page_response(request: Request, content: bytes, provider_origin: str, status: int = 200) -> Response:
    """A page, compressed for whoever takes that, and not sent again to whoever has it."""
    headers = page_headers(provider_origin)
    if status == 200:
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers["ETag"] = etag
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, 5)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, headers=headers, media_type="text/html; charset=utf-8")


def problem_page(
    request: Request, provider_origin: str, status: int, headers: dict[str, str] | None = None
) -> Response:
    """A refusal as a page."""
    key = f"problem_{status}" if status in _KNOWN_STATUSES else "problem_400" if status < 500 else "problem_500"
    action = ("go_home", HOME_PATH) if status in (400, 404) else ("try_again", request.url.path)
    answer = _message(request, provider_origin, (f"{key}_title", f"{key}_text"), action, status, str(status))
    answer.headers.update(headers or {})
    return answer


def sign_in_problem_page(request: Request, provider_origin: str, reason: str) -> Response:
    """Why a sign-in could not go on, and the way to begin again."""
    status = 503 if reason == "sign_in_provider" else 403 if reason == "sign_in_denied" else 400
    return _message(
        request, provider_origin, ("sign_in_failed", reason), ("try_again", f"{HOME_PATH}/sign-in"), status, ""
    )


def signed_out_page(request: Request, provider_origin: str) -> Response:
    """The page after signing out."""
    texts = ("signed_out_title", "signed_out_text")
    return _message(request, provider_origin, texts, ("sign_in", f"{HOME_PATH}/sign-in"), 200, "")


def moved(path: str) -> RedirectResponse:
    """Another address of ours or of the provider; never kept, because it depends on who asks."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def _message(
    request: Request,
    provider_origin: str,
    texts: tuple[str, str],
    action: tuple[str, str],
    status: int,
    shown_status: str,
) -> Response:
    language = reader_language(request)
    beside = language.other
    title, text = texts
    content: dict[str, Any] = {
        "frame": Frame(title=language(title), language_href=f"?lang={beside.code}"),
        "status": shown_status,
        "title": language(title),
        "title_beside": beside(title),
        "text": language(text),
        "text_beside": beside(text),
        "action": language(action[0]),
        "action_href": action[1],
        "request_id": structlog.contextvars.get_contextvars().get("request_id") if status >= 500 else None,
    }
    return page_response(request, render_page("problem.html", language, content), provider_origin, status)
