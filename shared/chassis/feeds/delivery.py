"""From a file that was sent to rows that were applied: the job behind every delivery.

    received -> staging -> validating -> applying -> completed
                                                  \\-> failed (the whole file, with its code)

Each step is one transaction, or one per chunk. A chunk applies its rows, deletes them from the staging table and
counts them in the same transaction, so whatever is left there is what is left to do: the job can be killed at any
point and starts again with the rest. Chunks follow one another in the order of the file, or go two at a time where the
kind says that its rows are independent.

A row that names somebody nobody knows yet waits. Whoever learns of new names calls :func:`wake_waiting`, in a request
:func:`wake_later`, or hands an inbox's end :class:`Arrived`; the rows are then validated and applied like new ones.
After a bound of days they are rejected.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog

from shared.chassis.database import WriteSession, is_transient
from shared.chassis.feeds import marking, repository
from shared.chassis.feeds.columns import RowParser
from shared.chassis.feeds.kinds import ACCEPTED, OLDER, UNCHANGED, Delivery, FeedKind, FeedRow, Outcome
from shared.chassis.feeds.messages import FILE_MESSAGES, FileRefused
from shared.chassis.feeds.readers import CsvRows, NdjsonRows, match_headings
from shared.chassis.feeds.xlsx import csv_of_workbook
from shared.chassis.jobs import SYSTEM, JobCancelled, JobContext, JobReplaced, Tasks, enqueue
from shared.chassis.reach import UNSCOPED

log = structlog.get_logger(__name__)

JOB_KIND = "feed"
WAITING_JOB_KIND = "feed-waiting"
WAKE_JOB_KIND = "wake-waiting"
WAITING_CRON = "33 18 * * *"  # 01:33 in Bangkok
STAGE_BATCH_ROWS = 2_000
STAGE_BATCH_BYTES = 1024 * 1024  # of the file; in memory, rows of many short cells weigh thirty times as much
SIDE_BY_SIDE = 2  # chunks at once: this process works on the one while PostgreSQL works on the other
_HEADINGS = 1
_COUNTED = (ACCEPTED, UNCHANGED, OLDER, "rejected")


def feed_tasks(kinds: Sequence[FeedKind]) -> Tasks:
    """The jobs behind a service's feeds."""
    by_name = {kind.name: kind for kind in kinds}
    tasks = Tasks()

    @tasks.task(JOB_KIND)
    async def process(context: JobContext, *, delivery_id: str) -> Mapping[str, Any] | None:
        return await process_delivery(context, by_name, UUID(delivery_id))

    @tasks.task(WAITING_JOB_KIND, cron=WAITING_CRON)
    async def look_after_waiting(context: JobContext) -> Mapping[str, Any] | None:
        return await look_after_deliveries(context)

    @tasks.task(WAKE_JOB_KIND)
    async def wake(context: JobContext, *, names: list[str]) -> None:
        async with context.database.unscoped() as session:
            await wake_waiting(session, names)

    return tasks


async def enqueue_delivery(session: WriteSession, delivery_id: UUID, kind: str, requested_by: str) -> UUID:
    """Queue the work on a delivery. Deliveries of one kind follow one another: they write the same rows."""
    return await enqueue(
        session,
        JOB_KIND,
        {"delivery_id": delivery_id},
        requested_by=requested_by,
        lock=f"feed:{kind}",
        queueing_lock=f"feed:{delivery_id}",
    )


async def wake_waiting(session: WriteSession, names: Sequence[str]) -> int:
    """Apply the rows that wait for these names, e.g. ``member:<hash>``.

    Call it in the transaction that stores what the names name, after it was stored: rows that begin to wait at the
    same moment are then found either here or by their own job.

    Returns:
        How many deliveries have rows that woke.
    """
    if not names:
        return 0
    await repository.share_wake_lock(session)
    woken = await repository.wake_rows(session, names)
    for delivery_id in woken:
        found = await repository.sender_of(session, delivery_id)
        await enqueue_delivery(session, delivery_id, found["kind"], found["requested_by"])
    return len(woken)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Names that an inbox's handler has learnt of, to be handed back to :func:`wake_arrived`."""

    names: Sequence[str]


