"""Targets of KPIs: set by people, every version kept."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Column, DateTime, Integer, Numeric, Text, text
from sqlmodel import Field

from services.reporting.tables import ReportingTable

EVERY_YEAR = 0
"""The fiscal year of a target that holds wherever a year has none of its own."""


class KpiTarget(ReportingTable, table=True):
    """One version of a KPI's target for a fiscal year; the highest version counts."""

    __tablename__ = "kpi_target"

    kpi_id: str = Field(primary_key=True, sa_type=Text)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    version: int = Field(primary_key=True, sa_type=Integer)
    value: Decimal = Field(sa_type=Numeric)
    source: str = Field(sa_type=Text)
    decided_on: date
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
