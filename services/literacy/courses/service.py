"""Use cases of courses: open, hold, call the roll, score."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.literacy.courses import repository
from services.literacy.courses.schemas import (
    AssessmentRead,
    CourseRead,
    HoldSession,
    OpenCourse,
    RollCall,
    RollCallRead,
    ScoreAssessment,
    SessionRead,
)
from services.literacy.errors import (
    CourseCodeTaken,
    UnknownCooperative,
    UnknownCourse,
    UnknownMember,
    UnknownMemberNumbers,
    UnknownSession,
)
from services.literacy.projections.repository import find_cooperative, find_member, find_members_by_number
from shared.chassis import outbox
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.literacy import AssessmentScored, SessionAttended
from shared.kernel.errors import FieldProblem
from shared.kernel.identifiers import uuid7


@dataclass(frozen=True)
class Attendee:
    """One member at one session of a course on a day."""

    session_id: UUID
    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    held_on: date


@dataclass(frozen=True)
class Scored:
    """One member's test before or after a course, and the day on which its score was stated."""

    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    phase: Literal["pre", "post"]
    score: Decimal
    scored_on: date
    as_of: date


async def open_course(session: WriteSession, sent: OpenCourse) -> CourseRead:
    """Open a course of a co-operative; raises UnknownCooperative, CourseCodeTaken."""
    if await find_cooperative(session, sent.cooperative_id) is None:
        raise UnknownCooperative
    course = {"id": uuid7(), "version": 1, **sent.model_dump()}
    if not await repository.insert_course(session, course):
        raise CourseCodeTaken
    return CourseRead.model_validate(course)


async def list_courses(session: ReadSession, page: PageRequest, cooperative_id: UUID) -> Page[CourseRead]:
    """A co-operative's courses by code."""
    (after,) = page.after(str) or ("",)
    rows = await repository.list_courses(session, cooperative_id, after, page.fetch_limit)
    return page_of(rows, page, lambda row: (row["code"],), CourseRead.model_validate)


async def hold_session(session: WriteSession, course_id: UUID, sent: HoldSession) -> SessionRead:
    """Hold a session of a course on a day; the same day again gives the same session. Raises UnknownCourse."""
    course = await repository.find_course(session, course_id)
    if course is None:
        raise UnknownCourse
    row = {
        "id": uuid7(),
        "course_id": course_id,
        "cooperative_id": course["cooperative_id"],
        "held_on": sent.held_on,
    }
    await repository.insert_sessions(session, [row])
    row["id"] = (await repository.session_ids(session, [(course_id, sent.held_on)]))[course_id, sent.held_on]
    return SessionRead.model_validate(row)


async def call_roll(session: WriteSession, session_id: UUID, sent: RollCall) -> RollCallRead:
    """Record who was at a session, by member number: all of them, or nobody.

    Raises:
        UnknownSession: there is none within reach.
        UnknownMemberNumbers: which lines of the roll nobody knows.
    """
    held = await repository.find_session(session, session_id)
    if held is None:
        raise UnknownSession
    hashes = [member_number_hash(held["cooperative_code"], number) for number in sent.member_numbers]
    members = await find_members_by_number(session, hashes)
    unknown = [place for place, value in enumerate(hashes) if value not in members]
    if unknown:
        raise UnknownMemberNumbers(
            fields=[
                FieldProblem(
                    f"member_numbers.{place}", "unknown_member", "No member has this number", "ไม่มีสมาชิกเลขทะเบียนนี้"
                )
                for place in unknown
            ]
        )
    attendees = [
        Attendee(session_id, held["course_id"], held["cooperative_id"], members[value]["id"], held["held_on"])
        for value in dict.fromkeys(hashes)
    ]
    recorded = len(await record_attendance(session, attendees))
    return RollCallRead(session_id=session_id, recorded=recorded, known_before=len(attendees) - recorded)


async def record_attendance(session: WriteSession, attendees: Sequence[Attendee]) -> set[Attendee]:
    """Record attendances with their events; those known before change nothing. Returns those that were new."""
    rows = {uuid7(): attendee for attendee in attendees}
    new = await repository.insert_attendances(
        session,
        [
            {
                "id": attendance_id,
                "session_id": attendee.session_id,
                "course_id": attendee.course_id,
                "cooperative_id": attendee.cooperative_id,
                "member_id": attendee.member_id,
            }
            for attendance_id, attendee in rows.items()
        ],
    )
    await outbox.add_many(
        session,
        [
            _attended({"id": attendance_id, **vars(rows[attendance_id])})
            for attendance_id in rows
            if attendance_id in new
        ],
    )
    return {rows[attendance_id] for attendance_id in new}


async def score_assessment(session: WriteSession, sent: ScoreAssessment) -> AssessmentRead:
    """Score a member's test; another score revises it. Raises UnknownCourse, UnknownMember."""
    course = await repository.find_course(session, sent.course_id)
    if course is None:
        raise UnknownCourse
    member = await find_member(session, sent.member_id)
    if member is None or member["cooperative_id"] != course["cooperative_id"]:
        raise UnknownMember
    scored = Scored(cooperative_id=course["cooperative_id"], as_of=today_in_bangkok(), **sent.model_dump())
    await record_scores(session, [scored])
    kept = await repository.find_assessment(session, sent.course_id, sent.member_id, sent.phase)
    assert kept is not None  # noqa: S101 - recorded now or before
    return AssessmentRead.model_validate(kept)


async def record_scores(session: WriteSession, scores: Sequence[Scored], *, newest_wins: bool = False) -> Sequence[Row]:
    """Record scores with their events; equal ones change nothing. Returns the rows that changed.

    Of several of one course, member and phase the one of the latest day counts; with `newest_wins` that of a day before
    the one kept does not, nor that of the same day which was stated before it.
    """
    latest: dict[tuple[UUID, UUID, str], Scored] = {}
    for scored in sorted(scores, key=lambda scored: scored.scored_on):
        latest[scored.course_id, scored.member_id, scored.phase] = scored
    rows = await repository.store_assessments(
        session,
        [{"id": uuid7(), "revision": 1, **vars(scored)} for scored in latest.values()],
        newest_wins=newest_wins,
    )
    await outbox.add_many(session, [_scored(row) for row in rows])
    return rows


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every attendance, and every test as it is scored now."""
    async for row in repository.every_attendance(session):
        yield _attended(row)
    async for row in repository.every_assessment(session):
        yield _scored(row)


def _attended(row: Mapping[str, Any]) -> Outgoing:
    event = SessionAttended(
        attendance_id=row["id"],
        session_id=row["session_id"],
        course_id=row["course_id"],
        cooperative_id=row["cooperative_id"],
        member_id=row["member_id"],
        attended_on=row["held_on"],
    )
    return event, 1, row["held_on"]


def _scored(row: Mapping[str, Any]) -> Outgoing:
    event = AssessmentScored(
        assessment_id=row["id"],
        course_id=row["course_id"],
        cooperative_id=row["cooperative_id"],
        member_id=row["member_id"],
        phase=row["phase"],
        score=row["score"],
        scored_on=row["scored_on"],
        revision=row["revision"],
    )
    return event, row["revision"], row["scored_on"]
