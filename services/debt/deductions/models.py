"""What became of deductions from produce. Written by the repositories; made by the migrations."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from services.debt.tables import DebtTable


class Deduction(DebtTable, table=True):
    """One delivery's deduction, or the memory of its reversal."""

    __tablename__ = "deduction"
    __table_args__ = (Index("ix_deduction_settled_on", "cooperative_id", "settled_on"),)

    delivery_id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    status: str = Field(sa_type=Text)
    requested: bool
    amount: int = Field(sa_type=BigInteger)
    applied: int = Field(sa_type=BigInteger)
    returned: int = Field(sa_type=BigInteger)
    reason: str | None = Field(default=None, sa_type=Text)
    delivered_on: date | None = None
    settled_on: date | None = None
    refused_on: date | None = None
    undone_on: date | None = None
