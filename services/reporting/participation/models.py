"""A member's part in the programme: cases and kept accounts, which come by different topics."""

from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.reporting.tables import ReadModelTable


class Participation(ReadModelTable, table=True):
    """A row that a case or an account's month may make first, whichever comes before the other."""

    member_id: UUID = Field(primary_key=True)
    cooperative_id: UUID = Field(primary_key=True)
    cases: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    """Id of a case → its fiscal year and the day it was opened, `2566 2022-10-01`."""
    closed_months: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    """Id of a household account's month → the month's first day, for months that are closed."""
