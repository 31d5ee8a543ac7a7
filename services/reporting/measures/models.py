"""Cells of measures: what a co-operative's day or month adds up to."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field

from services.reporting.tables import ReadModelTable

_NONE: Final = {"server_default": "0"}


class _Measures(ReadModelTable):
    """The measures that days and months have: sums, and the rows that contribute."""

    payments: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    payments_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    reversals: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    reversals_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_cash: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_cash_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_produce: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_produce_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_set_off: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_set_off_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    overdue_reduced: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    overdue_reduced_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_cash: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_cash_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_produce: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_produce_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_set_off: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_set_off_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    default_interest_waived: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    default_interest_waived_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    deductions_settled: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    deductions_settled_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    deductions_undone: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    deductions_undone_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_gross: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_gross_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_debt: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_debt_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_savings: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_savings_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_members: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_to_members_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    plans_signed: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    plans_signed_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    learning_gain: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    learning_gain_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    savings_pledged: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    savings_pledged_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    deductions_refused_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cases_opened_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cases_released_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    attendances_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)


class MeasureDay(_Measures, table=True):
    """A co-operative's day, for what lies between a close and the day asked for."""

    __tablename__ = "measure_day"
    __table_args__ = (Index("ix_measure_day_fiscal_year_be_day", "fiscal_year_be", "day"),)

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    day: date = Field(primary_key=True)


class MeasureYear(_Measures, table=True):
    """A co-operative's fiscal year, named by its first day: all that counts in it, whenever posted."""

    __tablename__ = "measure_year"

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    starts_on: date = Field(primary_key=True)


class MeasureCell(_Measures, table=True):
    """A co-operative's month, named by its first day."""

    __tablename__ = "measure_cell"
    __table_args__ = (Index("ix_measure_cell_fiscal_year_be_month", "fiscal_year_be", "month"),)

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    month: date = Field(primary_key=True)
    ledger_months_closed_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    ledger_active_rows: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
