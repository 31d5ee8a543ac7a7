"""Enqueueing and looking at jobs, always inside the caller's transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.jobs.registry import to_json
from shared.chassis.reach import Reach
from shared.kernel.identifiers import uuid7

QUEUE = "plodnee"
TASK_NAME = "plodnee.job"
SYSTEM = "system"
_DEDUPLICATION_ATTEMPTS = 5

_DEFER = """
    select (procrastinate_defer_jobs_v1(cast(array[row(
        cast(:queue as varchar), cast(:task as varchar), cast(:priority as integer), cast(:lock as text),
        cast(:queueing_lock as text), cast(:arguments as jsonb), cast(null as timestamptz)
    )] as procrastinate_job_to_defer_v1[])))[1]
"""


async def enqueue(
    session: WriteSession,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    requested_by: str,
    reach: Reach | None = None,
    total: int | None = None,
    lock: str | None = None,
    queueing_lock: str | None = None,
    priority: int = 0,
) -> UUID:
    """Queue a job in the caller's transaction: it exists when the transaction commits, and not before.

    Args:
        session: the transaction.
        kind: a kind the service's `Tasks` know.
        arguments: the handler's keyword arguments; dates, UUIDs and decimals arrive as strings. No personal data.
        requested_by: the caller's subject, who may see and cancel the job; ``SYSTEM`` when nobody asked.
        reach: in which the job runs; the session's own when not given.
        total: how many things there are to do, if that is known already.
        lock: jobs with the same lock run one after the other, in the order they were queued.
        queueing_lock: while a job with this lock waits to start, no second one is queued; its id is returned.
        priority: higher runs first.

    Returns:
        The job's id, for ``202`` and ``Location``.
    """
    job_id = uuid7()
    queued = {"lock": lock, "queueing_lock": queueing_lock, "priority": priority}
    if queueing_lock is None:
        queue_id = await _defer(session, job_id, queued)
    else:
        found = await _defer_once(session, job_id, queueing_lock, queued)
        if isinstance(found, UUID):
            return found
        queue_id = found
    await session.execute(
        """
        insert into job (id, kind, arguments, reach, requested_by, correlation_id, queue_id, total)
        values (:id, :kind, cast(:arguments as jsonb), cast(:reach as jsonb), :requested_by, :correlation_id,
                :queue_id, :total)
        """,
        id=job_id,
        kind=kind,
        arguments=to_json(arguments),
        reach=to_json((reach or session.reach).to_json()),
        requested_by=requested_by,
        correlation_id=structlog.contextvars.get_contextvars().get("correlation_id"),
        queue_id=queue_id,
        total=total,
    )
    return job_id


async def _defer(session: WriteSession, job_id: UUID, queued: Mapping[str, Any]) -> int:
    return int(
        await session.scalar(_DEFER, queue=QUEUE, task=TASK_NAME, arguments=to_json({"job_id": job_id}), **queued)
    )


async def _defer_once(session: WriteSession, job_id: UUID, queueing_lock: str, queued: Mapping[str, Any]) -> int | UUID:
    """The queue's id of a new job, or our id of the one that waits already.

    The waiting row is locked until the transaction ends, so that the job cannot start before it sees what the
    transaction wrote.
    """
    for _ in range(_DEDUPLICATION_ATTEMPTS):
        waiting = await session.scalar(
            "select args ->> 'job_id' from procrastinate_jobs"
            " where queueing_lock = :queueing_lock and status = 'todo' for share",
            queueing_lock=queueing_lock,
        )
        if waiting is not None:
            return UUID(waiting)
        try:
            async with session.savepoint():
                return await _defer(session, job_id, queued)
        except asyncpg.UniqueViolationError:
            continue
    raise RuntimeError(f"the job {queueing_lock!r} starts and ends faster than it can be queued")


async def as_caller(session: ReadSession, subject: str) -> None:
    """Tell the row-level policies of jobs and feeds who asks, for the rest of the transaction."""
    await session.scalar("select set_config('plodnee.subject', :subject, true)", subject=subject)


async def get_job(session: ReadSession, job_id: UUID) -> Row | None:
    """A job within the caller's sight, or None."""
    return await session.fetch_one("select * from job where id = :id", id=job_id)


async def request_cancel(session: WriteSession, job_id: UUID) -> None:
    """Cancel a job that waits; ask one that runs to stop at its next chunk. Nothing happens to one that ended."""
    queue_id = await session.scalar(
        "update job set cancel_requested = true where id = :id and status in ('queued', 'running') returning queue_id",
        id=job_id,
    )
    if queue_id is None:
        return
    removed = await session.scalar("select procrastinate_cancel_job_v1(:id, false, false)", id=queue_id)
    if removed is not None:
        await session.execute("update job set status = 'cancelled', finished_at = now() where id = :id", id=job_id)


def describe(row: Row) -> dict[str, Any]:
    """A job as it is shown: with its rate and what remains, computed from the present phase.

    The rate is things done a second, the estimate is in seconds; both are None while nothing can be said.
    """
    rate, remaining = None, None
    began, seen = row["phase_started_at"] or row["started_at"], row["progressed_at"]
    if began and seen and row["status"] == "running":
        seconds = (seen - began).total_seconds()
        advanced = row["done"] - row["phase_first_done"]
        if seconds > 0 and advanced > 0:
            rate = round(advanced / seconds, 1)
            if row["total"] is not None:
                idle = (datetime.now(UTC) - seen).total_seconds()
                remaining = max(0, round((row["total"] - row["done"]) / (advanced / seconds) - idle))
    return {
        **{
            name: row[name]
            for name in (
                "id", "kind", "status", "phase", "done", "total", "cancel_requested", "attempt",
                "created_at", "started_at", "finished_at", "error",
            )
        },
        "rate_per_second": rate,
        "eta_seconds": remaining,
        "result": row["result"],
    }  # fmt: skip
