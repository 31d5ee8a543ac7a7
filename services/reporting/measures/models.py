"""Cells of measures."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class MeasureDay(ReadModelTable, table=True):
    """A measure of a co-operative on one day, for what lies between a close and the day asked for."""

    __tablename__ = "measure_day"

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    measure: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)
    rows: int = Field(sa_type=BigInteger)


class MeasureCell(ReadModelTable, table=True):
    """A measure of a co-operative in one month, named by its first day."""

    __tablename__ = "measure_cell"

    cooperative_id: UUID = Field(primary_key=True)
    fiscal_year_be: int = Field(primary_key=True, sa_type=Integer)
    measure: str = Field(primary_key=True, sa_type=Text)
    month: date = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)
    rows: int = Field(sa_type=BigInteger)
