"""Watching and cancelling jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Security
from pydantic import BaseModel, Field

from shared.chassis.auth.caller import Caller, require
from shared.chassis.database import ReadSession
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing
from shared.chassis.jobs.queue import as_caller, describe, get_job, request_cancel
from shared.kernel.errors import Forbidden, NotFound

JobReader = Annotated[Caller, Security(require("job:read"))]


class JobDocument(BaseModel):
    """A job and how far it is. Counts, rate and estimate are those of the present phase."""

    id: UUID
    kind: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    phase: str | None
    done: int
    total: int | None
    rate_per_second: float | None
    eta_seconds: int | None = Field(description="Seconds until the present phase ends, at the present rate.")
    cancel_requested: bool
    attempt: int = Field(description="2 and more: the job was interrupted and resumed.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="A problem's type, or a name to quote when you report it.")
    result: dict[str, Any] | None


class JobAccepted(BaseModel):
    """Long work has been queued; follow it at the address in Location."""

    job_id: UUID


def job_router() -> APIRouter:
    """The routes of a service's jobs."""
    router = APIRouter(route_class=IdempotentRoute, tags=["jobs"])

    @router.get("/jobs/{job_id}", responses=problem_responses(404))
    async def get(caller: JobReader, session: Reading, job_id: UUID) -> JobDocument:
        """How far a job is; seen by whoever asked for it, or whose reach holds all of its reach."""
        return await _job_in_sight(session, caller, job_id)

    @router.post("/jobs/{job_id}/cancel", responses=problem_responses(404))
    async def cancel(caller: JobReader, session: Writing, job_id: UUID) -> JobDocument:
        """Stop a job at its next chunk; what is done stays done. For whoever asked for it, or reaches the country."""
        await as_caller(session, caller.subject)
        row = await get_job(session, job_id)
        if row is None:
            raise NotFound
        if row["requested_by"] != caller.subject and not caller.reach.everything:
            raise Forbidden("Only who asked for the job may cancel it", "เฉพาะผู้สั่งงานเท่านั้นที่ยกเลิกได้")
        await request_cancel(session, job_id)
        return await _job_in_sight(session, caller, job_id)

    return router


async def _job_in_sight(session: ReadSession, caller: Caller, job_id: UUID) -> JobDocument:
    await as_caller(session, caller.subject)
    row = await get_job(session, job_id)
    if row is None:
        raise NotFound
    return JobDocument(**describe(row))
