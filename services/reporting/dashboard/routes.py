"""The dashboard's pages. Everything under ``/dashboard`` answers with a page, also what is refused.

GET  /dashboard                               the reader's own area
GET  /dashboard/{year}                        the reader's areas, when he has several
GET  /dashboard/{year}/TH/N/52/5201/{id}      an area, with the path to it
GET  /dashboard/charts/{year}/{area}/x.svg    a chart for paper
GET  /dashboard/freshness                     whether figures have changed
GET  /dashboard/sign-in, /dashboard/callback, /dashboard/signed-out    POST /dashboard/sign-out
GET  /dashboard/static/{digest}/{name}        style, script, icon and Vega, for ever
"""

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.reporting.dashboard.answers import (
    FOR_EVER,
    PICTURE_POLICY,
    moved,
    page_response,
    problem_page,
    reader_language,
    sign_in_problem_page,
    signed_out_page,
)
from services.reporting.dashboard.assets import ASSETS, BUNDLE_NAME
from services.reporting.dashboard.pages import Asked, page_href
from services.reporting.dashboard.service import (
    find_page,
    frame_of,
    home_path,
    load_area_page,
    load_home,
    load_still,
    load_version,
    newest_year,
    reachable,
)
from services.reporting.dashboard.session import Cookies, Session, SessionTooLarge
from services.reporting.dashboard.sign_in import HOME_PATH, Provider, SignInFailed, SignInNeeded
from services.reporting.dashboard.templating import render_page
from services.reporting.dashboard.tiles import COLUMNS, ROWS
from services.reporting.dashboard.vega import NotDrawn, Vega, bundle_digest, cache_folder
from services.reporting.kpis.schemas import Programme
from shared.chassis.auth.caller import Caller, caller_of_token
from shared.chassis.database import ReadSession
from shared.chassis.http.inputs import Text
from shared.chassis.http.problems import InsufficientScope, Unauthenticated, Unavailable, database_problem
from shared.chassis.http.runtime import runtime_of
from shared.chassis.telemetry import REQUESTS_FAILED, exception_facts, route_template
from shared.kernel.errors import DomainError, NotFound

log = structlog.get_logger(__name__)

REPORT_SCOPE: Final = "report:read"


@dataclass
class Dashboard:
    """What the pages of one process need beside the service's runtime."""

    provider: Provider
    cookies: Cookies
    vega: Vega


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = app.state.runtime.settings
    secure = settings.dashboard_url.startswith("https://")
    dashboard = Dashboard(
        provider=Provider(settings),
        cookies=Cookies(settings.key_bytes("session_key"), secure=secure),
        vega=Vega(_scripts_folder()),
    )
    app.state.dashboard = dashboard
    try:
        yield
    finally:
        await dashboard.vega.close()
        await dashboard.provider.close()


def _scripts_folder() -> Path | None:
    try:
        return cache_folder()
    except RuntimeError:  # a user without a home
        return None


def dashboard_of(request: Request) -> Dashboard:
    """The dashboard of the application that a request is for."""
    found: Dashboard = request.app.state.dashboard
    return found


