"""Routes of courses, sessions, roll calls and tests."""

from uuid import UUID

from fastapi import APIRouter

from services.literacy.auth import LiteracyReader, LiteracyWriter
from services.literacy.courses import service
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
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading, Writing

router = APIRouter(tags=["courses"], route_class=IdempotentRoute)


@router.post("/courses", status_code=201, responses=problem_responses(UnknownCooperative, CourseCodeTaken))
async def open_course(_caller: LiteracyWriter, session: Writing, course: OpenCourse) -> CourseRead:
    """Open a course at a co-operative."""
    return await service.open_course(session, course)


@router.get("/courses")
async def list_courses(
    _caller: LiteracyReader, session: Reading, page: PageParameters, cooperative_id: UUID
) -> Page[CourseRead]:
    """List a co-operative's courses by code."""
    return await service.list_courses(session, page, cooperative_id)


@router.post("/courses/{course_id}/sessions", status_code=201, responses=problem_responses(UnknownCourse))
async def hold_session(_caller: LiteracyWriter, session: Writing, course_id: UUID, held: HoldSession) -> SessionRead:
    """Hold a session of a course."""
    return await service.hold_session(session, course_id, held)


@router.post("/sessions/{session_id}/roll-call", responses=problem_responses(UnknownSession, UnknownMemberNumbers))
async def call_roll(_caller: LiteracyWriter, session: Writing, session_id: UUID, roll: RollCall) -> RollCallRead:
    """Record who was there, by member number; nobody needs an account of their own."""
    return await service.call_roll(session, session_id, roll)


@router.post("/assessments", status_code=201, responses=problem_responses(UnknownCourse, UnknownMember))
async def score_assessment(_caller: LiteracyWriter, session: Writing, assessment: ScoreAssessment) -> AssessmentRead:
    """Score a member's test before or after a course."""
    return await service.score_assessment(session, assessment)
