"""Closed days, what was stated of them, and cohorts. Written by the repositories; made by the migrations."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.debt.tables import DebtTable


class CohortLoan(DebtTable, table=True):
    """A loan that was overdue at a baseline."""

    __tablename__ = "cohort_loan"
    __table_args__ = (
        Index("ix_cohort_loan_cooperative_id", "cooperative_id"),
        Index("ix_cohort_loan_loan_id", "loan_id"),
    )

    fiscal_year_be: int = Field(primary_key=True)
    loan_id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    overdue: int = Field(sa_type=BigInteger)


class Baseline(DebtTable, table=True):
    """What a baseline stated of a co-operative."""

    __tablename__ = "baseline"

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True)
    baseline_on: date
    cohort_loans: int
    cohort_members: int
    cohort_overdue: int = Field(sa_type=BigInteger)
    overdue_all: int = Field(sa_type=BigInteger)
    outstanding_all: int = Field(sa_type=BigInteger)
    participants: int
    participants_debt: int = Field(sa_type=BigInteger)


class CloseDay(DebtTable, table=True):
    """A day that was closed."""

    __tablename__ = "close_day"

    cooperative_id: UUID = Field(primary_key=True)
    closed_on: date = Field(primary_key=True)
    closed_at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now()")})


class CloseStatement(DebtTable, table=True):
    """What was published of a day; all revisions are kept."""

    __tablename__ = "close_statement"

    cooperative_id: UUID = Field(primary_key=True)
    closed_on: date = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    covers_from: date | None = None
    statement: Any = Field(sa_type=JSONB)
    cause: str | None = Field(default=None, sa_type=Text)
