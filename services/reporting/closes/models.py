"""What debt states of a co-operative: baselines frozen and business dates closed, in every revision."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class Baseline(ReadModelTable, table=True):
    """A fiscal year's cohort as it was frozen at t0."""

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    baseline_on: date
    cohort_loans: int = Field(sa_type=BigInteger)
    cohort_members: int = Field(sa_type=BigInteger)
    cohort_overdue_satang: int = Field(sa_type=BigInteger)
    overdue_all_satang: int = Field(sa_type=BigInteger)
    outstanding_all_satang: int = Field(sa_type=BigInteger)
    participants: int = Field(sa_type=BigInteger)
    participants_debt_satang: int = Field(sa_type=BigInteger)


class CloseStatement(ReadModelTable, table=True):
    """What stands at the end of a business date. The highest revision of the date counts; all are kept."""

    __tablename__ = "close_statement"
    __table_args__ = (Index("ix_close_statement_closed_on", "closed_on"),)

    cooperative_id: UUID = Field(primary_key=True)
    closed_on: date = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_type=Integer)
    covers_from: date | None = None
    payments: int = Field(sa_type=BigInteger)
    payments_satang: int = Field(sa_type=BigInteger)
    reversals: int = Field(sa_type=BigInteger)
    reversals_satang: int = Field(sa_type=BigInteger)
    waivers: int = Field(sa_type=BigInteger)
    waivers_satang: int = Field(sa_type=BigInteger)
    deductions_settled: int = Field(sa_type=BigInteger)
    deductions_applied_satang: int = Field(sa_type=BigInteger)
    loans: int = Field(sa_type=BigInteger)
    loans_overdue: int = Field(sa_type=BigInteger)
    outstanding_principal_satang: int = Field(sa_type=BigInteger)
    overdue_principal_satang: int = Field(sa_type=BigInteger)
    overdue_interest_satang: int = Field(sa_type=BigInteger)
    npl_principal_satang: int = Field(sa_type=BigInteger)
    members_borrowing: int = Field(sa_type=BigInteger)
    members_overdue: int = Field(sa_type=BigInteger)
    members_overdue_with_plan: int = Field(sa_type=BigInteger)
    cases_active: int = Field(sa_type=BigInteger)
    cause: str | None = Field(default=None, sa_type=Text)


class CloseCohort(ReadModelTable, table=True):
    """How a fiscal year's cohort stands at a close, and the parts of the change since t0."""

    __tablename__ = "close_cohort"
    __table_args__ = (Index("ix_close_cohort_fiscal_year_be_closed_on", "fiscal_year_be", "closed_on"),)

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    closed_on: date = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_type=Integer)
    baseline_on: date
    overdue_at_baseline_satang: int = Field(sa_type=BigInteger)
    overdue_satang: int = Field(sa_type=BigInteger)
    cash_satang: int = Field(sa_type=BigInteger)
    produce_satang: int = Field(sa_type=BigInteger)
    set_off_satang: int = Field(sa_type=BigInteger)
    waived_satang: int = Field(sa_type=BigInteger)
    written_off_satang: int = Field(sa_type=BigInteger)
    rescheduled_satang: int = Field(sa_type=BigInteger)
    left_cohort_satang: int = Field(sa_type=BigInteger)
    newly_overdue_satang: int = Field(sa_type=BigInteger)
    loans: int = Field(sa_type=BigInteger)
    loans_cured: int = Field(sa_type=BigInteger)
    participants_debt_at_baseline_satang: int = Field(sa_type=BigInteger)
    participants_debt_satang: int = Field(sa_type=BigInteger)


class Standing(ReadModelTable, table=True):
    """The newest close of a fiscal year with the year's cohort: what the latest figures read.

    A fiscal year begins with the close of the day before it, so the close of 30 September stands in two years.
    """

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    closed_on: date
    revision: int = Field(sa_type=Integer)
    overdue_satang: int = Field(sa_type=BigInteger)
    outstanding_principal_satang: int = Field(sa_type=BigInteger)
    npl_principal_satang: int = Field(sa_type=BigInteger)
    members_overdue: int = Field(sa_type=BigInteger)
    members_overdue_with_plan: int = Field(sa_type=BigInteger)
    cohort_baseline_satang: int | None = Field(default=None, sa_type=BigInteger)
    cohort_overdue_satang: int | None = Field(default=None, sa_type=BigInteger)
    cash_satang: int | None = Field(default=None, sa_type=BigInteger)
    produce_satang: int | None = Field(default=None, sa_type=BigInteger)
    set_off_satang: int | None = Field(default=None, sa_type=BigInteger)
    waived_satang: int | None = Field(default=None, sa_type=BigInteger)
    written_off_satang: int | None = Field(default=None, sa_type=BigInteger)
    rescheduled_satang: int | None = Field(default=None, sa_type=BigInteger)
    left_cohort_satang: int | None = Field(default=None, sa_type=BigInteger)
    newly_overdue_satang: int | None = Field(default=None, sa_type=BigInteger)
    cohort_loans: int | None = Field(default=None, sa_type=BigInteger)
    cohort_loans_cured: int | None = Field(default=None, sa_type=BigInteger)
    participants_debt_baseline_satang: int | None = Field(default=None, sa_type=BigInteger)
    participants_debt_satang: int | None = Field(default=None, sa_type=BigInteger)
