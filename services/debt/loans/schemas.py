"""What goes in and out about loans over HTTP."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.debt.closing.domain import CLASS_LABELS_TH, class_table
from services.debt.loans.domain import Instalment
from services.debt.payments.domain import LatePolicy, late_version, owed
from services.debt.policies.domain import PolicyName
from services.debt.policies.schemas import PolicyRead, policy_read
from shared.chassis.database import Row
from shared.contracts.debt import LoanClass
from shared.kernel.money import Money, Rate

Method = Literal["equal_instalment", "equal_principal", "flat"]
Frequency = Literal["monthly", "yearly", "harvest"]
DayCount = Literal["30/360", "actual/365"]

DIFFERENCES_SHOWN_MAX = 100
"""A file a day that differs in two fields gives 730 in a year; the newest tell what is to be cleared up."""


class Difference(BaseModel):
    """What a later file of the co-operative states otherwise than the ledger."""

    as_of: date
    field: str
    ours: str
    theirs: str


class LoanRead(BaseModel):
    """A loan. Overdue figures and the class are those of `as_of`; `posted_on` of its last change at the latest."""

    id: UUID
    cooperative_id: UUID
    member_id: UUID
    loan_number: str
    loan_type: Literal["short", "medium", "long"]
    principal: Money
    annual_rate: Rate
    disbursed_on: date
    method: Method
    frequency: Frequency
    harvest_months: list[int]
    instalments: int
    day_count: DayCount
    cut_over_on: date
    opened_on: date
    outstanding_principal: Money
    overdue_principal: Money
    overdue_interest: Money
    oldest_unpaid_due_on: date | None
    loan_class: LoanClass
    loan_class_th: str
    excess: Annotated[Money, Field(description="Paid beyond everything owed.")]
    status: Literal["active", "closed"]
    as_of: date
    version: int
    policy: Annotated[PolicyRead, Field(description="What the class rests on.")]

    @classmethod
    def of(cls, row: Row) -> "LoanRead":
        """From a row of the table."""
        months = [int(month) for month in row["harvest_months"].split(";") if month]
        label = CLASS_LABELS_TH[row["loan_class"]]
        policy = policy_read(PolicyName.LOAN_CLASS, class_table(row["as_of"]))
        return cls.model_validate({**row, "harvest_months": months, "loan_class_th": label, "policy": policy})


class LoanDetail(LoanRead):
    """A loan with what its co-operative's later files state otherwise."""

    differences: Annotated[list[Difference], Field(description=f"The newest {DIFFERENCES_SHOWN_MAX}, newest first.")]


class InstalmentRead(BaseModel):
    """An instalment, what is paid of it, and what is owed of it on a day, lateness included."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    fee: Money
    paid_principal: Money
    paid_interest: Money
    paid_fee: Money
    paid_late_interest: Money
    paid_default_interest: Money
    waived_default_interest: Money
    owed_late_interest: Money
    owed_default_interest: Money
    is_overdue: bool

    @classmethod
    def of(cls, part: Instalment, on: date, policy: LatePolicy) -> "InstalmentRead":
        """The instalment as of a day."""
        due = owed(part, on, policy)
        return cls(
            **{name: getattr(part, name) for name in Instalment._fields[:11]},
            owed_late_interest=due.late_interest,
            owed_default_interest=due.default_interest,
            is_overdue=part.due_on < on and bool(part.unpaid_principal or part.unpaid_interest),
        )


class InstalmentList(BaseModel):
    """All instalments of a loan as of a day."""

    loan_id: UUID
    as_of: date
    items: list[InstalmentRead]
    policy: Annotated[PolicyRead, Field(description="What interest for lateness rests on, as of `as_of`.")]

    @classmethod
    def of(cls, loan_id: UUID, parts: Iterable[Instalment], on: date, policy: LatePolicy) -> "InstalmentList":
        """The instalments as of a day."""
        return cls(
            loan_id=loan_id,
            as_of=on,
            items=[InstalmentRead.of(part, on, policy) for part in parts],
            policy=policy_read(PolicyName.LATE_INTEREST, late_version(on)),
        )
