"""Loans and their instalments. Written by the repositories; made by the migrations."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, Text, text
from sqlmodel import Field

from services.debt.tables import DebtTable


class Loan(DebtTable, table=True):
    """A loan: its terms, its opening position, and its figures as they stand."""

    __tablename__ = "loan"
    __table_args__ = (
        Index("ix_loan_member_id", "member_id"),
        Index("uq_loan_loan_number", "cooperative_id", "loan_number", unique=True),
    )

    id: UUID = Field(primary_key=True)
    cooperative_id: UUID
    member_id: UUID
    loan_number: str = Field(sa_type=Text)
    loan_type: str = Field(sa_type=Text)
    principal: int = Field(sa_type=BigInteger)
    annual_rate: Decimal = Field(max_digits=7, decimal_places=6)
    disbursed_on: date
    method: str = Field(sa_type=Text)
    frequency: str = Field(sa_type=Text)
    harvest_months: str = Field(sa_type=Text)
    instalments: int = Field(sa_type=SmallInteger)
    first_due_on: date | None = None
    day_count: str = Field(sa_type=Text)
    cut_over_on: date
    opening_principal: int = Field(sa_type=BigInteger)
    opening_interest: int = Field(sa_type=BigInteger)
    opening_fee: int = Field(sa_type=BigInteger)
    opening_overdue_principal: int = Field(sa_type=BigInteger)
    opening_last_paid_on: date | None = None
    opened_on: date
    outstanding_principal: int = Field(sa_type=BigInteger)
    overdue_principal: int = Field(sa_type=BigInteger)
    overdue_interest: int = Field(sa_type=BigInteger)
    oldest_unpaid_due_on: date | None = None
    loan_class: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    excess: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    as_of: date
    last_value_on: date | None = None
    version: int = Field(sa_type=BigInteger)


class InstalmentRow(DebtTable, table=True):
    """What falls due on a date and what is settled of it."""

    __tablename__ = "instalment"
    __table_args__ = (
        Index(
            "ix_instalment_unpaid",
            "cooperative_id",
            "overdue_from",
            postgresql_where=text("((paid_principal < principal) OR (paid_interest < interest))"),
        ),
    )

    loan_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=SmallInteger)
    cooperative_id: UUID
    due_on: date
    overdue_from: date
    principal: int = Field(sa_type=BigInteger)
    interest: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    paid_principal: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    paid_interest: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    paid_fee: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    paid_late_interest: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    paid_default_interest: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    waived_default_interest: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    accrued_to: date | None = None
    late_basis: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    default_basis: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class LoanDifference(DebtTable, table=True):
    """What a later file states otherwise than the ledger."""

    __tablename__ = "loan_difference"

    loan_id: UUID = Field(primary_key=True)
    as_of: date = Field(primary_key=True)
    field: str = Field(primary_key=True, sa_type=Text)
    cooperative_id: UUID
    ours: str = Field(sa_type=Text)
    theirs: str = Field(sa_type=Text)
    delivery_id: UUID
