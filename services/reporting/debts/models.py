"""What is owed and paid: states of loans, cases and plans, and the postings, waivers and deductions as facts."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class Loan(ReadModelTable, table=True):
    """A loan's balances at `effective_on`."""

    __table_args__ = (
        Index("ix_loan_cooperative_id", "cooperative_id"),
        Index("ix_loan_member_id", "member_id"),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    disbursed_on: date
    principal_satang: int = Field(sa_type=BigInteger)
    annual_rate: Decimal = Field(sa_type=Numeric)
    outstanding_principal_satang: int = Field(sa_type=BigInteger)
    overdue_principal_satang: int = Field(sa_type=BigInteger)
    overdue_interest_satang: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    loan_class: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    effective_on: date
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class DebtCase(ReadModelTable, table=True):
    """A case: one member's overdue debt at one co-operative in one fiscal year."""

    __tablename__ = "debt_case"
    __table_args__ = (
        Index("ix_debt_case_cooperative_id", "cooperative_id"),
        Index("ix_debt_case_member_id", "member_id"),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    fiscal_year_be: int = Field(sa_type=Integer)
    stage: str = Field(sa_type=Text)
    segment: str | None = Field(default=None, sa_type=Text)
    dsr: Decimal | None = Field(default=None, sa_type=Numeric)
    dscr: Decimal | None = Field(default=None, sa_type=Numeric)
    residual_ratio: Decimal | None = Field(default=None, sa_type=Numeric)
    overdue_at_opening_satang: int = Field(sa_type=BigInteger)
    opened_on: date
    resolved_on: date | None = None
    resolution: str | None = Field(default=None, sa_type=Text)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Plan(ReadModelTable, table=True):
    """A repayment plan of a case."""

    __table_args__ = (
        Index("ix_plan_cooperative_id", "cooperative_id"),
        Index("ix_plan_case_id", "case_id"),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID
    cooperative_id: UUID
    member_id: UUID
    status: str = Field(sa_type=Text)
    standing: str | None = Field(default=None, sa_type=Text)
    measures: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    deduction_share: Decimal = Field(sa_type=Numeric)
    overdue_covered_satang: int = Field(sa_type=BigInteger)
    default_interest_waived_satang: int = Field(sa_type=BigInteger)
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Posting(ReadModelTable, table=True):
    """A payment, or the reversal of one with the other sign, as it was posted."""

    __table_args__ = (
        Index("ix_posting_cooperative_id_posted_on", "cooperative_id", "posted_on"),
        Index("ix_posting_loan_id", "loan_id"),
    )

    fact_id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    payment_id: UUID
    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    posted_on: date
    value_on: date
    channel: str = Field(sa_type=Text)
    amount_satang: int = Field(sa_type=BigInteger)
    fee_satang: int = Field(sa_type=BigInteger)
    default_interest_satang: int = Field(sa_type=BigInteger)
    late_interest_satang: int = Field(sa_type=BigInteger)
    interest_satang: int = Field(sa_type=BigInteger)
    principal_satang: int = Field(sa_type=BigInteger)
    excess_satang: int = Field(sa_type=BigInteger)
    overdue_reduced_satang: int = Field(sa_type=BigInteger)
    cohorts: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    delivery_id: UUID | None = None


class Waiver(ReadModelTable, table=True):
    """Default interest that was waived."""

    __table_args__ = (Index("ix_waiver_cooperative_id", "cooperative_id"),)

    fact_id: UUID = Field(primary_key=True)
    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    plan_id: UUID | None = None
    posted_on: date
    default_interest_satang: int = Field(sa_type=BigInteger)


class Deduction(ReadModelTable, table=True):
    """What became of a deduction from produce: settled, refused, or undone (applied is then negative)."""

    __table_args__ = (
        Index("ix_deduction_cooperative_id", "cooperative_id"),
        Index("ix_deduction_delivery_id", "delivery_id"),
    )

    fact_id: UUID = Field(primary_key=True)
    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    outcome: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    applied_satang: int = Field(sa_type=BigInteger)
    returned_satang: int = Field(sa_type=BigInteger)
    posted_on: date
