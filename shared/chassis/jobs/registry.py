"""The jobs a service can run: a handler per kind, and what a handler is given."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import orjson

from shared.chassis.database import Database
from shared.chassis.reach import Reach
from shared.chassis.settings import Settings

PROGRESS_WRITTEN_SECONDS = 1.0  # a loop may report every chunk; the table is written this often at most


class JobCancelled(Exception):
    """Somebody asked for the job to stop. Raised out of :meth:`JobContext.progress`, between two chunks."""


class JobReplaced(Exception):
    """Another worker has taken the job over, because this one was thought dead. Stop without a trace."""


FRUITLESS_SECONDS_MAX = 600.0  # of a job that gets nowhere: a database that changes its place is back by then
ATTEMPTS_MAX = 20  # of any, one that takes its worker down each time too

JobResult: TypeAlias = Mapping[str, Any] | None


HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[JobResult]])


@dataclass(frozen=True)
class Task:
    """A kind of job.

    The handler takes the context and the arguments it was enqueued with; what it returns is shown as the result.
    `cron` (five fields, UTC) runs it without a caller, unscoped and without arguments.
    """

    kind: str
    handler: Callable[..., Awaitable[JobResult]]
    cron: str | None


class Tasks:
    """The registry of one service's jobs."""

    def __init__(self) -> None:
        self.by_kind: dict[str, Task] = {}

    def task(self, kind: str, *, cron: str | None = None) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a kind of job.

        The handler may be started again from its beginning at any moment, after a kill or a lost connection: it
        works in chunks and keeps its cursor in the transaction of each chunk.
        """

        def register(handler: HandlerT) -> HandlerT:
            self._add(Task(kind, handler, cron))
            return handler

        return register

    def include(self, other: "Tasks") -> None:
        """Take over every task of another registry."""
        for task in other.by_kind.values():
            self._add(task)

    def _add(self, task: Task) -> None:
        if task.kind in self.by_kind:
            raise ValueError(f"the job kind {task.kind!r} is registered twice")
        self.by_kind[task.kind] = task


@dataclass
class JobContext:
    """What a running job knows: its database, its caller's reach, and where to report progress.

    Attributes:
        job_id: the job's id, the one in ``GET …/jobs/{id}``.
        kind: the kind it was enqueued as.
        database: in the worker role; open transactions with ``database.write(context.reach)``.
        settings: the process's settings.
        reach: the caller's reach.
        requested_by: the caller's subject, or ``system``.
        attempt: 1 on the first run.
        fruitless_since: when a transient fault ended an attempt, if none has got further after it.
        correlation_id: that of the request that enqueued it.
        got_further: the handler says here that this attempt has committed what a later one need not do again.
    """

    job_id: UUID
    kind: str
    database: Database
    settings: Settings
    reach: Reach
    requested_by: str
    attempt: int
    correlation_id: str | None = None
    fruitless_since: datetime | None = None
    got_further: bool = field(default=False, repr=False)
    _written_at: float = field(default=0.0, repr=False)
    _cancelled: bool = field(default=False, repr=False)

    @property
    def gives_up(self) -> bool:
        """Whether a transient fault ends the job now.

        A job of hours may meet many short faults, and one that lasts for minutes. They are no reason to end as long as
        attempts get further, whatever came before; nor is their number, when they follow each other within seconds.
        """
        if self.attempt >= ATTEMPTS_MAX:
            return True
        if self.got_further or self.fruitless_since is None:
            return False
        return datetime.now(UTC) - self.fruitless_since >= timedelta(seconds=FRUITLESS_SECONDS_MAX)

    async def phase(self, name: str, total: int | None = None, *, done: int = 0) -> None:
        """Begin a part of the work, with what is done of it already; rate and estimate are counted from here."""
        await self._store(
            "phase = :phase, done = :done, total = :total, phase_first_done = :done, phase_started_at = now()",
            phase=name,
            total=total,
            done=done,
        )

    async def progress(self, done: int, total: int | None = None) -> None:
        """Report how much is done, in a transaction of its own, once a second at most.

        Raises:
            JobCancelled: the job should stop here.
            JobReplaced: another worker runs this job.
        """
        finished = total is not None and done >= total
        if not finished and time.monotonic() - self._written_at < PROGRESS_WRITTEN_SECONDS:
            await asyncio.sleep(0)
            return
        await self._store("done = :done, total = coalesce(:total, total)", done=done, total=total)
        if self._cancelled:
            raise JobCancelled(self.kind)

    async def _store(self, changes: str, **parameters: Any) -> None:
        async with self.database.unscoped() as session:
            row = await session.fetch_one(
                f"""
                update job set {changes}, progressed_at = now(),
                    fruitless_since = case when not :got_further then fruitless_since end
                where id = :job_id and attempt = :attempt and status = 'running'
                returning cancel_requested
                """,
                job_id=self.job_id,
                attempt=self.attempt,
                got_further=self.got_further,
                **parameters,
            )
        if row is None:
            raise JobReplaced(self.kind)
        self._written_at = time.monotonic()
        self._cancelled = bool(row["cancel_requested"])


def to_json(value: Mapping[str, Any]) -> str:
    """JSON text of arguments or results: dates, UUIDs and decimals become strings."""
    return orjson.dumps(value, default=str).decode()
