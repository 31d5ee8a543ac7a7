"""Persons, and their memberships of co-operatives."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from services.registry.tables import THAI_ORDER, RegistryTable


class Person(RegistryTable, table=True):
    """One human being, known by the national id alone. Written only by the functions of the database."""

    __table_args__ = (UniqueConstraint("national_id_index"),)

    id: UUID = Field(primary_key=True)
    national_id_index: bytes = Field(sa_type=LargeBinary)
    national_id_sealed: bytes = Field(sa_type=LargeBinary)
    national_id_masked: str = Field(sa_type=Text)
    wrapped_key: bytes = Field(sa_type=LargeBinary)


class Member(RegistryTable, table=True):
    """A person's membership of one co-operative, with what that co-operative says about the person."""

    __table_args__ = (
        UniqueConstraint("cooperative_id", "member_number"),
        Index("ix_member_person_id", "person_id"),
        Index("ix_member_household_id", "household_id", postgresql_where=text("household_id is not null")),
        Index("ix_member_name_sort_key", "name_sort_key", "id"),
        Index("ix_member_cooperative_id_name_sort_key", "cooperative_id", "name_sort_key", "id"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    cooperative_id: UUID = Field(foreign_key="cooperative.id")
    member_number: str = Field(sa_type=Text)
    member_number_hash: str = Field(sa_type=Text)
    household_id: UUID | None = None
    member_kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    joined_on: date | None = None
    title: str = Field(sa_type=Text)
    full_name: str = Field(sa_type=Text)
    name_sort_key: str = Field(sa_column=Column(THAI_ORDER, nullable=False))
    sex: str | None = Field(default=None, sa_type=Text)
    birth_date: date | None = None
    phone_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    phone_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    as_of: date
    version: int = Field(sa_type=BigInteger)
