"""Whether this process lives, whether it should be given work, and what it measures."""

import asyncio
from dataclasses import dataclass

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.chassis.http.runtime import Runtime, runtime_of
from shared.chassis.migrate import head_revision
from shared.chassis.reach import NOWHERE

log = structlog.get_logger(__name__)

READY_SECONDS_MAX = 1.0

health_router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Readiness:
    """Whether one service can take requests, and if not, why."""

    service: str
    ready: bool
    reason: str = ""


@health_router.get("/livez")
async def livez() -> Response:
    """The event loop answers; nothing else is asked, so that a slow database restarts no process."""
    return Response("ok", media_type="text/plain")


@health_router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Not draining, the database answers within a second, and its schema is the one this code expects."""
    return readiness_response([await readiness(runtime_of(request))])


@health_router.get("/metrics")
async def metrics() -> Response:
    """Measurements in Prometheus' text form."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def readiness_response(found: list[Readiness]) -> Response:
    """200 when every service is ready, else 503; with the reason of each."""
    ready = all(entry.ready for entry in found)
    body = {"ready": ready, "services": {entry.service: entry.reason or "ready" for entry in found}}
    return Response(orjson.dumps(body), status_code=200 if ready else 503, media_type="application/json")


async def readiness(runtime: Runtime) -> Readiness:
    """The readiness of one service."""
    name = runtime.service.name
    if runtime.draining:
        return Readiness(name, False, "draining")
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            applied = await _applied_revision(runtime)
    except Exception as error:  # whatever keeps the database from answering, the answer is the same
        log.warning("database_not_ready", service=name, error_type=type(error).__name__)
        return Readiness(name, False, "database does not answer")
    if runtime.service.migrated and applied != head_revision(name):
        return Readiness(name, False, "database is at another migration than this code")
    return Readiness(name, True)


async def _applied_revision(runtime: Runtime) -> str:
    async with runtime.database.read(NOWHERE) as session:
        if not runtime.service.migrated:
            return str(await session.scalar("select ''"))
        return str(await session.scalar("select version_num from alembic_version"))
