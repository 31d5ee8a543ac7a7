"""Savings pledges over HTTP."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.money import Money, MoneyIn

Status = Literal["pledged", "active", "paused", "broken", "completed"]


class PledgeSavings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    member_id: UUID
    amount_per_month: Annotated[MoneyIn, Field(gt=0)]
    starts_on: date
    ends_on: date | None = None


class ChangePledge(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Status
    changed_on: date


class PledgeRead(BaseModel):
    id: UUID
    cooperative_id: UUID
    member_id: UUID
    amount_per_month: Money
    starts_on: date
    ends_on: date | None
    status: Status
    version: int