async def wake_arrived(session: WriteSession, handed_back: Iterable[object]) -> None:
    """The end of an inbox's batch: wake what waits for all that arrived with it.

    Once a batch and not once a handler: rows and jobs of two files are then locked in one order, and two members of the
    group that wake them at one moment do not deadlock.
    """
    await wake_waiting(session, [name for one in handed_back if isinstance(one, Arrived) for name in one.names])


async def wake_later(session: WriteSession, names: Sequence[str]) -> None:
    """Let a job apply what waits for these names, when anything does: a request may not see others' deliveries.

    The lock is that of :func:`wake_waiting`: a row that begins to wait at the same moment is found here, or looks
    again once this is committed.
    """
    await repository.share_wake_lock(session)
    if await repository.does_any_wait(session, names):
        await enqueue(session, WAKE_JOB_KIND, {"names": list(names)}, requested_by=SYSTEM, reach=UNSCOPED)


async def process_delivery(
    context: JobContext, kinds: Mapping[str, FeedKind], delivery_id: UUID
) -> Mapping[str, Any] | None:
    """Take a delivery from wherever it stands to its end."""
    try:
        return await _process(context, kinds, delivery_id)
    except FileRefused as refusal:
        await _fail(context, delivery_id, refusal.code, refusal.message_en, refusal.message_th)
        return {"error": refusal.code}
    except JobCancelled:
        await _fail(context, delivery_id, "cancelled")
        raise
    except JobReplaced:
        raise
    except Exception as error:
        if not is_transient(error) or context.gives_up:
            await _fail(context, delivery_id, "internal")
        raise


async def _process(context: JobContext, kinds: Mapping[str, FeedKind], delivery_id: UUID) -> Mapping[str, Any] | None:
    async with context.database.unscoped() as session:
        locked = await repository.lock_delivery(session, delivery_id)
        if locked is None or locked[1]["status"] == "failed":
            return None
        delivery, row = locked
        if row["status"] in ("received", "staging"):
            await repository.set_status(session, delivery_id, "staging")
    kind = kinds[delivery.kind]
    if row["status"] in ("received", "staging"):
        await _stage(context, kind, delivery, row["file_format"])
    async with context.database.unscoped() as session:
        await repository.analyse_rows(session)
    await _validate(context, kind, delivery)
    await _apply_all(context, kind, delivery)
    if await _look_again(context, delivery):
        await _validate(context, kind, delivery)
        await _apply_all(context, kind, delivery)
    return await _complete(context, kind, delivery)


async def _fail(context: JobContext, delivery_id: UUID, code: str, message_en: str = "", message_th: str = "") -> None:
    message = FILE_MESSAGES[code]
    async with context.database.unscoped() as session:
        await repository.fail(session, delivery_id, code, message_en or message.en, message_th or message.th)


# --- staging ---------------------------------------------------------------------------------------------------------


async def _stage(context: JobContext, kind: FeedKind, delivery: Delivery, file_format: str) -> None:
    """Read the file into typed rows, all in one transaction; the file itself is forgotten with it."""
    await context.phase("staging")
    async with context.database.unscoped() as session:
        locked = await repository.lock_delivery(session, delivery.id)
        if locked is not None and locked[1]["status"] == "validating":
            return  # a worker taken for dead was not, and has read the file since we looked
        await repository.allow_long_pauses(session)
        staged = _Staged(session, kind, delivery, context.settings.feed_cell_characters_max)
        async for batch in _batches(context, session, kind, delivery.id, file_format):
            await staged.take(batch)
            if staged.rows > context.settings.feed_rows_max:
                raise FileRefused("too_many_rows")
            await context.progress(staged.rows)
        if not staged.rows:
            raise FileRefused("empty_file")
        await repository.forget_file(session, delivery.id)
        await repository.finish_staging(session, delivery.id, staged.rows)


