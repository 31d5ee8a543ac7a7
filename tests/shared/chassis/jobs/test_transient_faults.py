"""Goal: a fault that passes interrupts a job and does not end it; one that stays ends it after a time."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import structlog

from shared.chassis import jobs
from shared.chassis.database import Database
from shared.chassis.jobs import worker as jobs_worker
from shared.chassis.jobs.registry import FRUITLESS_SECONDS_MAX
from shared.chassis.jobs.worker import run_job
from shared.chassis.reach import UNSCOPED
from shared.chassis.settings import Settings
from tests.shared.chassis.bare_service import as_owner, pool, until, worker
from tests.shared.chassis.jobs.conftest import enqueue, has_status, job, mark, marks, service_of


async def test_transient_failure_is_tried_again(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("flaky")
    async def flaky(context: jobs.JobContext) -> Mapping[str, Any]:
        if context.attempt == 1:
            raise ConnectionResetError
        return {"attempt": context.attempt}

    job_id = await enqueue(database, "flaky")
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "succeeded"))
    assert (await job(database, job_id))["result"] == {"attempt": 2}


async def test_a_deadlock_interrupts_a_job_and_does_not_end_it(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()
    for note in ("one", "other"):
        async with database.unscoped() as session:
            await session.execute("insert into mark (note) values (:note)", note=note)
    both_hold = asyncio.Barrier(2)

    @tasks.task("crossing")
    async def crossing(context: jobs.JobContext, first: str, second: str) -> Mapping[str, Any]:
        async with context.database.unscoped() as session:
            for note in (first, second):
                await session.execute("update mark set note = note || '!' where note like :note || '%'", note=note)
                if context.attempt == 1 and note == first:
                    await both_hold.wait()
        return {"attempt": context.attempt}

    names = {"first": "one", "second": "other"}
    ids = [
        await enqueue(database, "crossing", arguments=arguments)
        for arguments in (names, {"first": "other", "second": "one"})
    ]
    async with worker(service_of(tasks), database, jobs_settings):
        for job_id in ids:
            await until(lambda job_id=job_id: has_status(database, job_id, "succeeded"))  # type: ignore[misc]
    results = [(await job(database, job_id))["result"]["attempt"] for job_id in ids]
    assert sorted(results) == [1, 2]
    assert sorted(await marks(database)) == ["one!!", "other!!"]


def test_each_further_attempt_waits_longer() -> None:
    """A database that is restarted must not meet every job again in the same second."""
    again = jobs_worker._Retry()
    for attempts, seconds in ((0, 2), (1, 4), (3, 16), (9, 60), (60, 60)):
        queued = SimpleNamespace(attempts=attempts)
        before = datetime.now(UTC)
        decision = again.get_retry_decision(exception=ConnectionResetError(), job=queued)
        after = datetime.now(UTC)
        assert decision is not None
        assert decision.retry_at is not None
        assert before <= decision.retry_at - timedelta(seconds=seconds) <= after
    assert again.get_retry_decision(exception=KeyError(), job=SimpleNamespace(attempts=0)) is None


async def test_transient_failures_end_a_job_after_a_time_and_not_after_a_number_of_them(
    database: Database, jobs_settings: Settings
) -> None:
    tasks, faults = jobs.Tasks(), 7

    @tasks.task("lost")
    async def lost(context: jobs.JobContext) -> None:
        await context.progress(2, 2)  # of a transaction that never came to its end
        raise ConnectionResetError

    job_id = await enqueue(database, "lost")
    with structlog.testing.capture_logs() as logged:
        for _ in range(faults):
            with pytest.raises(ConnectionResetError):
                await run_job(tasks, database, jobs_settings, job_id)
            assert await has_status(database, job_id, "queued")
        await let_time_pass(jobs_settings)
        await run_job(tasks, database, jobs_settings, job_id)
    assert [line["event"] for line in logged] == ["job_interrupted"] * faults + ["job_failed"]
    found = await job(database, job_id)
    assert (found["status"], found["error"]) == ("failed", "ConnectionResetError")


@pytest.mark.parametrize("killed", [False, True], ids=["it-ends-by-itself", "its-worker-is-killed"])
async def test_an_attempt_that_gets_further_takes_the_faults_before_it_away(
    database: Database, jobs_settings: Settings, killed: bool
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("step by step")
    async def step_by_step(context: jobs.JobContext) -> None:
        if context.attempt % 2 == 0:
            await mark(context, "a step")
            context.got_further = True
            await context.progress(1, 1)
            if killed:
                raise jobs.JobReplaced  # nothing more is written down of this attempt
        if context.attempt < 7:
            raise ConnectionResetError

    job_id = await enqueue(database, "step by step")
    for attempt in range(1, 7):
        await let_time_pass(jobs_settings)
        with nullcontext() if killed and attempt % 2 == 0 else pytest.raises(ConnectionResetError):
            await run_job(tasks, database, jobs_settings, job_id)
    await run_job(tasks, database, jobs_settings, job_id)
    assert await has_status(database, job_id, "succeeded")
    assert await marks(database) == ["a step"] * 3


async def let_time_pass(jobs_settings: Settings) -> None:
    """Since the last fault of a job."""
    seconds = FRUITLESS_SECONDS_MAX
    await as_owner(jobs_settings, f"update job set fruitless_since = fruitless_since - interval '{seconds} seconds'")


@pytest.mark.parametrize("got_further", [False, True])
@pytest.mark.parametrize(("attempt", "ends"), [(19, False), (20, True)])
async def test_no_job_has_attempts_without_end(
    database: Database, jobs_settings: Settings, attempt: int, got_further: bool, ends: bool
) -> None:
    context = jobs.JobContext(uuid4(), "any", database, jobs_settings, UNSCOPED, "system", attempt)
    context.got_further = got_further
    assert context.gives_up is ends


async def test_lost_connections_interrupt_jobs_and_do_not_end_them(
    database: Database, jobs_settings: Settings, admin_url: str
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("count")
    async def count(context: jobs.JobContext) -> Mapping[str, Any]:
        if context.attempt == 1:
            connection = await asyncpg.connect(admin_url)
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                database.url.rpartition("/")[2],
            )
            await connection.close()
        await mark(context, f"attempt {context.attempt}")
        return {"attempt": context.attempt}

    job_id = await enqueue(database, "count")
    async with worker(service_of(tasks), database, jobs_settings, stalled_seconds=3.0):
        await until(lambda: _ended(database, job_id))
    assert await has_status(database, job_id, "succeeded")


async def test_a_server_that_lets_nobody_in_for_a_while_does_not_end_the_worker(
    database: Database, jobs_settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks after stalled jobs meets it first: its error is another driver's than the queue's."""
    tasks, refused = jobs.Tasks(), asyncio.Event()
    look_after = jobs_worker._requeue_stalled
    name = database.url.rpartition("/")[2]

    @tasks.task("count")
    async def count(context: jobs.JobContext) -> Mapping[str, Any]:
        return {"attempt": context.attempt}

    async def meet_a_closed_door(held: Database, stalled_seconds: float) -> None:
        if not refused.is_set():
            connection = await asyncpg.connect(admin_url)
            await connection.execute(f"alter database {name} allow_connections false")
            try:
                async with pool(jobs_settings) as fresh:
                    await look_after(fresh, stalled_seconds)
            finally:
                await connection.execute(f"alter database {name} allow_connections true")
                await connection.close()
                refused.set()
        await look_after(held, stalled_seconds)

    monkeypatch.setattr(jobs_worker, "_requeue_stalled", meet_a_closed_door)
    async with worker(service_of(tasks), database, jobs_settings, stalled_seconds=1.5):
        await asyncio.wait_for(refused.wait(), 60)
        job_id = await enqueue(database, "count")
        await until(lambda: _ended(database, job_id))
    assert await has_status(database, job_id, "succeeded")


async def test_a_stop_is_heard_while_the_database_is_away(
    jobs_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLODNEE_REGISTRY_DATABASE_URL", "postgresql://127.0.0.1:9/nowhere")
    stop = asyncio.Event()
    async with pool(jobs_settings) as away:
        working = asyncio.create_task(jobs.run_jobs(jobs.Tasks(), away, jobs_settings, stop))
        await asyncio.sleep(1)
        stop.set()
        await asyncio.wait_for(working, jobs_settings.drain_seconds_max)


async def _ended(database: Database, job_id: UUID) -> bool:
    try:
        return await has_status(database, job_id, "succeeded", "failed", "cancelled")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False  # the test's own connection was ended too
