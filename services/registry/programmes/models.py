"""The two programmes, and the co-operatives that take part."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables import RegistryTable


class Programme(RegistryTable, table=True):
    """A (the overdue-debt project) or B (debt and quality of life): never merged."""

    __table_args__ = (UniqueConstraint("code"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    name_th: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)
    phases: list[dict[str, Any]] = Field(sa_type=JSONB)
    cooperatives_target: int | None = None
    overdue_reduction_target_percent: Decimal | None = Field(default=None, sa_type=Numeric(6, 3))
    version: int = Field(sa_type=BigInteger)


class Enrolment(RegistryTable, table=True):
    """A co-operative's part in one phase of a programme."""

    __table_args__ = (
        UniqueConstraint("programme_id", "phase", "cooperative_id"),
        Index("ix_enrolment_cooperative_id", "cooperative_id"),
    )

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programme.id")
    phase: int
    cooperative_id: UUID = Field(foreign_key="cooperative.id")
    valid_from: date
    valid_to: date | None = None
    version: int = Field(sa_type=BigInteger)
