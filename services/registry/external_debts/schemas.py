"""What goes out about debts to other lenders over HTTP."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.chassis.http.pagination import Page
from shared.kernel.money import Money


class ExternalDebtRead(BaseModel):
    """A debt to the Bank for Agriculture (baac) or to a village fund."""

    id: UUID
    creditor: Literal["baac", "village_fund"]
    contract_number: str
    outstanding: Money
    annual_payment: Annotated[Money, Field(description="Principal and interest due in the next 12 months.")]
    as_of: Annotated[date, Field(description="The lender's day of these amounts.")]


class ExternalDebts(Page[ExternalDebtRead]):
    """All that is known of a member's debts elsewhere; `next_cursor` is null unless a page does not hold them."""
