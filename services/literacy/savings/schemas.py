"""What goes in and out about savings pledges over HTTP."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.literacy.savings.domain import Status
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Day
from shared.kernel.errors import BilingualValueError
from shared.kernel.money import Money, MoneyIn


class PledgeSavings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    member_id: UUID
    amount_per_month: Annotated[MoneyIn, Field(gt=0)]
    starts_on: Day
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise BilingualValueError("ends_on must not lie before starts_on", "วันสิ้นสุดต้องไม่อยู่ก่อนวันเริ่มต้น")
        return self


class ChangePledge(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Status
    changed_on: HappenedOn


class PledgeRead(BaseModel):
    id: UUID
    cooperative_id: UUID
    member_id: UUID
    amount_per_month: Money
    starts_on: date
    ends_on: date | None
    status: Status
    version: int
