"""What goes in and out about co-operatives over HTTP."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registry.cooperatives.domain import district_lies_in, type_fits_kind
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Code, Text
from shared.kernel.errors import BilingualValueError

Kind = Literal["cooperative", "farmer_group"]
Status = Literal["active", "dissolved", "liquidation"]
CooperativeType = Literal[
    "agricultural", "fishery", "settlement", "thrift", "store", "service", "credit_union",
    "rice", "field_crop", "orchard", "livestock",
]  # fmt: skip
ProvinceCode = Annotated[str, Field(pattern=r"^[0-9]{2}$", examples=["52"])]
DistrictCode = Annotated[str, Field(pattern=r"^[0-9]{4}$", examples=["5201"])]
Name = Annotated[Text, Field(min_length=1, max_length=300)]
StrengthLevel = Annotated[int, Field(ge=1, le=4, description="1 is the strongest; 4 has stopped operating.")]
AsOf = Annotated[HappenedOn | None, Field(description="The day these values stand for; today unless told.")]


class CooperativeCreate(BaseModel):
    """A co-operative or farmer group to record."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[Code, Field(min_length=1, max_length=40)]
    kind: Kind
    cooperative_type: CooperativeType
    name_th: Name
    name_en: Name | None = None
    province_code: ProvinceCode
    district_code: DistrictCode
    registered_on: HappenedOn | None = None
    strength_level: StrengthLevel | None = None
    status: Status = "active"
    as_of: AsOf = None

    @model_validator(mode="after")
    def _codes_fit(self) -> "CooperativeCreate":
        if not type_fits_kind(self.kind, self.cooperative_type):
            raise BilingualValueError("The kind has no such type", "ไม่มีประเภทนี้สำหรับสหกรณ์หรือกลุ่มเกษตรกร")
        if not district_lies_in(self.province_code, self.district_code):
            raise BilingualValueError("The province has no such district", "ไม่มีอำเภอนี้ในจังหวัด")
        return self


class CooperativeChange(BaseModel):
    """What to change; a field left out stays as it is, and null clears it where it may be empty."""

    model_config = ConfigDict(extra="forbid")

    name_th: Name = ""
    name_en: Name | None = None
    registered_on: HappenedOn | None = None
    strength_level: StrengthLevel | None = None
    status: Status = "active"
    as_of: AsOf = None


class CooperativeRead(BaseModel):
    """A co-operative or farmer group."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    kind: Kind
    cooperative_type: CooperativeType
    name_th: str
    name_en: str | None
    province_code: str
    district_code: str
    registered_on: date | None
    strength_level: int | None
    status: Status
    as_of: date
    version: int
