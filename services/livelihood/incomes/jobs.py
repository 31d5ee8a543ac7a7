"""The job that computes what households can expect to earn."""

from typing import Any
from uuid import UUID

from services.livelihood.incomes import repository
from services.livelihood.incomes.service import compute_plans, crops_of_year
from shared.chassis.jobs import JobContext, Tasks

TASKS = Tasks()

_CHUNK_MEMBERS = 1_000


@TASKS.task("compute-income-plans")
async def compute_income_plans(
    context: JobContext, *, fiscal_year_be: int, cooperative_id: str | None = None
) -> dict[str, Any]:
    """Compute the plan of every member with a farm household, chunk by chunk; a stated plan is left alone.

    Repeating changes nothing, so a job that was killed simply starts again.
    """
    cooperative = UUID(cooperative_id) if cooperative_id else None
    async with context.database.read(context.reach) as reader:
        crops = await crops_of_year(reader, fiscal_year_be)
        total = await repository.count_members_with_household(reader, cooperative)
    after, done, changed = UUID(int=0), 0, 0
    while True:
        async with context.database.write(context.reach) as session:
            members = await repository.list_members_with_household(session, cooperative, after, _CHUNK_MEMBERS)
            changed += await compute_plans(session, members, crops, fiscal_year_be)
        if not members:
            return {"members": done, "changed": changed}
        after, done = members[-1]["member_id"], done + len(members)
        await context.progress(done, total)
