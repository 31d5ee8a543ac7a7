"""Several apis in one process, by the first segment of the path: what one machine runs.

The path reaches each application unchanged, so that nothing in them knows whether it runs alone. Their lifespans are
entered here, since a server calls only the lifespan of the outermost application.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.chassis.http.health import Readiness, readiness, readiness_response
from shared.chassis.http.problems import status_response
from shared.chassis.http.runtime import Runtime


class Dispatcher:
    """An ASGI application made of others.

    Args:
        apps: by first path segment; the same application may stand under several.
        home: the segment that ``/`` leads to; None answers 404 there.
    """

    def __init__(self, apps: Mapping[str, ASGIApp], home: str | None = None) -> None:
        self._apps = dict(apps)
        self._home = home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespans(receive, send)
            return
        segment = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        app = self._apps.get(segment)
        if app is not None:
            await app(scope, receive, send)
            return
        if scope["type"] == "http":
            await (await self._own_answer(segment))(scope, receive, send)

    async def _own_answer(self, segment: str) -> Response:
        if segment == "" and self._home is not None:
            return RedirectResponse(f"/{self._home}", status_code=307)
        if segment == "livez":
            return Response("ok", media_type="text/plain")
        if segment == "readyz":
            return readiness_response(await self._readiness())
        if segment == "metrics":
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
        return status_response(404)

    @property
    def runtimes(self) -> list[Runtime]:
        """The runtimes of the services mounted, each once."""
        found: dict[int, Runtime] = {}
        for app in self._apps.values():
            if isinstance(app, Starlette) and isinstance(getattr(app.state, "runtime", None), Runtime):
                found[id(app)] = app.state.runtime
        return list(found.values())

    async def _readiness(self) -> list[Readiness]:
        return [await readiness(runtime) for runtime in self.runtimes]

    def lifespans(self) -> list[AbstractAsyncContextManager[Any]]:
        """The lifespans to enter, in the order of the applications, each application once."""
        contexts: dict[int, AbstractAsyncContextManager[Any]] = {}
        for app in self._apps.values():
            if isinstance(app, Starlette) and id(app) not in contexts:
                contexts[id(app)] = app.router.lifespan_context(app)
        return list(contexts.values())

    async def _run_lifespans(self, receive: Receive, send: Send) -> None:
        stack = AsyncExitStack()
        await receive()
        try:
            for lifespan in self.lifespans():
                await stack.enter_async_context(lifespan)
        except BaseException as error:
            await stack.aclose()
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await stack.aclose()
        except BaseException as error:
            await send({"type": "lifespan.shutdown.failed", "message": type(error).__name__})
            raise
        await send({"type": "lifespan.shutdown.complete"})
