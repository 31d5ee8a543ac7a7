"""Makes the api of a service: its routers behind the promises that every route keeps.

Middleware is pure ASGI: Starlette's ``BaseHTTPMiddleware`` costs ten times as much on a small request and breaks
context variables and cancellation.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shared.chassis.auth.assignments import AssignedReach
from shared.chassis.auth.jwks import JwksCache
from shared.chassis.auth.tokens import TokenVerifier
from shared.chassis.database import Database
from shared.chassis.http.body_limit import BodyLimitMiddleware
from shared.chassis.http.health import health_router
from shared.chassis.http.openapi import offline_app
from shared.chassis.http.problems import install_problem_handlers, problem_responses
from shared.chassis.http.runtime import Runtime
from shared.chassis.http.sealing import Sealer
from shared.chassis.initialise import refuse_unsafe_role
from shared.chassis.service import Service
from shared.chassis.settings import Settings, get_settings
from shared.chassis.telemetry import TelemetryMiddleware


def create_app(service: Service, *, settings: Settings | None = None) -> FastAPI:
    """The api of a service.

    Args:
        service: what to mount.
        settings: of this process; read from the environment when not given.

    Raises:
        MissingSettings: a setting that the api cannot do without is not set.
        UnsafeSettings: production with a developer's settings.
    """
    settings = settings or get_settings()
    settings.refuse_unsafe_production()
    runtime = _runtime(service, settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if settings.is_production:
            await refuse_unsafe_role(settings, service.name, "api")
        runtime.draining = False
        try:
            yield
        finally:
            runtime.draining = True
            await runtime.database.close()

    app = offline_app(service, lifespan)
    app.state.runtime = runtime
    install_problem_handlers(app)
    for router in service.routers:
        app.include_router(router, prefix=service.prefix, responses=problem_responses(401, 403, 422, 503))
    for router in service.page_routers:
        app.include_router(router, include_in_schema=False)
    app.include_router(health_router)  # last: a path is compared with one route after another
    app.add_middleware(BodyLimitMiddleware, bytes_max=settings.request_body_bytes_max)
    app.add_middleware(TelemetryMiddleware, service=service.name, prefix=service.prefix)  # the last added is outermost
    return app


def _runtime(service: Service, settings: Settings) -> Runtime:
    database = Database(settings, service.name, "api", f"plodnee-{service.name}-api")
    consumer = None if service.owns_assignments or service.inbox is None else service.inbox.consumer
    session_key = settings.key_bytes("session_key")
    return Runtime(
        service=service,
        settings=settings,
        database=database,
        tokens=TokenVerifier(JwksCache(settings), settings.require("issuer"), service.audience),
        assigned=AssignedReach(database, consumer, settings.assignment_age_max_seconds),
        cursors=Sealer(session_key, "cursor"),
        answers=Sealer(session_key, "stored answer"),
    )
