"""Repayment plans. Written by the repositories; made by the migrations."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, SmallInteger, Text
from sqlmodel import Field

from services.debt.tables import DebtTable


class Plan(DebtTable, table=True):
    """How the overdue debt of a case is to be paid."""

    __tablename__ = "plan"
    __table_args__ = (
        Index("ix_plan_case_id", "case_id"),
        Index("ix_plan_cooperative_id", "cooperative_id", "status"),
        Index("ix_plan_member_id", "member_id"),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID
    cooperative_id: UUID
    member_id: UUID
    status: str = Field(sa_type=Text)
    standing: str | None = Field(default=None, sa_type=Text)
    measures: list[str] = Field(sa_type=ARRAY(Text))
    deduction_share: Decimal = Field(max_digits=5, decimal_places=4)
    waive_default_interest: bool
    overdue_covered: int = Field(sa_type=BigInteger)
    default_interest_waived: int = Field(sa_type=BigInteger)
    proposed_by: str = Field(sa_type=Text)
    proposed_on: date
    approved_by: str | None = Field(default=None, sa_type=Text)
    accepted_by: str | None = Field(default=None, sa_type=Text)
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    judged_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class PlanInstalmentRow(DebtTable, table=True):
    """What the member promises to pay by a date."""

    __tablename__ = "plan_instalment"

    plan_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=SmallInteger)
    cooperative_id: UUID
    due_on: date
    amount: int = Field(sa_type=BigInteger)
