"""Goal: wherever the work on a file is cut, and whoever works beside it, each row is applied once."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID

import pytest

from shared.chassis.database import WriteSession
from shared.chassis.feeds import delivery as engine
from shared.chassis.feeds import marking, repository
from shared.chassis.feeds.kinds import FeedRow
from shared.chassis.jobs import SYSTEM, JobContext, enqueue, request_cancel
from shared.chassis.jobs.worker import run_job
from shared.chassis.worker import tasks_of
from tests.locks import until_somebody_waits, until_they_wait_or_end
from tests.shared.chassis.bare_service import as_owner
from tests.shared.chassis.feeds.conftest import SERVICE, Sender
from tests.shared.chassis.feeds.example import add_member, counts, delivery_of, rows_of


async def test_faults_do_not_end_a_file_that_gets_further_each_time(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, faults, chunks = engine._apply_chunk, 7, 0

    async def apply_every_other(*arguments: Any) -> None:
        nonlocal chunks
        chunks += 1
        if chunks % 2 == 0 and chunks <= 2 * faults:
            raise ConnectionResetError
        await original(*arguments)

    monkeypatch.setattr(engine, "_apply_chunk", apply_every_other)
    rows = (faults + 2) * sender.settings.feed_chunk_rows
    response = await sender.post(rows_of(*(f"C1,{number},,,,,,,,," for number in range(rows))))
    async with sender.database.unscoped() as session:
        job_id = await session.scalar("select id from job")
    for _ in range(faults):
        with pytest.raises(ConnectionResetError):
            await run_job(tasks_of(SERVICE), sender.database, sender.settings, job_id)
        await as_owner(sender.settings, "update job set fruitless_since = fruitless_since - interval '1 hour'")
    await run_job(tasks_of(SERVICE), sender.database, sender.settings, job_id)
    delivery = await sender.delivery(delivery_of(response.headers["location"]))
    assert counts(delivery) == {"rows": rows, "accepted": rows}


async def test_the_night_and_a_member_that_arrives_do_not_deadlock(sender: Sender) -> None:
    await sender.send(rows_of("C1,1,M7,,,,,,,,", "C1,2,M7,,,,,,,,", "C1,3,M8,,,,,,,,"))
    async with sender.database.unscoped() as session:
        for number in (3, 4, 2):  # rows stand in the order in which they were written last, not in that of the file
            await session.execute("update feed_row set row_key = row_key where row_number = :number", number=number)
        await enqueue(session, engine.WAITING_JOB_KIND, {}, requested_by=SYSTEM)

    async def arrive() -> None:
        async with sender.database.unscoped() as session:
            await add_member(session, "C1", "M7")

    async with sender.database.unscoped() as holding:
        await holding.fetch("select from feed_row where row_number = 4 for update")
        night = asyncio.create_task(sender.run_jobs())
        await until_somebody_waits(sender.database, night)
        arriving = asyncio.create_task(arrive())
        await until_they_wait_or_end(sender.database, night, arriving)
    await asyncio.gather(night, arriving)


async def test_the_night_and_rows_under_way_do_not_deadlock(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that woke on the last night of their bound are being applied while the night rejects what is left."""
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,"))
    await as_owner(sender.settings, "update feed_delivery set received_at = received_at - interval '15 days'")
    nights: list[asyncio.Task[Any]] = []
    original = engine._apply_chunk

    async def apply_while_the_night_comes(*arguments: Any) -> None:
        context = MagicMock(spec=JobContext, database=sender.database, settings=sender.settings)
        nights.append(asyncio.create_task(engine.look_after_deliveries(context)))
        await until_somebody_waits(sender.database, nights[0])
        await original(*arguments)

    monkeypatch.setattr(engine, "_apply_chunk", apply_while_the_night_comes)
    async with sender.database.unscoped() as session:
        await add_member(session, "C1", "M7")
    await sender.run_jobs()
    await nights[0]
    assert counts(await sender.delivery(delivery["id"])) == {"rows": 1, "accepted": 1}


