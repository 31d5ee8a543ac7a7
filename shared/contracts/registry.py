"""Events of the registry: who there is. No names, numbers or addresses of people: ids and reviewed attributes."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from shared.chassis.events import Event, EventPart, Topic
from shared.contracts import topics
from shared.kernel.money import Money


class CooperativeRecorded(Event):
    """A co-operative or farmer group: a public institution, so its name may travel."""

    topic: ClassVar[Topic] = topics.COOPERATIVE
    type: ClassVar[str] = "plodnee.registry.cooperative.recorded.v1"
    key_field: ClassVar[str] = "cooperative_id"

    cooperative_id: UUID
    cooperative_code: str
    kind: Literal["cooperative", "farmer_group"]
    cooperative_type: str
    name_th: str
    name_en: str | None
    province_code: str
    district_code: str
    strength_level: int | None
    status: Literal["active", "dissolved", "liquidation"]


class MemberRecorded(Event):
    """One person's membership of one co-operative. The member number travels only as a keyed hash."""

    topic: ClassVar[Topic] = topics.MEMBER
    type: ClassVar[str] = "plodnee.registry.member.recorded.v1"
    key_field: ClassVar[str] = "member_id"

    member_id: UUID
    person_id: UUID
    cooperative_id: UUID
    member_number_hash: str
    household_id: UUID | None
    member_kind: Literal["ordinary", "associate"]
    status: Literal["active", "suspended", "resigned", "expelled", "deceased"]
    birth_decade: int | None  # 1960 for 1960 to 1969
    merged_into: UUID | None = None


class Plot(EventPart):
    """One plot of a household: what grows there, on how many rai."""

    crop: str
    area_rai: Decimal


class HouseholdRecorded(Event):
    topic: ClassVar[Topic] = topics.HOUSEHOLD
    type: ClassVar[str] = "plodnee.registry.household.recorded.v1"
    key_field: ClassVar[str] = "household_id"

    household_id: UUID
    cooperative_id: UUID
    head_member_id: UUID | None
    district_code: str
    size: int
    plots: tuple[Plot, ...]


class AssignedCooperative(EventPart):
    """A co-operative in an officer's hands from a date to a date, both included; an open end is None."""

    cooperative_id: UUID
    valid_from: date
    valid_to: date | None
    delegate_of: str | None = None  # the officer who delegated it


class AssignmentRecorded(Event):
    """Everything one officer is assigned to. The officer is named by the sign-in provider's subject id."""

    topic: ClassVar[Topic] = topics.ASSIGNMENT
    type: ClassVar[str] = "plodnee.registry.assignment.recorded.v1"
    key_field: ClassVar[str] = "officer_id"

    officer_id: str
    cooperatives: tuple[AssignedCooperative, ...]


class ProgrammePhase(EventPart):
    phase: int
    starts_on: date
    ends_on: date | None


class ProgrammeRecorded(Event):
    topic: ClassVar[Topic] = topics.PROGRAMME
    type: ClassVar[str] = "plodnee.registry.programme.recorded.v1"
    key_field: ClassVar[str] = "programme_id"

    programme_id: UUID
    programme_code: Literal["A", "B"]
    name_th: str
    name_en: str
    phases: tuple[ProgrammePhase, ...]
    cooperatives_target: int | None
    overdue_reduction_target_percent: Decimal | None


class EnrolmentRecorded(Event):
    topic: ClassVar[Topic] = topics.ENROLMENT
    type: ClassVar[str] = "plodnee.registry.enrolment.recorded.v1"
    key_field: ClassVar[str] = "enrolment_id"

    enrolment_id: UUID
    programme_id: UUID
    programme_code: Literal["A", "B"]
    phase: int
    cooperative_id: UUID
    valid_from: date
    valid_to: date | None


class ExternalDebtRecorded(Event):
    """A debt to BAAC or a village fund; annual_payment is principal and interest due in the next 12 months."""

    topic: ClassVar[Topic] = topics.EXTERNAL_DEBT
    type: ClassVar[str] = "plodnee.registry.external_debt.recorded.v1"
    key_field: ClassVar[str] = "external_debt_id"

    external_debt_id: UUID
    person_id: UUID
    creditor: Literal["baac", "village_fund"]
    outstanding: Money
    annual_payment: Money
    as_of: date


EVENTS: list[type[Event]] = [
    CooperativeRecorded,
    MemberRecorded,
    HouseholdRecorded,
    AssignmentRecorded,
    ProgrammeRecorded,
    EnrolmentRecorded,
    ExternalDebtRecorded,
]
