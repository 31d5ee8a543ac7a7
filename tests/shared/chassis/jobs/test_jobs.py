"""Goal: a job exists when its transaction commits, runs once at a time, shows progress, stops when asked, survives a
kill and a shutdown, and is seen by nobody but its caller and whoever sees at least as far."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
import structlog
import uvloop

from shared.chassis import jobs
from shared.chassis.database import Database
from shared.chassis.jobs import worker as jobs_worker
from shared.chassis.jobs.registry import ATTEMPTS_MAX
from shared.chassis.jobs.worker import run_job
from shared.chassis.reach import EVERYTHING, UNSCOPED, Reach
from shared.chassis.settings import Settings
from shared.chassis.worker import tasks_of
from shared.kernel.errors import Conflict
from shared.kernel.identifiers import uuid7
from tests.shared.chassis.bare_service import as_owner, pool, until, worker
from tests.shared.chassis.jobs.conftest import CHIANG_RAI, LAMPANG, enqueue, has_status, job, mark, marks, service_of


async def test_job_runs_with_its_arguments_and_reach_and_shows_its_result(
    database: Database, jobs_settings: Settings
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("greet")
    async def greet(context: jobs.JobContext, *, name: str) -> Mapping[str, Any]:
        await context.phase("greeting", total=2)
        await context.progress(2, 2)
        return {"greeting": f"hello {name}", "provinces": sorted(context.reach.provinces), "by": context.requested_by}

    job_id = await enqueue(database, "greet", arguments={"name": "rice"}, total=5)
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "succeeded"))
    found = await job(database, job_id)
    assert found["result"] == {"greeting": "hello rice", "provinces": ["52"], "by": "officer"}
    assert (found["done"], found["total"], found["attempt"], found["error"]) == (2, 2, 1, None)


async def test_job_of_a_transaction_that_rolls_back_does_not_exist(database: Database) -> None:
    async def enqueue_and_refuse() -> None:
        async with database.write(LAMPANG) as session:
            await jobs.enqueue(session, "greet", {}, requested_by="officer")
            raise Conflict

    with pytest.raises(Conflict):
        await enqueue_and_refuse()
    async with database.unscoped() as session:
        assert await session.scalar("select count(*) from job") == 0
        assert await session.scalar("select count(*) from procrastinate_jobs") == 0


async def test_api_role_can_enqueue(api: Database, database: Database) -> None:
    job_id = await enqueue(api, "greet", lock="l", queueing_lock="q")
    assert await enqueue(api, "greet", lock="l", queueing_lock="q") == job_id
    assert (await job(database, job_id))["status"] == "queued"


async def test_queueing_lock_gives_the_waiting_job_also_when_two_race(database: Database) -> None:
    ids = await asyncio.gather(*(enqueue(database, "greet", queueing_lock="once") for _ in range(6)))
    assert len(set(ids)) == 1


async def test_waiting_job_does_not_start_before_the_transaction_that_relies_on_it_ends(
    database: Database, jobs_settings: Settings
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("look")
    async def look(context: jobs.JobContext) -> Mapping[str, Any]:
        return {"seen": await marks(context.database)}

    waiting = await enqueue(database, "look", queueing_lock="once")
    async with AsyncExitStack() as stack:
        async with database.write(LAMPANG) as session:
            assert await jobs.enqueue(session, "look", {}, requested_by="officer", queueing_lock="once") == waiting
            await stack.enter_async_context(worker(service_of(tasks), database, jobs_settings))
            await asyncio.sleep(1.0)
            assert await has_status(database, waiting, "queued")
            await session.execute("insert into mark (note) values ('late')")
        await until(lambda: has_status(database, waiting, "succeeded"))
    assert (await job(database, waiting))["result"] == {"seen": ["late"]}


async def test_lock_keeps_jobs_in_order_one_at_a_time(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("turn")
    async def turn(context: jobs.JobContext, *, number: int) -> None:
        await mark(context, f"begin {number}")
        await asyncio.sleep(0.1)
        await mark(context, f"end {number}")

    ids = [await enqueue(database, "turn", arguments={"number": number}, lock="turns") for number in range(3)]
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, ids[-1], "succeeded"))
    assert await marks(database) == [f"{step} {number}" for number in range(3) for step in ("begin", "end")]


@pytest.mark.parametrize(
    ("error", "shown"), [(Conflict("secret"), "conflict"), (KeyError("0123456789012"), "KeyError")]
)
async def test_failure_names_its_kind_and_never_the_data(
    database: Database, jobs_settings: Settings, error: Exception, shown: str
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("fail")
    async def fail(context: jobs.JobContext) -> None:
        raise error

    job_id = await enqueue(database, "fail")
    with structlog.testing.capture_logs() as logged:
        async with worker(service_of(tasks), database, jobs_settings):
            await until(lambda: has_status(database, job_id, "failed"))
    found = await job(database, job_id)
    assert (found["error"], found["result"]) == (shown, None)
    assert [line["error"] for line in logged if line["event"] in ("job_failed", "job_refused")] == [shown]
    assert str(error.args[0]) not in str(logged)


async def test_unknown_kind_fails(database: Database, jobs_settings: Settings) -> None:
    job_id = await enqueue(database, "of-tomorrow")
    async with worker(service_of(jobs.Tasks()), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "failed"))
    assert (await job(database, job_id))["error"] == "unknown-kind"


async def test_cancel_stops_a_running_job_at_its_next_chunk(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("endless")
    async def endless(context: jobs.JobContext) -> None:
        done = 0
        while True:
            await context.progress(done := done + 1)
            await asyncio.sleep(0.02)

    job_id = await enqueue(database, "endless")
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "running"))
        async with database.unscoped() as session:
            await jobs.request_cancel(session, job_id)
        await until(lambda: has_status(database, job_id, "cancelled"))
    assert (await job(database, job_id))["finished_at"] is not None


async def test_cancel_of_a_waiting_job_prevents_it(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("write")
    async def write(context: jobs.JobContext) -> None:
        await mark(context, "ran")

    cancelled = await enqueue(database, "write")
    async with database.unscoped() as session:
        await jobs.request_cancel(session, cancelled)
    after = await enqueue(database, "write")
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, after, "succeeded"))
    assert await has_status(database, cancelled, "cancelled")
    assert await marks(database) == ["ran"]


async def test_shutdown_puts_a_running_job_back(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("long")
    async def long(context: jobs.JobContext) -> None:
        await mark(context, f"attempt {context.attempt}")
        if context.attempt == 1:
            await asyncio.sleep(600)

    job_id = await enqueue(database, "long")
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "running"))
        await asyncio.sleep(0.1)
    assert await has_status(database, job_id, "queued")
    async with worker(service_of(tasks), database, jobs_settings):
        await until(lambda: has_status(database, job_id, "succeeded"))
    assert await marks(database) == ["attempt 1", "attempt 2"]


async def test_job_of_a_killed_worker_goes_to_another(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("resume")
    async def resume(context: jobs.JobContext) -> Mapping[str, Any]:
        return {"attempt": context.attempt}

    job_id = await enqueue(database, "resume", lock="one")
    # What a kill leaves behind: a job that runs, in the hands of a worker whose heart stopped.
    async with database.unscoped() as session:
        dead = await session.scalar("select worker_id from procrastinate_register_worker_v1()")
        await session.scalar("select id from procrastinate_fetch_job_v2(cast(null as varchar[]), :worker)", worker=dead)
        await session.execute("update job set status = 'running', attempt = 1")
        await session.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    async with worker(service_of(tasks), database, jobs_settings, stalled_seconds=1.5):
        await until(lambda: has_status(database, job_id, "succeeded"))
    assert (await job(database, job_id))["result"] == {"attempt": 2}


async def test_job_of_a_worker_that_lives_is_left_to_it(database: Database) -> None:
    job_id = await enqueue(database, "long")
    async with database.unscoped() as session:
        busy = await session.scalar("select worker_id from procrastinate_register_worker_v1()")
        await session.scalar("select id from procrastinate_fetch_job_v2(cast(null as varchar[]), :worker)", worker=busy)
    for silent, requeued in ((20, []), (40, [str(job_id)]), (40, [])):
        async with database.unscoped() as session:
            await session.execute(
                "update procrastinate_workers set last_heartbeat = now() - make_interval(secs => :silent)",
                silent=silent,
            )
        assert await jobs_worker.requeue_stalled_once(database, stalled_seconds=30) == requeued


async def test_job_that_another_worker_puts_back_is_left_to_it(database: Database) -> None:
    """Two workers notice the same dead one: putting a job back twice is an error that would end the second."""
    job_id = await enqueue(database, "long")
    async with database.unscoped() as session:
        dead = await session.scalar("select worker_id from procrastinate_register_worker_v1()")
        await session.scalar("select id from procrastinate_fetch_job_v2(cast(null as varchar[]), :worker)", worker=dead)
        await session.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    async with database.unscoped() as other:
        await other.fetch("select id from procrastinate_jobs for update")
        assert await asyncio.wait_for(jobs_worker.requeue_stalled_once(database, stalled_seconds=30), 10) == []
    assert await jobs_worker.requeue_stalled_once(database, stalled_seconds=30) == [str(job_id)]


@pytest.mark.parametrize("tells_progress", [True, False])
async def test_replaced_run_stops_without_a_trace(
    database: Database, jobs_settings: Settings, tells_progress: bool
) -> None:
    tasks = jobs.Tasks()

    @tasks.task("twice")
    async def twice(context: jobs.JobContext) -> Mapping[str, Any]:
        async with database.unscoped() as session:
            await session.execute("update job set attempt = attempt + 1")
        if tells_progress:
            await context.phase("never")
        return {"attempt": context.attempt}

    job_id = await enqueue(database, "twice")
    await run_job(tasks, database, jobs_settings, job_id)
    found = await job(database, job_id)
    assert (found["status"], found["phase"], found["result"]) == ("running", None, None)


async def test_job_that_has_ended_is_not_run_again(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("write")
    async def write(context: jobs.JobContext) -> None:
        await mark(context, "ran")

    job_id = await enqueue(database, "write")
    for _ in range(2):
        await run_job(tasks, database, jobs_settings, job_id)
    assert await marks(database) == ["ran"]


async def test_job_that_kills_its_worker_every_time_is_given_up(database: Database, jobs_settings: Settings) -> None:
    job_id = await enqueue(database, "poison")
    async with database.unscoped() as session:
        await session.execute("update job set attempt = :attempt", attempt=ATTEMPTS_MAX)
    await run_job(jobs.Tasks(), database, jobs_settings, job_id)
    found = await job(database, job_id)
    assert (found["status"], found["error"]) == ("failed", "too-many-attempts")


async def test_cron_runs_a_task_once_for_each_time(database: Database, jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("tick", cron="* * * * * *")
    async def tick(context: jobs.JobContext) -> None:
        assert context.reach == UNSCOPED
        await mark(context, context.requested_by)

    service = service_of(tasks)
    async with worker(service, database, jobs_settings), worker(service, database, jobs_settings):
        await until(lambda: _count_at_least(database, 3))
    async with database.unscoped() as session:
        assert await session.scalar("select count(distinct note) from mark") == 1
        ticks = await session.scalar("select count(*) from job where kind = 'tick'")
        seconds = await session.scalar("select extract(epoch from max(created_at) - min(created_at)) from job")
    assert ticks <= seconds + 3  # two workers, one tick a second


async def _count_at_least(database: Database, number: int) -> bool:
    return len(await marks(database)) >= number


async def test_housekeeping_forgets_jobs_that_ended_long_ago(database: Database, jobs_settings: Settings) -> None:
    old, fresh = await enqueue(database, "greet"), await enqueue(database, "greet")
    await as_owner(
        jobs_settings,
        f"update job set status = 'succeeded', finished_at = now() - interval '1 year' where id = '{old}';"
        "update procrastinate_jobs set status = 'succeeded';"
        "update procrastinate_events set at = now() - interval '1 year'",
    )
    tasks = tasks_of(service_of(jobs.Tasks()))
    await run_job(tasks, database, jobs_settings, await enqueue(database, "housekeeping"))
    async with database.unscoped() as session:
        assert await jobs.get_job(session, old) is None
        assert await jobs.get_job(session, fresh) is not None


@pytest.mark.parametrize(
    ("subject", "reach", "sees"),
    [
        ("officer", Reach(), True),
        ("somebody", EVERYTHING, True),
        ("somebody", LAMPANG, True),
        ("somebody", Reach(provinces=frozenset({"52", "57"})), True),
        ("somebody", CHIANG_RAI, False),
        ("somebody", Reach(districts=frozenset({"5201"})), False),
        ("somebody", Reach(), False),
        ("", Reach(), False),
    ],
)
async def test_job_is_seen_by_its_caller_and_by_a_reach_that_holds_its_own(
    database: Database, api: Database, subject: str, reach: Reach, sees: bool
) -> None:
    job_id = await enqueue(database, "greet")
    async with api.write(reach) as session:
        await jobs.as_caller(session, subject)
        assert (await jobs.get_job(session, job_id) is not None) is sees
        changed = await session.execute("update job set phase = 'x' where id = :id", id=job_id)
        assert bool(changed) is sees


async def test_job_of_nobodys_reach_is_seen_only_from_everywhere(database: Database, api: Database) -> None:
    cooperative = uuid7()
    for reach, other, sees in (
        (UNSCOPED, LAMPANG, False),
        (Reach(), LAMPANG, False),
        (EVERYTHING, LAMPANG, False),
        (Reach(districts=frozenset({"5201"})), LAMPANG, True),
        (Reach(districts=frozenset({"5701"})), LAMPANG, False),
        (Reach(cooperatives=frozenset({cooperative})), Reach(cooperatives=frozenset({cooperative, uuid7()})), True),
        (Reach(cooperatives=frozenset({cooperative})), Reach(cooperatives=frozenset({uuid7()})), False),
    ):
        job_id = await enqueue(database, "greet", reach)
        async with api.read(other) as session:
            await jobs.as_caller(session, "somebody")
            assert (await jobs.get_job(session, job_id) is not None) is sees, (reach, other)


async def test_jobs_run_on_uvloop_too(jobs_settings: Settings) -> None:
    tasks = jobs.Tasks()

    @tasks.task("loop")
    async def loop(context: jobs.JobContext) -> Mapping[str, Any]:
        return {"loop": type(asyncio.get_running_loop()).__module__}

    async def main() -> Mapping[str, Any]:
        async with pool(jobs_settings) as own:
            job_id = await enqueue(own, "loop")
            async with worker(service_of(tasks), own, jobs_settings):
                await until(lambda: has_status(own, job_id, "succeeded"))
            return await job(own, job_id)

    assert (await asyncio.to_thread(uvloop.run, main()))["result"] == {"loop": "uvloop"}


def test_kinds_are_registered_once() -> None:
    tasks = jobs.Tasks()

    @tasks.task("a")
    async def handler(context: jobs.JobContext) -> None:
        """Do nothing."""

    with pytest.raises(ValueError, match="twice"):
        tasks.task("a")(handler)