class PageRoute(APIRoute):
    """Answers every refusal with a page, and hands out a renewed session with whatever the answer is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI made, inside ours."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except Exception as error:  # every one of them is answered with a page, and logged where it is ours
                response = await _refusal(request, error)
            _keep_session(request, response)
            return response

        return answer


async def _refusal(request: Request, error: Exception) -> Response:
    origin = dashboard_of(request).provider.origin
    if isinstance(error, SignInNeeded | Unauthenticated):
        back = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
        response: Response = moved(f"{HOME_PATH}/sign-in?next={back}")
        dashboard_of(request).cookies.clear_session(response, request.cookies)
        return response
    if isinstance(error, SignInFailed):
        return sign_in_problem_page(request, origin, error.reason)
    if isinstance(error, RequestValidationError):
        return problem_page(request, origin, 404)
    if isinstance(error, HTTPException):
        return problem_page(request, origin, error.status_code)
    problem = error if isinstance(error, DomainError) else database_problem(error)
    if isinstance(error, DomainError) or isinstance(problem, Unavailable):
        assert problem is not None  # noqa: S101 - one of the two
        return problem_page(request, origin, problem.status, getattr(problem, "headers", None))
    # A page only reads: whatever else its database refuses is a fault of ours.
    REQUESTS_FAILED.labels("reporting").inc()
    log.error("page_failed", route=route_template(request.scope), **exception_facts(error))
    return problem_page(request, origin, 500)


def _keep_session(request: Request, response: Response) -> None:
    renewed: Session | None = getattr(request.state, "renewed_session", None)
    if renewed is None:
        return
    try:
        dashboard_of(request).cookies.set_session(response, renewed, time.time())
    except SessionTooLarge:  # the reader keeps the session he has; when that ends, the sign-in says why no other begins
        log.warning("session_not_renewed", reason="too large")


async def signed_in(request: Request) -> Caller:
    """Who reads, from the session's access token. Raises SignInNeeded, or InsufficientScope without report:read."""
    dashboard = dashboard_of(request)
    session = dashboard.cookies.session(request.cookies, time.time())
    if session is None:
        raise SignInNeeded
    current = await dashboard.provider.current(session)
    caller = await caller_of_token(request, current.access_token)
    if current is not session:
        request.state.renewed_session = current
    if not caller.may(REPORT_SCOPE):
        raise InsufficientScope
    return caller


Reader = Annotated[Caller, Depends(signed_in)]


async def reading(request: Request, caller: Reader) -> AsyncIterator[ReadSession]:
    """A read-only transaction within the reader's reach."""
    async with runtime_of(request).database.read(caller.reach) as session:
        yield session


PageReading = Annotated[ReadSession, Depends(reading, scope="function")]
FIRST_YEAR, LAST_YEAR = 2500, 2700  # by the Buddhist era
Year = Annotated[int, InPath(ge=FIRST_YEAR, le=LAST_YEAR)]
InProgramme = Annotated[Programme | None, Query()]

router = APIRouter(prefix="/dashboard", route_class=PageRoute, lifespan=_lifespan)


@router.get("")
async def open_dashboard(session: PageReading, programme: InProgramme = None) -> Response:
    """To the reader's own area in the newest fiscal year."""
    return moved(await home_path(session, await newest_year(session), programme))


@router.get("/sign-in")
async def begin_sign_in(request: Request, next: str = HOME_PATH, hop: bool = False) -> Response:  # noqa: A002 - its name in the address
    """To the identity provider."""
    dashboard = dashboard_of(request)
    ours = urlsplit(dashboard.provider.base_url).netloc
    if not hop and request.headers.get("host", ours) != ours:
        # The provider sends the browser back to the address that is set; the cookie must be set there too.
        return moved(f"{dashboard.provider.base_url}{HOME_PATH}/sign-in?hop=true&next={quote(next, safe='')}")
    url, attempt = await dashboard.provider.begin(next)
    response = moved(url)
    dashboard.cookies.set_attempt(response, attempt)
    return response


@router.get("/callback")
async def finish_sign_in(request: Request) -> Response:
    """From the identity provider: the code becomes a session."""
    dashboard, answer = dashboard_of(request), dict(request.query_params)
    state = answer.get("state", "")
    attempt = dashboard.cookies.attempt(request.cookies, state)
    session = await dashboard.provider.finish(attempt, answer)
    try:
        await caller_of_token(request, session.access_token)
    except Unauthenticated:  # beginning anew would lead to the same token, and round and round
        raise SignInFailed("sign_in_token") from None
    response = moved(HOME_PATH if attempt is None else attempt.next_path)
    dashboard.cookies.clear_attempt(response, state)
    try:
        dashboard.cookies.set_session(response, session, time.time())
    except SessionTooLarge:
        raise SignInFailed("sign_in_token") from None
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the session, at the provider and here."""
    dashboard = dashboard_of(request)
    _refuse_foreign_form(request, dashboard)
    session = dashboard.cookies.session(request.cookies, time.time())
    response = moved(await dashboard.provider.end(session))
    dashboard.cookies.clear_session(response, request.cookies)
    return response


def _refuse_foreign_form(request: Request, dashboard: Dashboard) -> None:
    """Another site's form must not sign a reader out: the browser says where the form stood."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    here = {dashboard.provider.base_url, f"{request.url.scheme}://{request.url.netloc}"}
    if site not in ("same-origin", "none") or (origin is not None and origin not in here):
        raise HTTPException(403)


