"""What goes in and out about household accounts over HTTP."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Day
from shared.kernel.calendar import month_end
from shared.kernel.errors import BilingualValueError
from shared.kernel.money import Money


class CloseMonths(BaseModel):
    """Close one month of every account of a co-operative that kept it."""

    model_config = ConfigDict(extra="forbid")

    cooperative_id: UUID
    month: Annotated[Day, Field(description="The first day of the month")]
    closed_on: HappenedOn

    @field_validator("month")
    @classmethod
    def _is_a_first_day(cls, month: date) -> date:
        if month.day != 1:
            raise BilingualValueError("a month is named by its first day", "ต้องระบุเดือนด้วยวันที่หนึ่งของเดือน")
        return month

    @model_validator(mode="after")
    def _month_is_over(self) -> Self:
        if self.closed_on < month_end(self.month):
            raise BilingualValueError("a month is closed on its last day or later", "ปิดเดือนได้ตั้งแต่วันสุดท้ายของเดือนนั้น")
        return self


class MonthsClosed(BaseModel):
    """How many accounts' month was closed now; those closed before stay as they were."""

    closed: int


class LedgerMonthRead(BaseModel):
    """One month of one household account: totals by category."""

    id: UUID
    household_account_id: UUID
    cooperative_id: UUID
    member_id: UUID
    month: date
    status: Literal["open", "closed"]
    closed_on: date | None
    farm_income: Money
    farm_cost: Money
    nonfarm_income: Money
    food: Money
    other_consumption: Money
    debt_service: Money
    saving: Money
