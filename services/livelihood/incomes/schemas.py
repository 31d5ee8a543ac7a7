"""What goes in and out about expected income by month over HTTP."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.chassis.http.inputs import Day
from shared.kernel.money import Money, MoneyIn

FiscalYearBe = Annotated[int, Field(ge=2560, le=2700, description="Named by the Buddhist year in which it ends")]


class IncomeMonthIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    month: Annotated[Day, Field(description="The first day of the month")]
    income: Annotated[MoneyIn, Field(ge=0)]
    cost: Annotated[MoneyIn, Field(ge=0)]


class StateIncomePlan(BaseModel):
    """What the household itself expects; replaces what was computed."""

    model_config = ConfigDict(extra="forbid")

    months: Annotated[list[IncomeMonthIn], Field(min_length=12, max_length=12)]


class ComputeIncomePlans(BaseModel):
    """Compute expected income from plots and the crop calendar, for every member with a farm household."""

    model_config = ConfigDict(extra="forbid")

    fiscal_year_be: FiscalYearBe
    cooperative_id: Annotated[UUID | None, Field(description="One co-operative; all within reach when left out")] = None


class IncomeMonthRead(BaseModel):
    month: date
    income: Money
    cost: Money


class IncomePlanRead(BaseModel):
    """A household's expected farm income; `basis` says whether it was computed or stated."""

    id: UUID
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None
    fiscal_year_be: int
    basis: Literal["computed", "stated"]
    months: list[IncomeMonthRead]
    version: int
