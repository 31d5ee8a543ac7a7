"""All SQL of tests before and after a course."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from shared.chassis.database import ReadSession


async def assessments_of(session: ReadSession, keys: Collection[tuple[UUID, UUID, UUID]]) -> list[dict[str, Any]]:
    """All tests known of these courses, members and co-operatives."""
    wanted = sorted(keys)
    rows = await session.fetch(
        """
        select assessment.* from assessment
          join unnest(cast(:courses as uuid[]), cast(:members as uuid[]), cast(:cooperatives as uuid[]))
               as wanted (course_id, member_id, cooperative_id) using (course_id, member_id, cooperative_id)
        """,
        courses=[course_id for course_id, _, _ in wanted],
        members=[member_id for _, member_id, _ in wanted],
        cooperatives=[cooperative_id for _, _, cooperative_id in wanted],
    )
    return [dict(row) for row in rows]
