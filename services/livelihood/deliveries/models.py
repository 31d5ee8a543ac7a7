"""The table of produce deliveries."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, Numeric, Text, UniqueConstraint, text
from sqlmodel import Field

from services.livelihood.tables import LivelihoodTable


class ProduceDelivery(LivelihoodTable, table=True):
    """One delivery of produce through the co-operative, and where its money is."""

    __tablename__ = "produce_delivery"
    __table_args__ = (
        UniqueConstraint(
            "cooperative_id", "delivery_number", name="produce_delivery_cooperative_id_delivery_number_key"
        ),
        Index("ix_produce_delivery_cooperative_id", "cooperative_id", "delivered_on", "id"),
        Index("ix_produce_delivery_waiting", "delivered_on", postgresql_where=text("status in ('held', 'reversing')")),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    delivery_number: str = Field(sa_type=Text)
    delivered_on: date
    crop: str = Field(sa_type=Text)
    kilograms: Decimal = Field(sa_type=Numeric(14, 3))
    price_satang_per_kilogram: int = Field(sa_type=BigInteger)
    plan_id: UUID | None
    deduction_share: Decimal = Field(sa_type=Numeric(5, 4))
    savings_share: Decimal = Field(sa_type=Numeric(5, 4))
    status: str = Field(sa_type=Text)
    gross_satang: int = Field(sa_type=BigInteger)
    debt_satang: int = Field(sa_type=BigInteger)
    savings_satang: int = Field(sa_type=BigInteger)
    paid_satang: int = Field(sa_type=BigInteger)
    held_satang: int = Field(sa_type=BigInteger)
    settled_on: date | None
    refusal: str | None = Field(sa_type=Text)
    reversed_on: date | None
    reversal_reason: str | None = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
