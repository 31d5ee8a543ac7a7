"""What goes in and out about members over HTTP."""

import re
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from services.registry.households.schemas import PlotRead
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.inputs import Code, Text
from shared.chassis.settings import get_settings
from shared.kernel.errors import BilingualValueError
from shared.kernel.identifiers import is_demo_national_id, national_id_is_valid
from shared.kernel.thai import to_arabic_digits

MemberKind = Literal["ordinary", "associate"]
MemberStatus = Literal["active", "suspended", "resigned", "expelled", "deceased"]
Sex = Literal["M", "F"]


def read_national_id(text: str) -> str:
    """Thirteen digits with a right check digit; a demo person's is refused in production."""
    digits = to_arabic_digits(text).replace("-", "").replace(" ", "")
    if not national_id_is_valid(digits) or (is_demo_national_id(digits) and get_settings().is_production):
        raise BilingualValueError(
            "A national id has 13 digits and a right check digit",
            "เลขประจำตัวประชาชนต้องมี 13 หลักและเลขตรวจสอบถูกต้อง",
        )
    return digits


def _read_purpose(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]+", text):
        raise BilingualValueError(
            "Say why as a code of small Latin letters, digits and hyphens",
            "ระบุวัตถุประสงค์เป็นรหัส ใช้อักษรละตินตัวเล็ก ตัวเลข และขีดกลาง",
        )
    return text


def _has_digits(text: str) -> str:
    """Without one it would be stored as no number, in the place of the one that is known."""
    if not any(character.isdigit() for character in text):
        raise BilingualValueError("A telephone number has digits", "หมายเลขโทรศัพท์ต้องมีตัวเลข")
    return text


def _arabic(value: object) -> object:
    return to_arabic_digits(value) if isinstance(value, str) else value


NationalId = Annotated[str, Field(max_length=40, examples=["0-0000-00000-01-9"]), AfterValidator(read_national_id)]
MemberNumber = Annotated[Code, Field(min_length=1, max_length=40)]
HouseholdNumber = Annotated[
    str, BeforeValidator(_arabic), Field(pattern=r"^[0-9]{12}$", description="Farmer registration number, 12 digits.")
]
FullName = Annotated[
    Text, Field(min_length=2, max_length=200, description="Given and family name; a title in front is read.")
]
Phone = Annotated[
    str,
    Field(min_length=8, max_length=40, pattern=r"^[0-9+\-\s().\u0e50-\u0e59]+$"),
    AfterValidator(_has_digits),
]
Purpose = Annotated[
    str,
    Field(min_length=3, max_length=80, description="Why, as a code.", examples=["case-assessment"]),
    AfterValidator(_read_purpose),
]
AsOf = Annotated[HappenedOn | None, Field(description="The day these values stand for; today unless told.")]


class MemberCreate(BaseModel):
    """A membership to record. The person is found, or made, by the national id."""

    model_config = ConfigDict(extra="forbid")

    cooperative_id: UUID
    member_number: MemberNumber
    national_id: NationalId
    full_name: FullName
    sex: Sex | None = None
    birth_date: HappenedOn | None = None
    member_kind: MemberKind = "ordinary"
    status: MemberStatus = "active"
    joined_on: HappenedOn | None = None
    phone: Phone | None = None
    household_number: HouseholdNumber | None = None
    as_of: AsOf = None


class MemberChange(BaseModel):
    """What to change; a field left out stays as it is, and null clears it where it may be empty."""

    model_config = ConfigDict(extra="forbid")

    full_name: FullName = ""
    sex: Sex | None = None
    birth_date: HappenedOn | None = None
    member_kind: MemberKind = "ordinary"
    status: MemberStatus = "active"
    joined_on: HappenedOn | None = None
    phone: Phone | None = None
    household_number: HouseholdNumber | None = None
    as_of: AsOf = None


class MemberHousehold(BaseModel):
    """The farm household of a member."""

    id: UUID
    household_number: str
    size: int
    district_code: str
    plots: list[PlotRead]


class OtherMembership(BaseModel):
    """Another membership of the same person, within the caller's reach."""

    id: UUID
    cooperative_id: UUID
    member_number: str
    status: MemberStatus


class MemberRead(BaseModel):
    """A member with everything the registry knows, the national id masked."""

    id: UUID
    person_id: UUID
    cooperative_id: UUID
    cooperative_code: str
    cooperative_name_th: str
    member_number: str
    national_id_masked: Annotated[str, Field(examples=["x-xxxx-xxxxx-41-2"])]
    title: str
    full_name: str
    sex: Sex | None
    birth_date: date | None
    member_kind: MemberKind
    status: MemberStatus
    joined_on: date | None
    phone: str | None
    household_id: UUID | None
    household: MemberHousehold | None
    other_memberships: list[OtherMembership]
    as_of: date
    version: int


class MemberSummary(BaseModel):
    """A member in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    person_id: UUID
    cooperative_id: UUID
    cooperative_code: str
    cooperative_name_th: str
    member_number: str
    title: str
    full_name: str
    member_kind: MemberKind
    status: MemberStatus


class MemberSearch(BaseModel):
    """Find a person by the national id; why is recorded."""

    model_config = ConfigDict(extra="forbid")

    national_id: NationalId
    purpose: Purpose


class MemberSearchResult(BaseModel):
    """The memberships found within reach."""

    items: list[MemberSummary]


class NationalIdReveal(BaseModel):
    """Why the national id is needed in full."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


class RevealedNationalId(BaseModel):
    """A national id in full."""

    national_id: str