async def test_member_that_arrives_while_a_row_begins_to_wait_is_not_missed(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The announcement looks for waiting rows before ours is committed, and is committed after it."""
    announced, release = asyncio.Event(), asyncio.Event()

    async def announce() -> None:
        async with sender.database.unscoped() as session:
            await add_member(session, "C1", "M7")
            announced.set()
            await release.wait()

    original = repository.set_status
    announcing: list[asyncio.Task[None]] = []

    async def set_status(session: WriteSession, delivery_id: UUID, status: str) -> None:
        # The last statement of the validation: the row waits already, but nobody else can see it.
        await original(session, delivery_id, status)
        if status == "applying" and not announcing:
            announcing.append(asyncio.create_task(announce()))
            await announced.wait()
            asyncio.get_running_loop().call_later(1.0, release.set)

    monkeypatch.setattr(repository, "set_status", set_status)
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,", "C1,2,,,,,,,,,"))
    await announcing[0]
    assert counts(delivery) == {"rows": 2, "accepted": 2}


class Killed(BaseException):
    """What the test uses in the place of kill -9: nothing catches it, nothing is committed."""


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["tools", "loose-tools"])
async def test_work_that_is_cut_at_any_chunk_goes_on_where_it_was(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, chunk: int, moment: str, kind: str
) -> None:
    body = rows_of(*(f"C1,{number},{'M7' if number == 5 else ''},,,,,,,," for number in range(10)), "C1,3,,,,,,,,,")
    calls = 0
    original = repository.finish_rows

    async def finish_rows(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        is_last = calls == chunk
        if is_last and moment == "before":
            raise Killed
        await original(*arguments)
        if is_last and moment == "after":
            raise Killed

    response = await sender.post(body, kind=kind)
    with monkeypatch.context() as patch:
        patch.setattr(repository, "finish_rows", finish_rows)
        with pytest.raises(Killed):
            await sender.run_jobs()
    assert (await sender.delivery(response.json()["id"]))["status"] == "applying"
    async with sender.database.unscoped() as session:
        await session.execute("update procrastinate_jobs set status = 'todo'")
    await sender.run_jobs()
    delivery = await sender.delivery(response.json()["id"])
    assert delivery["status"] == "completed"
    assert counts(delivery) == {"rows": 11, "accepted": 9, "waiting": 1, "rejected": 1}
    assert {tool["writes"] for tool in (await sender.tools()).values()} == {1}
    assert await sender.rejects(delivery["id"]) == ["12,,duplicate_in_file"]


@pytest.mark.parametrize(("kind", "at_once"), [("tools", 1), ("loose-tools", 2)])
async def test_chunks_go_side_by_side_only_where_rows_are_independent(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int
) -> None:
    """Each waits for a second one a while, which comes when there may be one."""
    working, most = 0, 0
    met = asyncio.Event()
    original = repository.take_rows

    async def take_rows(*arguments: Any) -> list[FeedRow]:
        nonlocal working, most
        working += 1
        most = max(most, working)
        if working == 2:
            met.set()
        try:
            await asyncio.wait_for(met.wait(), 5 if at_once == 2 else 0.2)
        except TimeoutError:
            assert at_once == 1
        taken = await original(*arguments)
        working -= 1
        return taken

    monkeypatch.setattr(repository, "take_rows", take_rows)
    delivery = await sender.send(rows_of(*(f"C1,{number},,,,,,,,," for number in range(9))), kind=kind)
    assert (delivery["status"], counts(delivery)) == ("completed", {"rows": 9, "accepted": 9})
    assert most == at_once


async def test_a_second_worker_on_a_chunk_waits_and_finds_it_done(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker taken for dead goes on beside the one that has its job now."""
    body = rows_of(*(f"C1,{number},,,,,,,,," for number in range(6)))
    delivery_id = (await sender.post(body)).json()["id"]
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_apply_all", AsyncMock(side_effect=Killed))
        with pytest.raises(Killed):
            await sender.run_jobs()
    async with sender.database.unscoped() as second:
        async with sender.database.unscoped() as first:
            chunk = (await repository.chunks(first, delivery_id, 10))[0]
            assert len(await repository.take_rows(first, delivery_id, chunk)) == 6
            taken = asyncio.create_task(repository.take_rows(second, delivery_id, chunk))
            assert not (await asyncio.wait({taken}, timeout=0.5))[0]
            await first.execute("delete from feed_row")
        assert await asyncio.wait_for(taken, 30) == []


async def test_a_second_worker_on_a_file_waits_and_finds_it_read(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, while the file is being read: neither reads it beside the other nor finds it gone."""
    begun: list[Any] = []
    is_read, may_commit = asyncio.Event(), asyncio.Event()
    stage, finish_staging = engine._stage, repository.finish_staging

    async def remember(*arguments: Any) -> None:
        begun.append(arguments)
        await stage(*arguments)

    async def commit_later(*arguments: Any) -> None:
        await finish_staging(*arguments)
        is_read.set()
        await may_commit.wait()

    monkeypatch.setattr(engine, "_stage", remember)
    monkeypatch.setattr(repository, "finish_staging", commit_later)
    delivery_id = (await sender.post(rows_of("C1,1,,,,,,,,,", "C1,2,,,,,,,,,"))).json()["id"]
    first = asyncio.create_task(sender.run_jobs())
    await asyncio.wait_for(is_read.wait(), 30)
    second = asyncio.create_task(stage(*begun[0]))
    assert not (await asyncio.wait({second}, timeout=0.5))[0]
    may_commit.set()
    await asyncio.wait_for(asyncio.gather(first, second), 30)
    delivery = await sender.delivery(delivery_id)
    assert (delivery["status"], counts(delivery)) == ("completed", {"rows": 2, "accepted": 2})


@pytest.mark.parametrize("step", ["finish_staging", "reject_duplicates", "complete", "wake_delivery"])
async def test_work_that_is_cut_between_steps_goes_on_where_it_was(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def die(*arguments: Any) -> None:
        raise Killed

    response = await sender.post(rows_of("C1,1,M7,,,,,,,,", "C1,2,,,,,,,,,", "C1,2,,,,,,,,,"))
    with monkeypatch.context() as patch:
        patch.setattr(marking if step == "reject_duplicates" else repository, step, die)
        with pytest.raises(Killed):
            await sender.run_jobs()
    async with sender.database.unscoped() as session:
        await session.execute("update procrastinate_jobs set status = 'todo'")
    await sender.run_jobs()
    delivery = await sender.delivery(response.json()["id"])
    assert counts(delivery) == {"rows": 3, "accepted": 1, "waiting": 1, "rejected": 1}
    assert await sender.count("select count(*) from completion") == 1


async def test_cancelled_delivery_is_shown_as_failed_and_keeps_nothing(sender: Sender) -> None:
    response = await sender.post(rows_of("C1,1,,,,,,,,,"))
    cancelled = await sender.client.post(
        f"/registry/v1/jobs/{response.json()['job_id']}/cancel", headers={"idempotency-key": "c"}
    )
    assert cancelled.json()["status"] == "cancelled"
    delivery = await sender.delivery(response.json()["id"])
    assert (delivery["status"], delivery["error"]["code"]) == ("failed", "cancelled")
    async with sender.database.unscoped() as session:
        await enqueue(session, engine.WAITING_JOB_KIND, {}, requested_by=SYSTEM)
    await sender.run_jobs()
    assert await sender.count("select count(*) from feed_file_part") == 0
    assert await sender.tools() == {}


async def test_delivery_cancelled_under_way_keeps_what_was_applied_and_drops_the_rest(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.chassis.jobs.registry.PROGRESS_WRITTEN_SECONDS", 0.0)
    original = repository.finish_rows

    async def finish_rows(session: WriteSession, *arguments: Any) -> None:
        await original(session, *arguments)
        async with sender.database.unscoped() as other:
            await request_cancel(other, job_id)

    monkeypatch.setattr(repository, "finish_rows", finish_rows)
    response = await sender.post(rows_of(*(f"C1,{number},,,,,,,,," for number in range(10))))
    job_id = response.json()["job_id"]
    await sender.run_jobs()
    delivery = await sender.delivery(response.json()["id"])
    assert (delivery["status"], delivery["accepted"]) == ("failed", 2)  # rows 2 and 3: a chunk is three row numbers
    assert await sender.count("select count(*) from feed_row") == 0
