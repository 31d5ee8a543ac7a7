"""What goes in and out about cases and assessments over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from services.debt.capacity.domain import SEGMENT_LABELS_TH, Capacity, Figure, Segment, capacity_policy
from services.debt.cases.domain import STAGE_LABELS_TH, Stage
from services.debt.policies.domain import PolicyName
from services.debt.policies.schemas import PolicyRead, policy_read
from shared.chassis.database import Row
from shared.kernel.money import Money, MoneyIn

IncomeSource = Literal["given", "occupation_plan", "none"]

MOVES_SHOWN_MAX = 200
"""A case may be assessed again and again, two moves each time; its newest tell how it stands."""


class AssessmentCreate(BaseModel):
    """A household's year. Farm income and cost come from its occupation plan unless they are given."""

    model_config = ConfigDict(extra="forbid")

    household_expense: MoneyIn
    household_size: Annotated[int, Field(ge=1, le=50)]
    nonfarm_income: MoneyIn = 0
    transfers: MoneyIn = 0
    farm_income: MoneyIn | None = None
    farm_cost: MoneyIn | None = None
    dscr_three_years: Annotated[
        Decimal | None, Field(ge=0, le=1000, description="Mean coverage of the last three years, if known.")
    ] = None
    disaster: bool = False
    without_earner: bool = False


class CreditorRead(BaseModel):
    """What the household owes to one creditor. Other co-operatives stand as one sum.

    Debt service is what is overdue and what falls due in the twelve months after.
    """

    creditor: str
    loans: int
    outstanding: Money
    overdue: Money
    due_in_twelve_months: Money
    days_past_due: int
    as_of: date


class FigureRead(BaseModel):
    """One result with everything that made it; `value` is null when its denominator is zero."""

    name: str
    name_th: str
    value: Decimal | None
    unit: Literal["ratio", "baht"]
    formula: str
    inputs: dict[str, str]

    @classmethod
    def of(cls, figure: Figure) -> "FigureRead":
        """Amounts as decimal strings of baht, counts as they are."""
        inputs = {
            name: str(amount) if name == "household_size" else f"{Decimal(amount).scaleb(-2):.2f}"
            for name, amount in figure.inputs.items()
        }
        return cls(
            name=figure.name, name_th=figure.name_th, value=figure.value, unit=_unit(figure.unit),
            formula=figure.formula, inputs=inputs,
        )  # fmt: skip


class InputsRead(BaseModel):
    """Everything the assessment was made from, a year's figures."""

    farm_income: Money
    nonfarm_income: Money
    transfers: Money
    farm_cost: Money
    household_expense: Money
    household_size: int
    debt_service: Money
    total_debt: Money
    dscr_three_years: Decimal | None
    disaster: bool
    without_earner: bool
    days_past_due: int
    income_source: IncomeSource
    policy: str
    policy_is_assumption: bool


class AssessmentRead(BaseModel):
    """What a household can pay: ratios with their inputs, the group, and what an officer must see."""

    id: UUID
    case_id: UUID
    assessed_by: str
    assessed_on: date
    inputs: InputsRead
    creditors: list[CreditorRead]
    figures: list[FigureRead]
    segment: str
    segment_th: str
    flags: list[str]
    policy: Annotated[PolicyRead, Field(description="What group and flags rest on.")]

    @classmethod
    def of(
        cls,
        capacity: Capacity,
        *,
        assessment_id: UUID,
        case_id: UUID,
        assessed_by: str,
        assessed_on: date,
        creditors: Sequence[Mapping[str, Any]],
        income_source: IncomeSource,
    ) -> "AssessmentRead":
        """From the domain's assessment."""
        inputs = capacity.inputs
        names = [name for name in InputsRead.model_fields if hasattr(inputs, name)]
        return cls(
            id=assessment_id,
            case_id=case_id,
            assessed_by=assessed_by,
            assessed_on=assessed_on,
            inputs=InputsRead(
                **{name: getattr(inputs, name) for name in names},
                income_source=income_source,
                policy=capacity.policy.source,
                policy_is_assumption=capacity.policy.assumption,
            ),
            creditors=[CreditorRead.model_validate(creditor) for creditor in creditors],
            figures=[FigureRead.of(figure) for figure in capacity.figures],
            segment=capacity.segment.value,
            segment_th=SEGMENT_LABELS_TH[capacity.segment],
            flags=[flag.value for flag in capacity.flags],
            policy=policy_read(PolicyName.CAPACITY, capacity.policy),
        )

    @classmethod
    def of_row(cls, row: Row) -> "AssessmentRead":
        """As it was stored."""
        parts = {name: orjson.loads(row[name]) for name in ("inputs", "creditors", "figures")}
        return cls.model_validate(
            {
                **row,
                **parts,
                "segment_th": SEGMENT_LABELS_TH[Segment(row["segment"])],
                "flags": list(row["flags"]),
                "policy": _policy_of(row["assessed_on"]),
            }
        )


class CaseRead(BaseModel):
    """A debt case: one per member, co-operative and fiscal year."""

    id: UUID
    cooperative_id: UUID
    member_id: UUID
    fiscal_year_be: int
    stage: str
    stage_th: str
    segment: str | None
    dsr: Decimal | None
    dscr: Decimal | None
    residual_ratio: Decimal | None
    overdue_at_opening: Money
    debt_at_opening: Money
    opened_on: date
    resolved_on: date | None
    resolution: Literal["paid", "reduced", "released"] | None
    version: int
    policy: Annotated[PolicyRead | None, Field(description="What `segment` rests on; null before an assessment.")]

    @classmethod
    def of(cls, row: Row, assessed_on: date | None) -> "CaseRead":
        """From a row of the table and the day of its newest assessment."""
        policy = None if assessed_on is None else _policy_of(assessed_on)
        return cls.model_validate({**row, "stage_th": STAGE_LABELS_TH[Stage(row["stage"])], "policy": policy})


class MoveRead(BaseModel):
    """One move of a case."""

    moved_from: str
    moved_to: str
    moved_on: date
    actor: str
    reason: str
    resolution: str | None


class CaseDetail(CaseRead):
    """A case with its history and its newest assessment."""

    moves: Annotated[list[MoveRead], Field(description=f"The newest {MOVES_SHOWN_MAX}, oldest first.")]
    assessment: AssessmentRead | None


def _policy_of(assessed_on: date) -> PolicyRead:
    """The thresholds of an assessment of that day."""
    return policy_read(PolicyName.CAPACITY, capacity_policy(assessed_on))


def _unit(unit: str) -> Literal["ratio", "baht"]:
    return "baht" if unit == "baht" else "ratio"
