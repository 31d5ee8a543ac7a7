"""Produce delivered through the co-operatives, and the income that households expect."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class ProduceDelivery(ReadModelTable, table=True):
    """A delivery as it was taken in: gross = savings + paid + held."""

    __tablename__ = "produce_delivery"
    __table_args__ = (Index("ix_produce_delivery_cooperative_id", "cooperative_id"),)

    fact_id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    delivered_on: date
    crop: str = Field(sa_type=Text)
    kilograms: Decimal = Field(sa_type=Numeric)
    gross_satang: int = Field(sa_type=BigInteger)
    savings_satang: int = Field(sa_type=BigInteger)
    paid_satang: int = Field(sa_type=BigInteger)
    held_satang: int = Field(sa_type=BigInteger)


class ProduceSettlement(ReadModelTable, table=True):
    """How a delivery ended, in its highest revision: gross = debt + savings + paid."""

    __tablename__ = "produce_settlement"
    __table_args__ = (Index("ix_produce_settlement_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    """The delivery's."""
    cooperative_id: UUID
    member_id: UUID
    settled_on: date
    gross_satang: int = Field(sa_type=BigInteger)
    debt_satang: int = Field(sa_type=BigInteger)
    savings_satang: int = Field(sa_type=BigInteger)
    paid_satang: int = Field(sa_type=BigInteger)
    revision: int = Field(sa_type=Integer)


class OccupationPlan(ReadModelTable, table=True):
    """What a household expects to earn and spend on the farm, by month."""

    __tablename__ = "occupation_plan"
    __table_args__ = (Index("ix_occupation_plan_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None = None
    fiscal_year_be: int = Field(sa_type=Integer)
    income_satang: int = Field(sa_type=BigInteger)
    cost_satang: int = Field(sa_type=BigInteger)
    months: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)
