"""What goes in and out about officers' assignments over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.chassis.http.inputs import Day, Text
from shared.kernel.errors import BilingualValueError

OfficerId = Annotated[Text, Field(min_length=1, max_length=200)]


class Assignment(BaseModel):
    """One co-operative in the officer's hands; both days count."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    cooperative_id: UUID
    valid_from: Annotated[Day, Field(alias="from")]
    valid_to: Annotated[Day | None, Field(alias="to")] = None
    delegate_of: Annotated[OfficerId | None, Field(description="The officer this one stands in for.")] = None

    @model_validator(mode="after")
    def _in_order(self) -> "Assignment":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise BilingualValueError("The last day lies before the first", "วันสิ้นสุดอยู่ก่อนวันเริ่มต้น")
        return self


class AssignmentsPut(BaseModel):
    """The officer's whole list; what is not in it ends."""

    model_config = ConfigDict(extra="forbid")

    assignments: Annotated[list[Assignment], Field(max_length=500)]


class AssignmentsRead(BaseModel):
    """The officer's list, as far as it lies within the caller's reach."""

    officer_id: str
    assignments: list[Assignment]
    version: int