class _Staged:
    """What of a file has been put into the staging table."""

    def __init__(self, session: WriteSession, kind: FeedKind, delivery: Delivery, characters_max: int) -> None:
        self._session = session
        self._kind = kind
        self._delivery = delivery
        self._characters_max = characters_max
        self._parser: RowParser | None = None
        self.rows = 0

    async def take(self, batch: Sequence[tuple[int, list[str]]]) -> None:
        """Type and store the next rows of the file; the first of all holds the headings."""
        staged: list[tuple[Any, ...]] = []
        rejects: list[tuple[int, str, str]] = []
        for number, cells in batch:
            if self._parser is None:
                columns = match_headings(self._kind, cells)
                self._parser = RowParser(self._kind, columns, self._delivery.as_of, self._characters_max)
                continue
            if not any(cells):
                continue
            self.rows += 1
            data, faults = self._parser.parse(cells)
            if faults:
                rejects.extend((number, column, code) for column, code in faults)
            else:
                staged.append((self._delivery.id, number, self._parser.key(data), orjson.dumps(data).decode()))
        if staged:
            await self._session.copy("feed_row", ("delivery_id", "row_number", "row_key", "data"), staged)
        await repository.store_rejects(self._session, self._delivery.id, rejects)


async def _batches(
    context: JobContext, session: WriteSession, kind: FeedKind, delivery_id: UUID, file_format: str
) -> AsyncIterator[list[tuple[int, list[str]]]]:
    """Rows of the file, some thousand at a time; the headings alone, so that they are looked at before any row."""
    rows = NdjsonRows(kind) if file_format == "ndjson" else CsvRows()
    batch: list[tuple[int, list[str]]] = []
    source = _parts(session, delivery_id)
    if file_format == "xlsx":
        content = b"".join([part async for part in source])
        source = csv_of_workbook(content, rows_max=context.settings.feed_rows_max)
    read_bytes = 0
    async for chunk in source:
        rows.feed(chunk)
        for row in rows.rows():
            batch.append(row)
            if len(batch) >= STAGE_BATCH_ROWS or row[0] == _HEADINGS:
                yield batch
                batch, read_bytes = [], 0
        read_bytes += len(chunk)
        if batch and read_bytes >= STAGE_BATCH_BYTES:
            yield batch
            batch, read_bytes = [], 0
    rows.end()
    for row in rows.rows():
        batch.append(row)
        if len(batch) >= STAGE_BATCH_ROWS or row[0] == _HEADINGS:
            yield batch
            batch = []
    if batch:
        yield batch


async def _parts(session: WriteSession, delivery_id: UUID) -> AsyncIterator[bytes]:
    part = 0
    while (content := await repository.file_part(session, delivery_id, part)) is not None:
        yield content
        part += 1


# --- validating and applying -----------------------------------------------------------------------------------------


async def _validate(context: JobContext, kind: FeedKind, delivery: Delivery) -> None:
    """Look at all rows still to do at once, by SQL, in the sender's reach."""
    async with context.database.write(delivery.reach) as session:
        locked = await repository.lock_delivery(session, delivery.id)
        if locked is None:
            return
        await marking.reject_duplicates(session, delivery)
        if kind.validate is not None:
            await kind.validate(session, delivery)
        await repository.count_rejected(session, delivery.id)
        if locked[1]["status"] != "completed":
            await repository.set_status(session, delivery.id, "applying")


async def _apply_all(context: JobContext, kind: FeedKind, delivery: Delivery) -> None:
    async with context.database.unscoped() as session:
        chunks = await repository.chunks(session, delivery.id, context.settings.feed_chunk_rows)
    to_do, done = sum(chunk.rows for chunk in chunks), 0
    await context.phase("applying", total=to_do)
    left = iter(chunks)

    async def work() -> None:
        nonlocal done
        for chunk in left:
            async with context.database.write(delivery.reach) as session:
                await repository.share_delivery(session, delivery.id)
                rows = await repository.take_rows(session, delivery.id, chunk)
                if rows:
                    await _apply_chunk(session, kind, delivery, rows)
            context.got_further = context.got_further or bool(rows)
            done += len(rows)
            await context.progress(done, max(done, to_do))

    await _side_by_side([work() for _ in range(SIDE_BY_SIDE if kind.independent else 1)])


