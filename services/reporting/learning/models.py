"""What was learnt, what household accounts show, what is pledged to savings."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, Numeric, Text
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class Attendance(ReadModelTable, table=True):
    """A member sat in a session of a course."""

    __table_args__ = (
        Index("ix_attendance_cooperative_id", "cooperative_id"),
        Index("ix_attendance_member_id", "member_id"),
    )

    fact_id: UUID = Field(primary_key=True)
    session_id: UUID
    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    attended_on: date


class Assessment(ReadModelTable, table=True):
    """A test before or after a course, in its highest revision."""

    __table_args__ = (
        Index("ix_assessment_cooperative_id", "cooperative_id"),
        Index("ix_assessment_course_id_member_id", "course_id", "member_id"),
    )

    id: UUID = Field(primary_key=True)
    course_id: UUID
    cooperative_id: UUID
    member_id: UUID
    phase: str = Field(sa_type=Text)
    score: Decimal = Field(sa_type=Numeric)
    scored_on: date
    revision: int = Field(sa_type=Integer)


class LedgerMonth(ReadModelTable, table=True):
    """One month of a household account, named by its first day."""

    __tablename__ = "ledger_month"
    __table_args__ = (
        Index("ix_ledger_month_cooperative_id", "cooperative_id"),
        Index("ix_ledger_month_member_id", "member_id"),
    )

    id: UUID = Field(primary_key=True)
    household_account_id: UUID
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None = None
    month: date
    status: str = Field(sa_type=Text)
    closed_on: date | None = None
    farm_income_satang: int = Field(sa_type=BigInteger)
    farm_cost_satang: int = Field(sa_type=BigInteger)
    nonfarm_income_satang: int = Field(sa_type=BigInteger)
    food_satang: int = Field(sa_type=BigInteger)
    other_consumption_satang: int = Field(sa_type=BigInteger)
    debt_service_satang: int = Field(sa_type=BigInteger)
    saving_satang: int = Field(sa_type=BigInteger)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)


class SavingsPledge(ReadModelTable, table=True):
    """What a member has pledged to save each month."""

    __tablename__ = "savings_pledge"
    __table_args__ = (Index("ix_savings_pledge_cooperative_id", "cooperative_id"),)

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    amount_per_month_satang: int = Field(sa_type=BigInteger)
    starts_on: date
    ends_on: date | None = None
    status: str = Field(sa_type=Text)
    epoch: int = Field(sa_type=Integer)
    version: int = Field(sa_type=BigInteger)
