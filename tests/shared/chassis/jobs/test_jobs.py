"""Goal: a job exists when its transaction commits, runs once at a time, shows progress, stops when asked, survives a
kill and a shutdown, and is seen by nobody but its caller and whoever sees at least as far."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import structlog
import uvloop

from shared.chassis import jobs
from shared.chassis.database import Database
from shared.chassis.jobs import worker as jobs_worker
from shared.chassis.jobs.registry import ATTEMPTS_MAX, FRUITLESS_SECONDS_MAX
from shared.chassis.jobs.worker import run_job
from shared.chassis.reach import EVERYTHING, UNSCOPED, Reach
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.worker import tasks_of
from shared.kernel.errors import Conflict
from shared.kernel.identifiers import uuid7
from tests.shared.chassis.bare_service import as_owner, pool, until, worker

CHIANG_RAI = Reach(provinces=frozenset({"57"}))
LAMPANG = Reach(provinces=frozenset({"52"}))


def service_of(tasks: jobs.Tasks) -> Service:
    return Service(name="registry", title_en="Test", title_th="ทดสอบ", tasks=tasks)


async def enqueue(database: Database, kind: str, reach: Reach = LAMPANG, **options: Any) -> UUID:
    options.setdefault("requested_by", "officer")
    async with database.write(reach) as session:
        return await jobs.enqueue(session, kind, options.pop("arguments", {}), **options)


async def job(database: Database, job_id: UUID) -> Mapping[str, Any]:
    async with database.unscoped() as session:
        row = await jobs.get_job(session, job_id)
    assert row is not None
    return jobs.describe(row)


async def has_status(database: Database, job_id: UUID, *statuses: str) -> bool:
    return (await job(database, job_id))["status"] in statuses


async def marks(database: Database) -> list[str]:
    async with database.unscoped() as session:
        return [row["note"] for row in await session.fetch("select note from mark order by id")]


async def mark(context: jobs.JobContext, note: str) -> None:
    async with context.database.write(context.reach) as session:
        await session.execute("insert into mark (note) values (:note)", note=note)


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
