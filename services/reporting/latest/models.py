"""What the latest figures read of a co-operative."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field

from services.reporting.tables import ReadModelTable

_NONE: Final = {"server_default": "0"}


class Latest(ReadModelTable, table=True):
    """How a co-operative stands in a fiscal year by now: its last close or baseline, the facts since, the year's flows.

    A figure is the sum of these rows, so a nation costs a row a co-operative. A co-operative and year of which nothing
    is stated and no fact counts has no row.
    """

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    stated_on: date | None = None
    newest_on: date | None = None
    cohort_baseline: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_overdue: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cash: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    set_off: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    waived: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    written_off: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    rescheduled: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    left_cohort: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    newly_overdue: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_loans: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_loans_cured: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    participants_debt_baseline: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    participants_debt: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    all_baseline: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    all_overdue: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    overdue_amount: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    outstanding_principal: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    npl_principal: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    members_overdue: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    members_overdue_with_plan: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cash_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    produce_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    set_off_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    all_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cohort_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    all_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    cases_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    released_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    gain_rows_since: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    participants: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    released: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    collected_produce: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    gain_units: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
    gain_pairs: int = Field(sa_column_kwargs=_NONE, sa_type=BigInteger)
