"""The registry's tables have metadata of their own: the other services have tables of the same names."""

from typing import ClassVar

from sqlalchemy import MetaData, Text
from sqlmodel import SQLModel

THAI_ORDER = Text(collation="C")
"""Type of a sort key (:func:`shared.kernel.thai.sort_key`): compared by code point, whatever the database's locale."""


class RegistryTable(SQLModel):
    """Base of every table of this service."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=SQLModel.metadata.naming_convention)
