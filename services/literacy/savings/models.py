"""The table of savings pledges."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from services.literacy.tables import LiteracyTable


class SavingsPledge(LiteracyTable, table=True):
    """A member's promise to save an amount every month."""

    __tablename__ = "savings_pledge"
    __table_args__ = (Index("ix_savings_pledge_member_id", "member_id"),)

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    amount_per_month_satang: int = Field(sa_type=BigInteger)
    starts_on: date
    ends_on: date | None
    status: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    changed_on: date | None = None
