"""All SQL of courses, sessions, attendance and tests."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.inbox import to_json


async def insert_course(session: WriteSession, course: dict[str, Any]) -> bool:
    """Insert a course; False when the co-operative has one of this code."""
    return bool(await insert_courses(session, [course]))


async def insert_courses(session: WriteSession, courses: Sequence[dict[str, Any]]) -> int:
    """Insert the courses whose code is free; returns how many."""
    return await _insert(session, "course", courses, "cooperative_id, code")


async def insert_sessions(session: WriteSession, sessions: Sequence[dict[str, Any]]) -> int:
    """Insert the sessions whose course has none on that day; returns how many."""
    return await _insert(session, "course_session", sessions, "course_id, held_on")


async def insert_attendances(session: WriteSession, attendances: Sequence[dict[str, Any]]) -> set[UUID]:
    """Insert who was there; returns the ids of those not recorded before."""
    rows = await session.fetch(
        """
        insert into attendance
        select * from jsonb_populate_recordset(cast(null as attendance), cast(:rows as jsonb))
        order by session_id, member_id on conflict do nothing returning id
        """,
        rows=to_json(attendances),
    )
    return {row["id"] for row in rows}


async def store_assessments(
    session: WriteSession, assessments: Sequence[dict[str, Any]], *, newest_wins: bool
) -> Sequence[Row]:
    """Insert scores, one of a course, member and phase, or revise those that differ.

    With `newest_wins` a score of an earlier day than the one kept changes nothing, nor does one of the same day that
    was stated before. Returns the rows that changed, with their revision.
    """
    rows = to_json(assessments)
    await session.execute(
        """
        with confirmed as (
            select kept.id, stated.as_of
            from jsonb_populate_recordset(cast(null as assessment), cast(:rows as jsonb)) as stated
            join assessment as kept using (course_id, member_id, phase, score, scored_on)
            where coalesce(kept.as_of, kept.scored_on) < stated.as_of
            order by course_id, member_id, phase for update of kept
        )
        update assessment set as_of = confirmed.as_of from confirmed where assessment.id = confirmed.id
        """,
        rows=rows,
    )
    return await session.fetch(
        """
        insert into assessment as kept
        select * from jsonb_populate_recordset(cast(null as assessment), cast(:rows as jsonb))
        order by course_id, member_id, phase
        on conflict (course_id, member_id, phase) do update
            set score = excluded.score, scored_on = excluded.scored_on, as_of = excluded.as_of,
                revision = kept.revision + 1
            where (kept.score, kept.scored_on) is distinct from (excluded.score, excluded.scored_on)
                and (not :newest_wins or (excluded.scored_on, excluded.as_of)
                                         >= (kept.scored_on, coalesce(kept.as_of, kept.scored_on)))
        returning *
        """,
        rows=rows,
        newest_wins=newest_wins,
    )


async def kept_scores(
    session: ReadSession, keys: Sequence[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, UUID, str], tuple[Decimal, date]]:
    """The score and its day that are kept for each course, member and phase."""
    rows = await session.fetch(
        """
        select course_id, member_id, phase, score, scored_on from assessment
        join unnest(cast(:courses as uuid[]), cast(:members as uuid[]), cast(:phases as text[]))
            as wanted (course_id, member_id, phase) using (course_id, member_id, phase)
        """,
        courses=[course for course, _, _ in keys],
        members=[member for _, member, _ in keys],
        phases=[phase for _, _, phase in keys],
    )
    return {(row["course_id"], row["member_id"], row["phase"]): (row["score"], row["scored_on"]) for row in rows}


async def find_assessment(session: ReadSession, course_id: UUID, member_id: UUID, phase: str) -> Row | None:
    """A member's test before or after a course, or None when there is none within reach."""
    return await session.fetch_one(
        "select * from assessment where course_id = :course and member_id = :member and phase = :phase",
        course=course_id,
        member=member_id,
        phase=phase,
    )


async def find_course(session: ReadSession, course_id: UUID) -> Row | None:
    """One course, or None when there is none within reach."""
    return await session.fetch_one("select * from course where id = :id", id=course_id)


async def find_session(session: ReadSession, session_id: UUID) -> Row | None:
    """A session within reach, with the code of its co-operative."""
    return await session.fetch_one(
        """
        select course_session.*, cooperative.code as cooperative_code
        from course_session join cooperative on cooperative.id = course_session.cooperative_id
        where course_session.id = :id
        """,
        id=session_id,
    )


async def list_courses(session: ReadSession, cooperative_id: UUID, after: str, limit: int) -> Sequence[Row]:
    """A co-operative's courses by code."""
    return await session.fetch(
        "select * from course where cooperative_id = :cooperative and code > :after order by code limit :limit",
        cooperative=cooperative_id,
        after=after,
        limit=limit,
    )


async def course_ids(session: ReadSession, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """Courses by co-operative and code."""
    rows = await session.fetch(
        """
        select id, cooperative_id, code from course
        join unnest(cast(:cooperatives as uuid[]), cast(:codes as text[])) as wanted (cooperative, course_code)
            on cooperative_id = wanted.cooperative and code = wanted.course_code
        """,
        cooperatives=[cooperative for cooperative, _ in keys],
        codes=[code for _, code in keys],
    )
    return {(row["cooperative_id"], row["code"]): row["id"] for row in rows}


async def session_ids(session: ReadSession, keys: Sequence[tuple[UUID, date]]) -> dict[tuple[UUID, date], UUID]:
    """Sessions by course and day."""
    rows = await session.fetch(
        """
        select id, course_id, held_on from course_session
        join unnest(cast(:courses as uuid[]), cast(:days as date[])) as wanted (course, day)
            on course_id = wanted.course and held_on = wanted.day
        """,
        courses=[course for course, _ in keys],
        days=[day for _, day in keys],
    )
    return {(row["course_id"], row["held_on"]): row["id"] for row in rows}


def every_attendance(session: ReadSession) -> AsyncIterator[Row]:
    """All attendances, with the day of their session."""
    return session.stream(
        "select attendance.*, course_session.held_on from attendance"
        " join course_session on course_session.id = attendance.session_id order by attendance.id"
    )


def every_assessment(session: ReadSession) -> AsyncIterator[Row]:
    """All tests as they are scored now."""
    return session.stream("select * from assessment order by id")


async def _insert(session: WriteSession, table: str, rows: Sequence[dict[str, Any]], unique: str) -> int:
    """Insert the rows whose unique columns are free, in the order of those, so that two at once do not deadlock."""
    return await session.execute(
        f"""
        insert into {table} select * from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb))
        order by {unique} on conflict ({unique}) do nothing
        """,
        rows=to_json(rows),
    )
