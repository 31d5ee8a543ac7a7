"""Farm households and their plots."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, Numeric, Text, UniqueConstraint
from sqlmodel import Field

from services.registry.tables import RegistryTable


class Household(RegistryTable, table=True):
    """A farm household by its farmer registration number (12 digits)."""

    __table_args__ = (
        UniqueConstraint("household_number"),
        Index("ix_household_cooperative_id", "cooperative_id"),
        Index("ix_household_head_member_id", "head_member_id"),
    )

    id: UUID = Field(primary_key=True)
    household_number: str = Field(sa_type=Text)
    cooperative_id: UUID = Field(foreign_key="cooperative.id")
    head_member_id: UUID | None = Field(default=None, foreign_key="member.id")
    size: int
    district_code: str = Field(sa_type=Text)
    registered_on: date | None = None
    as_of: date
    version: int = Field(sa_type=BigInteger)


class Plot(RegistryTable, table=True):
    """One plot of a household, with the crop that stands on it. It changes as a part of its household."""

    household_id: UUID = Field(primary_key=True, foreign_key="household.id")
    plot_number: str = Field(primary_key=True, sa_type=Text)
    crop: str = Field(sa_type=Text)
    area_rai: Decimal = Field(sa_type=Numeric(10, 4))
    document: str | None = Field(default=None, sa_type=Text)
    planted_on: date | None = None
    as_of: date
