"""Livelihood's tables have metadata of their own: the other services have tables of the same names."""

from typing import ClassVar

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class LivelihoodTable(SQLModel):
    """Base of every table of this service that has a model."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=SQLModel.metadata.naming_convention)
