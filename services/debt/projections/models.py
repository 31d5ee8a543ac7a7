"""What debt keeps of others' facts. Written by the repositories; made by the migrations."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.debt.tables import DebtTable


class Cooperative(DebtTable, table=True):
    """A co-operative or farmer group."""

    __tablename__ = "cooperative"
    __table_args__ = (Index("uq_cooperative_code", "code", unique=True),)

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    cooperative_type: str = Field(sa_type=Text)
    name_th: str = Field(sa_type=Text)
    name_en: str | None = Field(default=None, sa_type=Text)
    province_code: str = Field(sa_type=Text)
    district_code: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    epoch: int
    version: int = Field(sa_type=BigInteger)


class Member(DebtTable, table=True):
    """A person's membership of one co-operative."""

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_cooperative_id", "cooperative_id"),
        Index("ix_member_member_number_hash", "member_number_hash"),
        Index("ix_member_person_id", "person_id"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID
    cooperative_id: UUID
    member_number_hash: str = Field(sa_type=Text)
    household_id: UUID | None = None
    member_kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    merged_into: UUID | None = None
    epoch: int
    version: int = Field(sa_type=BigInteger)


class ExternalDebt(DebtTable, table=True):
    """What a person owes to another lender."""

    __tablename__ = "external_debt"
    __table_args__ = (Index("ix_external_debt_person_id", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    creditor: str = Field(sa_type=Text)
    outstanding: int = Field(sa_type=BigInteger)
    annual_payment: int = Field(sa_type=BigInteger)
    as_of: date
    epoch: int
    version: int = Field(sa_type=BigInteger)


class IncomePlan(DebtTable, table=True):
    """What a member's household expects to earn and spend, by month."""

    __tablename__ = "income_plan"
    __table_args__ = (Index("ix_income_plan_member_id", "member_id", "fiscal_year_be"),)

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None = None
    fiscal_year_be: int
    months: Any = Field(sa_type=JSONB)
    epoch: int
    version: int = Field(sa_type=BigInteger)


class Enrolment(DebtTable, table=True):
    """A co-operative's part in a programme."""

    __tablename__ = "enrolment"
    __table_args__ = (Index("ix_enrolment_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    programme_id: UUID
    programme_code: str = Field(sa_type=Text)
    phase: int
    cooperative_id: UUID
    valid_from: date
    valid_to: date | None = None
    epoch: int
    version: int = Field(sa_type=BigInteger)
