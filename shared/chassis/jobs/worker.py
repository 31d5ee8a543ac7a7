"""The process that runs jobs: procrastinate's queue, our table of jobs around it.

procrastinate fetches, locks and schedules. A job's own row says what its caller may know. When a worker dies, its
heartbeat stops, and any other worker puts its jobs back into the queue.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from shared.chassis.database import Database, Row, is_transient
from shared.chassis.http.idempotency import delete_expired_answers
from shared.chassis.jobs.queue import QUEUE, SYSTEM, TASK_NAME, enqueue
from shared.chassis.jobs.registry import (
    ATTEMPTS_MAX,
    JobCancelled,
    JobContext,
    JobReplaced,
    Tasks,
    to_json,
)
from shared.chassis.reach import UNSCOPED, Reach
from shared.chassis.settings import Settings
from shared.chassis.telemetry import exception_facts
from shared.chassis.waiting import wait
from shared.kernel.errors import DomainError

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 30.0  # six heartbeats: a worker busy with a long calculation is not taken for dead
POLL_SECONDS = 2.0  # only a fallback: a new job is announced by NOTIFY
RESTART_PAUSE_SECONDS = 2.0
FINISHED_KEPT_HOURS = 24 * 90
CRON_TASK_NAME = "plodnee.cron"
HOUSEKEEPING_CRON = "17 19 * * *"  # 02:17 in Bangkok


async def run_jobs(
    tasks: Tasks,
    database: Database,
    settings: Settings,
    stop: asyncio.Event,
    *,
    stalled_seconds: float = STALLED_SECONDS,
) -> None:
    """Run jobs until `stop` is set; then finish what ends in time and put the rest back.

    Args:
        tasks: what the jobs of each kind do.
        database: of the worker role.
        settings: bounds and the drain time.
        stop: set at shutdown.
        stalled_seconds: how long a worker may be silent before its jobs go to another.
    """
    while not stop.is_set():
        try:
            await _run_worker(tasks, database, settings, stop, stalled_seconds)
        except Exception as error:
            if not isinstance(error, ConnectorException | psycopg.Error) and not is_transient(error):
                raise
            log.warning("jobs_lost_database", service=database.service, error=type(error).__name__)
        await wait(stop, RESTART_PAUSE_SECONDS)


def housekeeping_tasks() -> Tasks:
    """What every service's jobs look after besides their own work."""
    tasks = Tasks()
    tasks.task("housekeeping", cron=HOUSEKEEPING_CRON)(_remove_old)
    return tasks


