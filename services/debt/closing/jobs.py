"""The jobs that close days and freeze baselines: a range of co-operatives at a time, a stated day in one transaction.

A range is unscoped, but only over co-operatives that the caller's reach covers: asking once is cheaper than asking for
every loan. A job that is killed starts again and finds the days that are stated closed.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import structlog

from services.debt.closing import repository
from services.debt.closing.service import Step, close_cooperatives, freeze_baseline
from services.debt.errors import CloseUnbalanced
from shared.chassis.database import Row, WriteSession
from shared.chassis.jobs import JobContext, Tasks

log = structlog.get_logger(__name__)

TASKS = Tasks()

LOANS_PER_RANGE_MAX = 25_000
"""Loans closed in one transaction: large enough for set-based work, small enough to commit every few seconds."""

RangeWork = Callable[[WriteSession, Sequence[UUID]], Awaitable[Step]]


@TASKS.task("close")
async def close(context: JobContext, *, close_to: str, cooperative_ids: list[str] | None = None) -> Mapping[str, Any]:
    """Close the co-operatives within the caller's reach up to a day."""
    day = date.fromisoformat(close_to)
    wanted = None if cooperative_ids is None else [UUID(text) for text in cooperative_ids]

    async def work(session: WriteSession, range_ids: Sequence[UUID]) -> Step:
        return await close_cooperatives(session, range_ids, day)

    return {"closed": await _work_through(context, "closing", wanted, work)}


@TASKS.task("baseline")
async def baseline(context: JobContext, *, fiscal_year_be: int) -> Mapping[str, Any]:
    """Freeze the cohort of a fiscal year for the co-operatives within the caller's reach."""

    async def work(session: WriteSession, range_ids: Sequence[UUID]) -> Step:
        return await freeze_baseline(session, range_ids, fiscal_year_be)

    return {"baselines": await _work_through(context, "baseline", None, work)}


async def _work_through(context: JobContext, phase: str, wanted: list[UUID] | None, work: RangeWork) -> int:
    """Do the work range by range.

    Raises:
        CloseUnbalanced: at the end, when the books of some co-operatives do not balance; all others are done.
    """
    async with context.database.read(context.reach) as session:
        cooperative_ids = await repository.cooperatives_in_reach(session, wanted)
        sizes = await repository.loans_per_cooperative(session, cooperative_ids)
    await context.phase(phase, total=len(cooperative_ids))
    done = finished = 0
    gaps: dict[UUID, int] = {}
    for range_ids in ranges(sizes, LOANS_PER_RANGE_MAX):
        left = True
        while left:
            step, refused = await _work_on(context, [one for one in range_ids if one not in gaps], work)
            gaps |= refused
            finished += step.done
            left = step.left
            context.got_further = context.got_further or left or finished > 0
            await context.progress(done, len(cooperative_ids))
        done += len(range_ids)
        await context.progress(done, len(cooperative_ids))
    if gaps:
        raise CloseUnbalanced(gaps)
    return finished


async def _work_on(
    context: JobContext, cooperative_ids: Sequence[UUID], work: RangeWork
) -> tuple[Step, dict[UUID, int]]:
    """One step; co-operatives whose books do not balance are left open, and the others done without them."""
    refused: dict[UUID, int] = {}
    while True:
        left = [cooperative_id for cooperative_id in cooperative_ids if cooperative_id not in refused]
        if not left:
            return Step(0, left=False), refused
        try:
            async with context.database.unscoped() as session:
                return await work(session, left), refused
        except CloseUnbalanced as error:
            for cooperative_id, gap in error.gaps.items():
                log.error("close_refused", cooperative_id=str(cooperative_id), gap_satang=gap)
            refused |= error.gaps


def ranges(sizes: Sequence[Row], loans_max: int) -> Iterator[list[UUID]]:
    """Co-operatives in ranges of about so many loans; those closed to the same day stay together."""
    current: list[UUID] = []
    loans = 0
    for row in sizes:
        if current and loans + row["loans"] > loans_max:
            yield current
            current, loans = [], 0
        current.append(row["id"])
        loans += row["loans"]
    if current:
        yield current
