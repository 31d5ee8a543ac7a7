"""What goes out about completeness over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class MonthCompleteness(BaseModel):
    """Whether a month of a co-operative is whole here: closed to its end, and all that debt counts has arrived."""

    model_config = ConfigDict(from_attributes=True)

    cooperative_id: UUID
    cooperative_code: str
    name_th: str
    month: Annotated[date, Field(description="The month's first day")]
    closed_on: Annotated[date | None, Field(description="The last close in the month")]
    revision: int | None
    closed: Annotated[bool, Field(description="Closed to the month's last day")]
    agrees: Annotated[
        bool | None, Field(description="Our facts agree with debt's control totals; null without a close")
    ]
    complete: bool
    postings_stated: Annotated[int, Field(description="Payments, reversals, waivers and deductions that debt counts")]
    postings_known: Annotated[int, Field(description="Those that have arrived here")]
