"""What goes in and out about payments over HTTP."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Code, Text
from shared.contracts.debt import Channel
from shared.kernel.money import Money, MoneyIn

# Produce is deducted by livelihood's deliveries alone, never by hand.
PostedChannel = Literal["cash", "transfer", "savings_set_off", "share_set_off"]


class PaymentCreate(BaseModel):
    """Money received for a loan."""

    model_config = ConfigDict(extra="forbid")

    loan_id: UUID
    amount: MoneyIn
    value_on: Annotated[HappenedOn, Field(description="The day it counts from; a closed day posts in the open one.")]
    channel: PostedChannel = "cash"
    receipt_number: Annotated[Code | None, Field(min_length=1, max_length=60)] = None


class PaymentReverse(BaseModel):
    """Why a payment is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=3, max_length=500)]


class LineRead(BaseModel):
    """What a payment settles of one instalment, as the books stand."""

    number: int
    fee: Money
    default_interest: Money
    late_interest: Money
    interest: Money
    principal: Money


class PaymentSummary(BaseModel):
    """A payment, a reversal, or the correction (of no amount) by which either moved a payment of a later open day.

    The parts are what the posting did to the loan, earlier payments it moved included.
    """

    id: UUID
    kind: Literal["payment", "reversal", "correction"]
    loan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    channel: Channel
    receipt_number: str | None
    delivery_id: UUID | None
    amount: Money
    value_on: date
    posted_on: date
    fee: Money
    default_interest: Money
    late_interest: Money
    interest: Money
    principal: Money
    excess: Money
    overdue_reduced: Money
    reverses: UUID | None
    corrects: UUID | None
    reversed_by: UUID | None = None
    reason: str | None


class PaymentRead(PaymentSummary):
    """A posting with what it settles, by instalment, as the books stand."""

    lines: list[LineRead] = []