@router.get("/signed-out")
async def show_signed_out(request: Request) -> Response:
    """The page after signing out."""
    return signed_out_page(request, dashboard_of(request).provider.origin)


@router.get("/static/{digest}/{name}")
async def read_static(request: Request, digest: str, name: str) -> Response:
    """A file of ours, or Vega; kept by browsers for ever, since the address changes with the content."""
    if name == BUNDLE_NAME and digest == bundle_digest():
        try:
            content = await dashboard_of(request).vega.bundle()
        except NotDrawn:
            raise Unavailable from None
        media_type = "text/javascript; charset=utf-8"
    else:
        asset = ASSETS.get(name)
        if asset is None or asset.digest != digest:
            raise NotFound
        content, media_type = asset.compressed, asset.media_type
    headers = {"Content-Encoding": "gzip", "Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    return Response(content, headers=headers, media_type=media_type)


@router.get("/freshness")
async def read_freshness(
    request: Request,
    fiscal_year_be: Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR)],
    area: Annotated[Text, Query(max_length=36)],
    programme: InProgramme = None,
) -> Response:
    """A word that changes when a figure of the page changes; 304 when it has not, 401 when signed out."""
    try:
        caller = await signed_in(request)
    except (SignInNeeded, Unauthenticated):
        return Response(status_code=401, headers={"Cache-Control": "no-store"})
    asked = Asked(fiscal_year_be, (area,), programme, reader_language(request))
    async with runtime_of(request).database.read(caller.reach) as session:
        version = await load_version(session, asked)
    headers = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(f'{{"version":"{version}"}}', headers=headers, media_type="application/json")


@router.get("/charts/{year}/{code}/{chart}.svg")
async def read_still(
    request: Request, year: Year, code: str, chart: str, session: PageReading, programme: InProgramme = None
) -> Response:
    """A chart as a still picture for paper and for browsers without scripts."""
    spec = await load_still(session, Asked(year, (code,), programme, reader_language(request)), chart)
    try:
        picture = await dashboard_of(request).vega.picture(spec)
    except NotDrawn:
        raise Unavailable from None
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Cache-Control": "private, max-age=86400"}
    return Response(picture, headers=headers, media_type="image/svg+xml")


@router.get("/{year}")
async def read_home(
    request: Request, year: Year, session: PageReading, caller: Reader, programme: InProgramme = None
) -> Response:
    """The areas of a reader who has several; whoever has one is led there."""
    home = await home_path(session, year, programme)
    if home != page_href(year, (), programme):
        return moved(home)
    asked = Asked(year, (), programme, reader_language(request))
    content = {
        "frame": await frame_of(session, asked, [], asked.language("home"), caller.name, frozenset()),
        "areas": await load_home(session, asked),
        "year": year,
    }
    return _page(request, asked, "home.html", content)


@router.get("/{year}/{path:path}")
async def read_area(
    request: Request, year: Year, path: str, session: PageReading, caller: Reader, programme: InProgramme = None
) -> Response:
    """An area's figures."""
    codes = tuple(path.strip("/").split("/"))
    asked, area, areas = await find_page(session, Asked(year, codes, programme, reader_language(request)))
    if asked.codes != codes:
        return moved(asked.href())
    page = await load_area_page(session, asked, area, areas)
    title = f"{page.name} · {asked.language('fiscal_year')} {year}"
    content = {
        "frame": await frame_of(session, asked, areas, title, caller.name, await reachable(session, areas)),
        "page": page,
        "year": year,
        "columns": COLUMNS,
        "rows": ROWS,
    }
    return _page(request, asked, "area.html", content)


@router.get("/{rest:path}")
async def refuse_unknown(rest: str) -> Response:
    """Nothing else stands here; a slash too many leads to the front page."""
    if not rest:
        return moved(HOME_PATH)
    raise NotFound


def _page(request: Request, asked: Asked, template: str, content: dict[str, Any]) -> Response:
    dashboard = dashboard_of(request)
    rendered = render_page(template, asked.language, content)
    response = page_response(request, rendered, dashboard.provider.origin)
    if request.query_params.get("lang") in ("th", "en"):
        dashboard.cookies.set_language(response, asked.language.code)
    return response
