"""The table of produce deliveries."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ProduceDelivery(SQLModel, table=True):
    """One delivery of produce through the co-operative, and where its money is."""

    __tablename__ = "produce_delivery"

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    delivery_number: str
    delivered_on: date
    crop: str
    kilograms: Decimal
    price_satang_per_kilogram: int = Field(sa_type=BigInteger)
    plan_id: UUID | None
    deduction_share: Decimal
    savings_share: Decimal
    status: str
    gross_satang: int = Field(sa_type=BigInteger)
    debt_satang: int = Field(sa_type=BigInteger)
    savings_satang: int = Field(sa_type=BigInteger)
    paid_satang: int = Field(sa_type=BigInteger)
    held_satang: int = Field(sa_type=BigInteger)
    settled_on: date | None
    refusal: str | None
    reversed_on: date | None
    reversal_reason: str | None
    version: int = Field(sa_type=BigInteger)
