"""Reporting's tables: a read model that can be made again from the events, and the few tables that cannot.

The read model stands in a schema of its own. Handlers and queries name its tables without the schema: the database's
search path finds them there, and a rebuild points the path at its copy. Nothing in it has a default that a clock, a
sequence or chance gives, so that the same events always make the same rows.
"""

from typing import ClassVar

from sqlalchemy import MetaData
from sqlmodel import SQLModel

READ_MODEL = "read_model"


class ReadModelTable(SQLModel):
    """Base of every table of the read model."""

    metadata: ClassVar[MetaData] = MetaData(schema=READ_MODEL, naming_convention=SQLModel.metadata.naming_convention)


class ReportingTable(SQLModel):
    """Base of the tables that people write: no event can make them again."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=SQLModel.metadata.naming_convention)
