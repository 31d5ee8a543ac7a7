"""Postings and what they did. Written by the repositories; made by the migrations."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, SmallInteger, Text, text
from sqlmodel import Field

from services.debt.tables import DebtTable


class Payment(DebtTable, table=True):
    """A payment, a reversal, or the correction by which either moved a later payment."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("ix_payment_delivery_id", "delivery_id", postgresql_where=text("(delivery_id IS NOT NULL)")),
        Index("ix_payment_loan_id", "loan_id", "posted_on"),
        Index("ix_payment_posted_on", "cooperative_id", "posted_on"),
        Index(
            "ix_payment_reversed_receipt",
            "cooperative_id",
            "receipt_number",
            postgresql_where=text("((kind = 'payment'::text) AND is_reversed)"),
        ),
        Index(
            "uq_payment_receipt_number",
            "cooperative_id",
            "receipt_number",
            unique=True,
            postgresql_where=text("((kind = 'payment'::text) AND (NOT is_reversed))"),
        ),
        Index("uq_payment_reverses", "reverses", unique=True),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    loan_id: UUID
    member_id: UUID
    kind: str = Field(sa_type=Text)
    reverses: UUID | None = None
    corrects: UUID | None = None
    channel: str = Field(sa_type=Text)
    receipt_number: str | None = Field(default=None, sa_type=Text)
    delivery_id: UUID | None = None
    amount: int = Field(sa_type=BigInteger)
    value_on: date
    posted_on: date
    fee: int = Field(sa_type=BigInteger)
    default_interest: int = Field(sa_type=BigInteger)
    late_interest: int = Field(sa_type=BigInteger)
    interest: int = Field(sa_type=BigInteger)
    principal: int = Field(sa_type=BigInteger)
    excess: int = Field(sa_type=BigInteger)
    overdue_reduced: int = Field(sa_type=BigInteger)
    reason: str | None = Field(default=None, sa_type=Text)
    captured_by: str = Field(sa_type=Text)
    captured_at: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now()")})
    is_reversed: bool = Field(sa_column_kwargs={"server_default": text("false")})


class AllocationLine(DebtTable, table=True):
    """What settled which part of which instalment."""

    __tablename__ = "allocation"
    __table_args__ = (
        Index("ix_allocation_loan_id", "loan_id"),
        Index("ix_allocation_posted_on", "cooperative_id", "posted_on"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    posting_id: UUID
    payment_id: UUID
    loan_id: UUID
    number: int = Field(sa_type=SmallInteger)
    cooperative_id: UUID
    posted_on: date
    fee: int = Field(sa_type=BigInteger)
    default_interest: int = Field(sa_type=BigInteger)
    late_interest: int = Field(sa_type=BigInteger)
    interest: int = Field(sa_type=BigInteger)
    principal: int = Field(sa_type=BigInteger)


class Waiver(DebtTable, table=True):
    """Default interest forgiven, or a correction of that."""

    __tablename__ = "waiver"
    __table_args__ = (
        Index("ix_waiver_loan_id", "loan_id"),
        Index("ix_waiver_posted_on", "cooperative_id", "posted_on"),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    loan_id: UUID
    member_id: UUID
    plan_id: UUID | None = None
    corrects: UUID | None = None
    value_on: date
    posted_on: date
    default_interest: int = Field(sa_type=BigInteger)


class OverdueMovement(DebtTable, table=True):
    """Why overdue debt changed; positive takes it away."""

    __tablename__ = "overdue_movement"
    __table_args__ = (
        Index("ix_overdue_movement_loan_id", "loan_id"),
        Index("ix_overdue_movement_posted_on", "cooperative_id", "posted_on"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    loan_id: UUID
    cooperative_id: UUID
    posted_on: date
    part: str = Field(sa_type=Text)
    amount_satang: int = Field(sa_type=BigInteger)
    posting_id: UUID | None = None
