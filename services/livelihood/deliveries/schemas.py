"""What goes in and out about produce deliveries over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.livelihood.code_lists.domain import CODE_LISTS
from services.livelihood.deliveries.domain import Status
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Code, Text
from shared.kernel.errors import BilingualValueError
from shared.kernel.money import Money, MoneyIn


def _known_crop(code: str) -> str:
    """What was delivered travels in events, which hold no free text."""
    if code not in CODE_LISTS["crop"]:
        known = ", ".join(CODE_LISTS["crop"])
        raise BilingualValueError(f"One of: {known}", f"ต้องเป็นค่าใดค่าหนึ่งของ {known}")
    return code


Crop = Annotated[
    Text, Field(min_length=1, max_length=40, description="A code of the list `crop`."), AfterValidator(_known_crop)
]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=5, decimal_places=4)]


class RecordDelivery(BaseModel):
    """What was weighed and what it is worth. The deduction follows from the member's plan, not from the sender."""

    model_config = ConfigDict(extra="forbid")

    member_id: UUID
    delivery_number: Annotated[Code, Field(min_length=1, max_length=60)]
    delivered_on: HappenedOn
    crop: Crop
    kilograms: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=3)]
    price_per_kilogram: Annotated[MoneyIn, Field(ge=0, description="Baht a kilogram")]
    savings_share: Share = Decimal(0)


class ReverseDelivery(BaseModel):
    """Why a delivery was a mistake, and the day on which it is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=3, max_length=200)]
    reversed_on: HappenedOn


class DeliveryRead(BaseModel):
    """A delivery: gross = debt + savings + paid + held at every moment, and held is 0 at the end."""

    id: UUID
    cooperative_id: UUID
    member_id: UUID
    delivery_number: str
    delivered_on: date
    crop: str
    kilograms: Decimal
    price_per_kilogram: Money
    plan_id: UUID | None
    deduction_share: Decimal
    status: Status
    gross: Money
    debt: Money
    savings: Money
    paid: Money
    held: Money
    settled_on: date | None
    refusal: str | None
    reversal_reason: str | None
    version: int


class AgreementRead(BaseModel):
    """A member's agreement, by a plan in force, that a share of each delivery pays the debt."""

    plan_id: UUID
    member_id: UUID
    deduction_share: Decimal
