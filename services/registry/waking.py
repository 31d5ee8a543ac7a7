"""Rows of files that wait for a member or household which a request, not a file, has brought."""

from collections.abc import Sequence

from shared.chassis.database import WriteSession
from shared.chassis.feeds import wake_waiting
from shared.chassis.feeds.repository import share_wake_lock
from shared.chassis.jobs import SYSTEM, JobContext, Tasks, enqueue
from shared.chassis.reach import UNSCOPED

TASKS = Tasks()
_KIND = "wake-waiting"


async def wake_later(session: WriteSession, names: Sequence[str]) -> None:
    """Let a job apply what waits for these names, when anything does.

    The caller may not see the deliveries of others, so this is not done in the caller's transaction. The lock is that
    of :func:`wake_waiting`: a row that begins to wait at the same moment is found here, or looks again once this is
    committed.
    """
    await share_wake_lock(session)
    waits = await session.scalar(
        "select exists (select from feed_row where status = 'waiting' and waiting_for = any(cast(:names as text[])))",
        names=list(names),
    )
    if waits:
        await enqueue(session, _KIND, {"names": list(names)}, requested_by=SYSTEM, reach=UNSCOPED)


@TASKS.task(_KIND)
async def _wake(context: JobContext, *, names: list[str]) -> None:
    async with context.database.unscoped() as session:
        await wake_waiting(session, names)
