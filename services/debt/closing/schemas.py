"""What goes in and out about closes over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.debt.closing.domain import EARLIEST_FISCAL_YEAR_BE
from shared.chassis.http.dates import HappenedOn
from shared.contracts.debt import CohortStanding, ControlTotals
from shared.kernel.money import Money


class CloseRequest(BaseModel):
    """Up to which day to close, and of whom: every co-operative within reach unless some are named."""

    model_config = ConfigDict(extra="forbid")

    close_to: HappenedOn
    cooperative_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=1000)] = None


class BaselineRequest(BaseModel):
    """Of which fiscal year (Buddhist era) to freeze the cohort: as of 30 September before it."""

    model_config = ConfigDict(extra="forbid")

    fiscal_year_be: Annotated[int, Field(ge=EARLIEST_FISCAL_YEAR_BE, le=2700)]


class CloseRead(BaseModel):
    """What was stated of a day. The highest revision counts."""

    cooperative_id: UUID
    closed_on: date
    revision: int
    covers_from: date | None
    control: ControlTotals
    loans: int
    loans_overdue: int
    outstanding_principal: Money
    overdue_principal: Money
    overdue_interest: Money
    npl_principal: Money
    members_borrowing: int
    members_overdue: int
    members_overdue_with_plan: int
    cases_active: int
    cohorts: list[CohortStanding]
    cause: str | None
