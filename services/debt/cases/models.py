"""Cases, their history and assessments. Written by the repositories; made by the migrations."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.debt.tables import DebtTable


class DebtCase(DebtTable, table=True):
    """One per member, co-operative and fiscal year."""

    __tablename__ = "debt_case"
    __table_args__ = (
        Index("ix_debt_case_cooperative_id", "cooperative_id", "stage", "id"),
        Index("uq_debt_case_member_id", "member_id", "cooperative_id", "fiscal_year_be", unique=True),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    fiscal_year_be: int
    stage: str = Field(sa_type=Text)
    segment: str | None = Field(default=None, sa_type=Text)
    dsr: Decimal | None = None
    dscr: Decimal | None = None
    residual_ratio: Decimal | None = None
    overdue_at_opening: int = Field(sa_type=BigInteger)
    debt_at_opening: int = Field(sa_type=BigInteger)
    opened_on: date
    resolved_on: date | None = None
    resolution: str | None = Field(default=None, sa_type=Text)
    version: int = Field(sa_type=BigInteger)


class CaseMove(DebtTable, table=True):
    """One move of a case."""

    __tablename__ = "case_move"
    __table_args__ = (Index("ix_case_move_case_id", "case_id", "id"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID
    cooperative_id: UUID
    moved_from: str = Field(sa_type=Text)
    moved_to: str = Field(sa_type=Text)
    moved_on: date
    actor: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    resolution: str | None = Field(default=None, sa_type=Text)


class Assessment(DebtTable, table=True):
    """What a household can pay, with everything it was made from."""

    __tablename__ = "assessment"
    __table_args__ = (Index("ix_assessment_case_id", "case_id", "id"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID
    cooperative_id: UUID
    assessed_by: str = Field(sa_type=Text)
    assessed_on: date
    inputs: Any = Field(sa_type=JSONB)
    creditors: Any = Field(sa_type=JSONB)
    figures: Any = Field(sa_type=JSONB)
    segment: str = Field(sa_type=Text)
    flags: list[str] = Field(sa_type=ARRAY(Text))
