"""Debts to lenders outside the co-operative movement."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Text, UniqueConstraint
from sqlmodel import Field

from services.registry.tables import RegistryTable


class ExternalDebt(RegistryTable, table=True):
    """What a person owes to the Bank for Agriculture or to a village fund, as that lender states it."""

    __tablename__ = "external_debt"
    __table_args__ = (UniqueConstraint("person_id", "creditor", "contract_number"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    creditor: str = Field(sa_type=Text)
    contract_number: str = Field(sa_type=Text)
    outstanding_satang: int = Field(sa_type=BigInteger)
    annual_payment_satang: int = Field(sa_type=BigInteger)
    stated_on: date
    as_of: date
    version: int = Field(sa_type=BigInteger)
