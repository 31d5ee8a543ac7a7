"""What goes in and out about courses, sessions, roll calls and tests over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Code, Text

Topic = Literal["household_account", "saving", "interest", "guarantee", "scam_safety", "new_debt"]
Score = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
MemberNumber = Annotated[Text, Field(min_length=1, max_length=40)]


class OpenCourse(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cooperative_id: UUID
    code: Annotated[Code, Field(min_length=1, max_length=40)]
    title: Annotated[Text, Field(min_length=1, max_length=200)]
    topic: Topic = "household_account"


class CourseRead(BaseModel):
    id: UUID
    cooperative_id: UUID
    code: str
    title: str
    topic: Topic


class HoldSession(BaseModel):
    model_config = ConfigDict(extra="forbid")

    held_on: HappenedOn


class SessionRead(BaseModel):
    id: UUID
    course_id: UUID
    cooperative_id: UUID
    held_on: date


class RollCall(BaseModel):
    """Who was there, by member number: people need no account of their own to attend."""

    model_config = ConfigDict(extra="forbid")

    member_numbers: Annotated[list[MemberNumber], Field(min_length=1, max_length=1000)]


class RollCallRead(BaseModel):
    """How many were recorded now, and how many had been before."""

    session_id: UUID
    recorded: int
    known_before: int


class ScoreAssessment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    course_id: UUID
    member_id: UUID
    phase: Literal["pre", "post"]
    score: Score
    scored_on: HappenedOn


class AssessmentRead(BaseModel):
    id: UUID
    course_id: UUID
    member_id: UUID
    phase: Literal["pre", "post"]
    score: Decimal
    scored_on: date
    revision: int
