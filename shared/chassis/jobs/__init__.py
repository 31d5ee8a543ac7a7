"""Long work as jobs: queued in the caller's transaction, with progress, cancellation, and resumption after a kill.

tasks = Tasks()

@tasks.task("close")
async def close(context: JobContext, *, close_to: str) -> dict[str, Any]:
    await context.phase("closing", total=12)
    for number, cooperative_id in enumerate(await remaining(context), 1):
        async with context.database.write(context.reach) as session:
            ...                                    # one chunk and its cursor, in one transaction
        await context.progress(number, 12)         # raises JobCancelled when somebody asked for it
    return {"closed": 12}

job_id = await jobs.enqueue(session, "close", {"close_to": day}, requested_by=caller.subject)
"""

from shared.chassis.jobs.queue import SYSTEM, as_caller, describe, enqueue, get_job, request_cancel
from shared.chassis.jobs.registry import JobCancelled, JobContext, JobReplaced, Task, Tasks
from shared.chassis.jobs.routes import JobAccepted, job_router
from shared.chassis.jobs.worker import housekeeping_tasks, run_jobs

__all__ = [
    "SYSTEM",
    "JobAccepted",
    "JobCancelled",
    "JobContext",
    "JobReplaced",
    "Task",
    "Tasks",
    "as_caller",
    "describe",
    "enqueue",
    "get_job",
    "housekeeping_tasks",
    "job_router",
    "request_cancel",
    "run_jobs",
]
