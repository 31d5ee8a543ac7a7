"""Who there is: co-operatives, programmes and their enrolments, members and households, as the registry states them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Numeric, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class Cooperative(ReadModelTable, table=True):
    """A co-operative or farmer group, with the region its province lies in."""

    __table_args__ = (Index("ix_cooperative_province_code", "province_code"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    cooperative_type: str = Field(sa_type=Text)
    name_th: str = Field(sa_type=Text)
    name_en: str | None = Field(default=None, sa_type=Text)
    region_code: str = Field(sa_type=Text)
    province_code: str = Field(sa_type=Text)
    district_code: str = Field(sa_type=Text)
    strength_level: int | None = Field(default=None, sa_type=SmallInteger)
    status: str = Field(sa_type=Text)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Programme(ReadModelTable, table=True):
    """A programme: no data of a co-operative, so no row scope."""

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    name_th: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)
    phases: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    cooperatives_target: int | None = Field(default=None, sa_type=Integer)
    overdue_reduction_target_percent: Decimal | None = Field(default=None, sa_type=Numeric)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Enrolment(ReadModelTable, table=True):
    """A co-operative's part in a phase of a programme, from a day to a day."""

    __table_args__ = (Index("ix_enrolment_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    programme_id: UUID
    programme_code: str = Field(sa_type=Text)
    phase: int = Field(sa_type=Integer)
    cooperative_id: UUID
    valid_from: date
    valid_to: date | None = None
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Member(ReadModelTable, table=True):
    """A membership, by ids and reviewed attributes only; who it is, the registry alone can say."""

    __table_args__ = (Index("ix_member_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    cooperative_id: UUID
    member_number_hash: str = Field(sa_type=Text)
    household_id: UUID | None = None
    member_kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    birth_decade: int | None = Field(default=None, sa_type=SmallInteger)
    merged_into: UUID | None = None
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class Household(ReadModelTable, table=True):
    """A farm household and its plots."""

    __table_args__ = (Index("ix_household_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    head_member_id: UUID | None = None
    district_code: str = Field(sa_type=Text)
    size: int = Field(sa_type=Integer)
    plots: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    area_rai: Decimal = Field(sa_type=Numeric)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)