async def _run_worker(
    tasks: Tasks, database: Database, settings: Settings, stop: asyncio.Event, stalled_seconds: float
) -> None:
    connector = procrastinate.PsycopgConnector(
        conninfo=_conninfo(database.url),
        min_size=1,
        max_size=settings.job_concurrency + 2,
        timeout=settings.database_pool_wait_seconds,
        kwargs={"application_name": f"plodnee {database.service} jobs"},
    )
    app = _app(connector, tasks, database, settings)
    async with database.unscoped():
        pass  # the queue's own pool waits half a minute for a database that is away, and would not hear the stop
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                name=f"plodnee-{database.service}",
                concurrency=settings.job_concurrency,
                wait=True,
                fetch_job_polling_interval=POLL_SECONDS,
                abort_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=max(1.0, settings.drain_seconds_max - 5.0),
                listen_notify=True,
                delete_jobs="never",
                install_signal_handlers=False,
                update_heartbeat_interval=min(HEARTBEAT_SECONDS, stalled_seconds / 4),
                stalled_worker_timeout=stalled_seconds,
            )
        )
        pruner = asyncio.create_task(_requeue_stalled(database, stalled_seconds))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((worker, pruner, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopped, pruner, worker):
                task.cancel()
            results = await asyncio.gather(worker, pruner, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


def _app(
    connector: procrastinate.PsycopgConnector, tasks: Tasks, database: Database, settings: Settings
) -> procrastinate.App:
    app = procrastinate.App(connector=connector)

    @app.task(name=TASK_NAME, queue=QUEUE, retry=_Retry())
    async def run(job_id: str) -> None:
        await run_job(tasks, database, settings, UUID(job_id))

    @app.task(name=CRON_TASK_NAME, queue=QUEUE, retry=_Retry())
    async def run_cron(timestamp: int, kind: str) -> None:
        await _enqueue_scheduled(database, kind, timestamp)

    for task in tasks.by_kind.values():
        if task.cron is not None:
            app.periodic(cron=task.cron, periodic_id=task.kind, task_kwargs={"kind": task.kind})(run_cron)
    return app


class _Retry(BaseRetryStrategy):
    """Back into the queue: at once when the worker is shutting down, a little later after a lost connection."""

    def get_retry_decision(self, *, exception: BaseException, job: Any) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if is_transient(exception):
            return RetryDecision(retry_in={"seconds": min(60, 2 ** (job.attempts + 1))})
        return None


async def run_job(tasks: Tasks, database: Database, settings: Settings, job_id: UUID) -> None:
    """Run one job to its end and write down how it ended.

    Raises:
        CancelledError: the process stops; the job is queued again.
        Exception: a transient fault; the queue tries again. Every other fault ends the job as failed.
    """
    row = await _start(database, job_id)
    if row is None:
        return
    context = JobContext(
        job_id=job_id,
        kind=row["kind"],
        database=database,
        settings=settings,
        reach=Reach.from_json(row["reach"]),
        requested_by=row["requested_by"],
        attempt=row["attempt"],
        correlation_id=row["correlation_id"],
        fruitless_since=row["fruitless_since"],
    )
    if context.attempt > ATTEMPTS_MAX:
        await _finish(context, "failed", error="too-many-attempts")
        return
    bound = {"job_id": str(job_id), "job_kind": context.kind, "correlation_id": context.correlation_id}
    with structlog.contextvars.bound_contextvars(**bound):
        await _run_to_end(tasks, context, row["arguments"])


async def _run_to_end(tasks: Tasks, context: JobContext, arguments: dict[str, Any]) -> None:
    task = tasks.by_kind.get(context.kind)
    if task is None:
        log.error("job_kind_unknown")
        await _finish(context, "failed", error="unknown-kind")
        return
    try:
        result = await task.handler(context, **arguments)
    except JobCancelled:
        log.info("job_cancelled")
        await _finish(context, "cancelled")
    except JobReplaced:
        log.warning("job_replaced")
    except asyncio.CancelledError:
        await asyncio.shield(_finish(context, "queued"))
        raise
    except DomainError as error:
        log.info("job_refused", error=error.type)
        await _finish(context, "failed", error=error.type)
    except Exception as error:
        if is_transient(error) and not context.gives_up:
            log.warning("job_interrupted", error=type(error).__name__, **exception_facts(error))
            await _finish(context, "queued", interrupted=True)
            raise
        log.error("job_failed", error=type(error).__name__, **exception_facts(error))
        await _finish(context, "failed", error=type(error).__name__)
    else:
        await _finish(context, "succeeded", result=result)


async def _start(database: Database, job_id: UUID) -> Row | None:
    """Take the job for a new attempt; None when it has ended, or ends here because it was asked to stop."""
    async with database.unscoped() as session:
        row = await session.fetch_one(
            """
            update job set attempt = attempt + 1, started_at = coalesce(started_at, now()),
                status = case when cancel_requested then 'cancelled' else 'running' end,
                finished_at = case when cancel_requested then now() end,
                phase = null, phase_started_at = now(), phase_first_done = done, progressed_at = now()
            where id = :id and status in ('queued', 'running')
            returning kind, arguments, reach, requested_by, correlation_id, attempt, cancel_requested,
                      fruitless_since
            """,
            id=job_id,
        )
    return None if row is None or row["cancel_requested"] else row


async def _finish(
    context: JobContext, status: str, *, error: str | None = None, result: Any = None, interrupted: bool = False
) -> None:
    async with context.database.unscoped() as session:
        await session.execute(
            """
            update job set status = :status, error = :error, result = cast(:result as jsonb),
                finished_at = case when :status = 'queued' then null else now() end,
                done = case when :status = 'succeeded' then coalesce(total, done) else done end,
                fruitless_since = case when :got_further then null
                                       when :interrupted then coalesce(fruitless_since, now()) else fruitless_since end
            where id = :id and attempt = :attempt and status = 'running'
            """,
            id=context.job_id,
            attempt=context.attempt,
            status=status,
            got_further=context.got_further,
            interrupted=interrupted,
            error=error,
            result=None if result is None else to_json(result),
        )


async def _enqueue_scheduled(database: Database, kind: str, timestamp: int) -> None:
    async with database.unscoped() as session:
        await enqueue(session, kind, {}, requested_by=SYSTEM, reach=UNSCOPED, queueing_lock=f"cron:{kind}")
    log.info("job_scheduled", job_kind=kind, due=datetime.fromtimestamp(timestamp, UTC).isoformat())


async def _requeue_stalled(database: Database, stalled_seconds: float) -> None:
    """Put the jobs of dead workers back, again and again."""
    while True:
        await asyncio.sleep(stalled_seconds / 3)
        for job_id in await requeue_stalled_once(database, stalled_seconds):
            log.warning("job_requeued", job_id=job_id, reason="its worker fell silent")


async def requeue_stalled_once(database: Database, stalled_seconds: float) -> list[str]:
    """Put the jobs of dead workers back. One statement, so that two workers cannot both do it."""
    async with database.unscoped() as session:
        rows = await session.fetch(
            """
            with stalled as materialized (
                select job.id, job.args ->> 'job_id' as job_id from procrastinate_jobs job
                where job.status = 'doing' and not exists (
                    select from procrastinate_workers worker where worker.id = job.worker_id
                    and worker.last_heartbeat > now() - make_interval(secs => :seconds))
                for update of job skip locked
            )
            select job_id, procrastinate_retry_job_v2(id, now(), null, null, null) from stalled
            """,
            seconds=stalled_seconds,
        )
    return [row["job_id"] for row in rows]


async def _remove_old(context: JobContext) -> dict[str, Any]:
    """Forget jobs that ended long ago, and answers that were kept for repeated requests."""
    async with context.database.unscoped() as session:
        answers = await delete_expired_answers(session, context.settings.idempotency_kept_hours)
        removed = await session.execute(
            "delete from job where finished_at < now() - make_interval(hours => :hours)", hours=FINISHED_KEPT_HOURS
        )
        await session.execute(
            "delete from procrastinate_jobs queued where status in ('succeeded', 'failed', 'cancelled', 'aborted')"
            " and not exists (select from procrastinate_events event where event.job_id = queued.id"
            " and event.at > now() - make_interval(hours => :hours))",
            hours=FINISHED_KEPT_HOURS,
        )
    return {"jobs": removed, "answers": answers}


def _conninfo(url: str) -> str:
    """The same URL for psycopg, which has no defaults of its own but the environment's."""
    parts = urlsplit(url)
    return parts._replace(scheme="postgresql").geturl()
