"""Events of livelihood: expected income, produce sold through the co-operative, and the deduction saga."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from shared.chassis.events import Event, EventPart, Topic
from shared.contracts import topics
from shared.kernel.money import Money


class IncomeMonth(EventPart):
    """Expected cash income and cash cost of one month, named by its first day."""

    month: date
    income: Money
    cost: Money


class OccupationPlanRecorded(Event):
    """What a member's household expects to earn and spend on the farm over twelve months."""

    topic: ClassVar[Topic] = topics.OCCUPATION
    type: ClassVar[str] = "plodnee.livelihood.occupation_plan.recorded.v1"
    key_field: ClassVar[str] = "occupation_plan_id"

    occupation_plan_id: UUID
    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None
    fiscal_year_be: int
    months: tuple[IncomeMonth, ...]


class ProduceDelivered(Event):
    """gross = savings + paid + held at this moment; held waits for debt's answer and is 0 without a plan."""

    topic: ClassVar[Topic] = topics.PRODUCE
    type: ClassVar[str] = "plodnee.livelihood.produce.delivered.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    delivered_on: date
    crop: str
    kilograms: Decimal
    gross: Money
    savings: Money
    paid: Money
    held: Money


class DeductionRequested(Event):
    topic: ClassVar[Topic] = topics.PRODUCE
    type: ClassVar[str] = "plodnee.livelihood.deduction.requested.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    plan_id: UUID
    amount: Money
    delivered_on: date


class DeductionReversed(Event):
    """The delivery was a mistake: whatever was or will be applied for it is to be undone."""

    topic: ClassVar[Topic] = topics.PRODUCE
    type: ClassVar[str] = "plodnee.livelihood.deduction.reversed.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    reversed_on: date


class ProduceSettled(Event):
    """The end of a delivery: gross = debt + savings + paid, nothing held. All are 0 after a reversal."""

    topic: ClassVar[Topic] = topics.PRODUCE
    type: ClassVar[str] = "plodnee.livelihood.produce.settled.v1"
    key_field: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    cooperative_id: UUID
    member_id: UUID
    revision: int  # 1 when settled, 2 when settled again after a reversal
    settled_on: date
    gross: Money
    debt: Money
    savings: Money
    paid: Money


EVENTS: list[type[Event]] = [
    OccupationPlanRecorded,
    ProduceDelivered,
    DeductionRequested,
    DeductionReversed,
    ProduceSettled,
]