async def _side_by_side(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all of it at once; when one fails, the others are stopped before the error goes on."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _apply_chunk(session: WriteSession, kind: FeedKind, delivery: Delivery, rows: list[FeedRow]) -> None:
    """Apply rows and note what became of each; effects and notes commit together."""
    outcomes = await kind.apply(session, delivery, rows)
    counts = dict.fromkeys(_COUNTED, 0)
    waits: list[tuple[int, str]] = []
    rejects: list[tuple[int, str, str]] = []
    finished: list[int] = []
    for row in rows:
        name, detail, column = _parse_outcome(kind, row, outcomes)
        if name == "waiting":
            waits.append((row.row_number, detail))
            continue
        if name == "rejected":
            rejects.append((row.row_number, column, detail))
        counts[name] += 1
        finished.append(row.row_number)
    await repository.let_wait(session, delivery.id, waits)
    await repository.store_rejects(session, delivery.id, rejects)
    await repository.finish_rows(session, delivery.id, finished, counts, rows[-1].row_number)


def _parse_outcome(kind: FeedKind, row: FeedRow, outcomes: Mapping[int, Outcome]) -> tuple[str, str, str]:
    """Name, detail (what is waited for, or the code) and column of a row's outcome."""
    outcome = outcomes.get(row.row_number)
    if outcome in (ACCEPTED, UNCHANGED, OLDER):
        return outcome, "", ""
    name, _, detail = (outcome or "").partition(":")
    if name == "waiting" and detail:
        return name, detail, ""
    if name == "rejected" and detail:
        code, _, column = detail.partition(":")
        return name, code, column
    raise ValueError(f"feed {kind.name}: apply gave no outcome, or an unknown one, for row {row.row_number}")


async def _look_again(context: JobContext, delivery: Delivery) -> bool:
    """Whether rows that began to wait have to be tried once more.

    A name that arrived while a row began to wait may have been announced before the row could be found. All such
    announcements have ended when the lock has been passed; later ones find the row.
    """
    async with context.database.unscoped() as session:
        if not await repository.has_waiting(session, delivery.id):
            return False
        await repository.pass_wake_lock(session)
    async with context.database.unscoped() as session:
        await repository.lock_delivery(session, delivery.id)
        return await repository.wake_delivery(session, delivery.id) > 0


async def _complete(context: JobContext, kind: FeedKind, delivery: Delivery) -> Mapping[str, int]:
    async with context.database.write(delivery.reach) as session:
        counts = await repository.counts(session, delivery.id)
        if await repository.complete(session, delivery.id) and kind.completed is not None:
            await kind.completed(session, delivery, counts)
    log.info("feed_delivery_processed", delivery_id=str(delivery.id), feed=delivery.kind, **counts)
    return counts


# --- waiting ---------------------------------------------------------------------------------------------------------


async def look_after_deliveries(context: JobContext) -> Mapping[str, int]:
    """Every night: reject what waited too long, try the rest again, and forget what was abandoned."""
    expired, retried = 0, 0
    async with context.database.unscoped() as session:
        deliveries = await repository.deliveries_waiting(session, context.settings.feed_waiting_days_max)
    await context.phase("waiting rows", total=len(deliveries))
    for number, row in enumerate(deliveries, 1):
        async with context.database.unscoped() as session:
            await repository.lock_delivery(session, row["id"])
            if row["too_long"]:
                expired += await repository.reject_waited_too_long(session, row["id"])
            else:
                retried += await repository.wake_delivery(session, row["id"])
                await enqueue_delivery(session, row["id"], row["kind"], row["requested_by"])
        await context.progress(number, len(deliveries))
    async with context.database.write(UNSCOPED) as session:
        for delivery_id in await repository.abandoned(session):
            message = FILE_MESSAGES["cancelled"]
            await repository.fail(session, delivery_id, "cancelled", message.en, message.th)
    return {"rejected": expired, "tried_again": retried}
