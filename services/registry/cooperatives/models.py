"""Co-operatives and farmer groups."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Text, UniqueConstraint
from sqlmodel import Field

from services.registry.tables import THAI_ORDER, RegistryTable


class Cooperative(RegistryTable, table=True):
    """A co-operative, or a farmer group: the registry's own, full row."""

    __table_args__ = (
        UniqueConstraint("code"),
        Index("ix_cooperative_province_code", "province_code"),
        Index("ix_cooperative_name_sort_key", "name_sort_key", "id"),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    cooperative_type: str = Field(sa_type=Text)
    name_th: str = Field(sa_type=Text)
    name_en: str | None = Field(default=None, sa_type=Text)
    name_sort_key: str = Field(sa_column=Column(THAI_ORDER, nullable=False))
    province_code: str = Field(sa_type=Text)
    district_code: str = Field(sa_type=Text)
    registered_on: date | None = None
    strength_level: int | None = Field(default=None, sa_type=SmallInteger)
    status: str = Field(sa_type=Text)
    as_of: date
    version: int = Field(sa_type=BigInteger)
