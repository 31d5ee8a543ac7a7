"""The days that co-operatives have closed. Written by the repositories; made by the migrations."""

from datetime import date
from uuid import UUID

from sqlmodel import Field

from services.debt.tables import DebtTable


class BusinessDay(DebtTable, table=True):
    """Up to which day a co-operative is closed; None: nothing yet."""

    __tablename__ = "business_day"

    cooperative_id: UUID = Field(primary_key=True)
    closed_on: date | None = None
