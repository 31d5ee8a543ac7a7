"""What goes in and out about programmes and enrolments over HTTP."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.chassis.http.inputs import Day, Text
from shared.kernel.errors import BilingualValueError

ProgrammeCode = Annotated[
    Literal["A", "B"], Field(description="A: overdue debt, phases 1 and 2. B: debt and quality of life, yearly.")
]


class Phase(BaseModel):
    """One phase of a programme; both days count."""

    model_config = ConfigDict(extra="forbid")

    phase: Annotated[int, Field(ge=1, le=99)]
    starts_on: Day
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Phase":
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise BilingualValueError("The last day lies before the first", "วันสิ้นสุดอยู่ก่อนวันเริ่มต้น")
        return self


def _each_once(phases: list[Phase]) -> list[Phase]:
    ordered = sorted(phases, key=lambda phase: phase.phase)
    if any(first.phase == second.phase for first, second in pairwise(ordered)):
        raise BilingualValueError("A phase stands twice in the list", "มีระยะของโครงการซ้ำ")
    return ordered


Phases = Annotated[list[Phase], Field(min_length=1, max_length=99), AfterValidator(_each_once)]
Name = Annotated[Text, Field(min_length=1, max_length=300)]
CooperativesTarget = Annotated[int | None, Field(ge=1, le=1_000_000)]
ReductionTarget = Annotated[Decimal | None, Field(ge=0, le=100, decimal_places=3)]


class ProgrammeCreate(BaseModel):
    """A programme to record."""

    model_config = ConfigDict(extra="forbid")

    code: ProgrammeCode
    name_th: Name
    name_en: Name
    phases: Phases
    cooperatives_target: CooperativesTarget = None
    overdue_reduction_target_percent: ReductionTarget = None


class ProgrammeChange(BaseModel):
    """What to change; a field left out stays as it is, and null clears it where it may be empty."""

    model_config = ConfigDict(extra="forbid")

    name_th: Name = ""
    name_en: Name = ""
    phases: Annotated[Phases, Field(description="All phases, in the place of those before.")] = []
    cooperatives_target: CooperativesTarget = None
    overdue_reduction_target_percent: ReductionTarget = None


class ProgrammeRead(BaseModel):
    """A programme."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: ProgrammeCode
    name_th: str
    name_en: str
    phases: list[Phase]
    cooperatives_target: int | None
    overdue_reduction_target_percent: Decimal | None
    version: int


class ProgrammeList(BaseModel):
    """All programmes."""

    items: list[ProgrammeRead]


class EnrolmentCreate(BaseModel):
    """A co-operative that enters a phase of a programme."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    programme_code: ProgrammeCode
    phase: Annotated[int, Field(ge=1, le=99)]
    cooperative_id: UUID
    valid_from: Annotated[Day, Field(alias="from")]
    valid_to: Annotated[Day | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _in_order(self) -> "EnrolmentCreate":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise BilingualValueError("The last day lies before the first", "วันสิ้นสุดอยู่ก่อนวันเริ่มต้น")
        return self


class EnrolmentsCreate(BaseModel):
    """Many enrolments; each has its own result."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[EnrolmentCreate], Field(min_length=1)]


class EnrolmentChange(BaseModel):
    """The last day of an enrolment; null opens it again."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    valid_to: Annotated[Day | None, Field(alias="to")]


class EnrolmentRead(BaseModel):
    """A co-operative's part in a phase of a programme."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    programme_id: UUID
    programme_code: ProgrammeCode
    phase: int
    cooperative_id: UUID
    valid_from: Annotated[date, Field(alias="from")]
    valid_to: Annotated[date | None, Field(alias="to")]
    version: int
