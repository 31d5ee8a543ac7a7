"""What goes in and out about plans over HTTP."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.debt.plans.domain import (
    PLAN_STATE_LABELS_TH,
    STANDING_LABELS_TH,
    PlanInstalment,
    PlanState,
    Standing,
    plan_policy,
)
from services.debt.policies.domain import PolicyName
from services.debt.policies.schemas import PolicyRead, policy_read
from shared.chassis.database import Row
from shared.kernel.money import Money


class PlanCreate(BaseModel):
    """A plan to propose: how the overdue debt of a case is to be paid."""

    model_config = ConfigDict(extra="forbid")

    case_id: UUID
    deduction_share: Annotated[
        Decimal, Field(ge=0, le=1, max_digits=5, decimal_places=4, description="Of each delivery; 0 for none.")
    ] = Decimal(0)
    instalments: Annotated[int, Field(ge=1, le=180)]
    waive_default_interest: bool = False


class PlanInstalmentRead(BaseModel):
    """What the member promises to pay by a date."""

    number: int
    due_on: date
    amount: Money


class PlanRead(BaseModel):
    """A repayment plan. `standing` is how a plan in force was kept at the last close."""

    id: UUID
    case_id: UUID
    cooperative_id: UUID
    member_id: UUID
    status: str
    status_th: str
    standing: str | None
    standing_th: str | None
    measures: list[str]
    deduction_share: Decimal
    waive_default_interest: bool
    overdue_covered: Money
    default_interest_waived: Money
    proposed_by: str
    proposed_on: date
    approved_by: str | None
    accepted_by: str | None
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    judged_on: Annotated[date | None, Field(description="The close at which `standing` became what it is.")]
    version: int
    instalments: list[PlanInstalmentRead] = []
    policy: Annotated[PolicyRead | None, Field(description="What `standing` rests on; null before the first close.")]

    @classmethod
    def of(cls, row: Row, instalments: Sequence[PlanInstalment] = ()) -> "PlanRead":
        """From a row of the table and what was promised."""
        kept, judged_on = row["standing"], row["judged_on"]
        return cls.model_validate(
            {
                **row,
                "status_th": PLAN_STATE_LABELS_TH[PlanState(row["status"])],
                "standing_th": None if kept is None else STANDING_LABELS_TH[Standing(kept)],
                "instalments": [part._asdict() for part in instalments],
                "policy": None if judged_on is None else policy_read(PolicyName.PLAN_GRACE, plan_policy(judged_on)),
            }
        )
