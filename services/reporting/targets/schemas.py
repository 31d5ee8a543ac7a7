"""What goes in and out about targets over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from shared.chassis.http.inputs import Day, Text


class TargetIn(BaseModel):
    """A target to set."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[
        Decimal,
        Field(gt=0, max_digits=12, description="K01: percent; K02: places. A decimal string", examples=["12.5"]),
    ]
    source: Annotated[Text, Field(min_length=1, max_length=500, description="The decision it comes from")]
    decided_on: Day


class TargetRead(BaseModel):
    """A target in force; `fiscal_year_be` 0 holds for every year without one of its own."""

    model_config = ConfigDict(from_attributes=True)

    kpi_id: str
    fiscal_year_be: int
    version: int
    value: Decimal
    source: str
    decided_on: date

    @field_serializer("value")
    def _plain(self, value: Decimal) -> str:
        return format(value, "f")
