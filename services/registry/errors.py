"""What the rules of the registry refuse, each with its status and a type that never changes.

DomainError
├── NotFound 404
│   ├── CooperativeNotFound      no such co-operative or farmer group within the caller's reach
│   ├── MemberNotFound           no such member within the caller's reach
│   ├── HouseholdNotFound        no such farm household within the caller's reach
│   ├── ProgrammeNotFound        no such programme
│   └── EnrolmentNotFound        no such enrolment within the caller's reach
├── Forbidden 403
│   ├── AssignmentBeyondReach    the officer holds, or would hold, co-operatives outside the caller's reach
│   └── ProgrammeNeedsNation     a programme is national: the caller must reach the whole country
├── Conflict 409
│   ├── MemberNumberTaken        the co-operative has a member with this number
│   ├── ProgrammeRecorded        the programme is recorded already
│   └── AlreadyEnrolled          the co-operative is in this phase of the programme already
└── Invalid 422
    ├── CooperativeUnknown       the input names a co-operative that the caller cannot see
    ├── AssignmentsOverlap       one co-operative stands twice in the list on the same day
    ├── EnrolmentInvalid         the programme has no such phase, or the dates lie outside of it
    └── PhasesInUse              a co-operative is enrolled outside of what the phases would be
"""

from shared.kernel.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound


class CooperativeNotFound(NotFound):
    """No such co-operative or farmer group within the caller's reach."""

    type = "cooperative-not-found"
    title_en = "Co-operative not found"
    title_th = "ไม่พบสหกรณ์หรือกลุ่มเกษตรกร"


class MemberNotFound(NotFound):
    """No such member within the caller's reach."""

    type = "member-not-found"
    title_en = "Member not found"
    title_th = "ไม่พบสมาชิก"


class HouseholdNotFound(NotFound):
    """No such farm household within the caller's reach."""

    type = "household-not-found"
    title_en = "Farm household not found"
    title_th = "ไม่พบครัวเรือนเกษตรกร"


class ProgrammeNotFound(NotFound):
    """No such programme."""

    type = "programme-not-found"
    title_en = "Programme not found"
    title_th = "ไม่พบโครงการ"


class EnrolmentNotFound(NotFound):
    """No such enrolment within the caller's reach."""

    type = "enrolment-not-found"
    title_en = "Enrolment not found"
    title_th = "ไม่พบการเข้าร่วมโครงการ"


class AssignmentBeyondReach(Forbidden):
    """Whoever assigns must reach every co-operative that the officer holds or would hold."""

    type = "assignment-beyond-reach"
    title_en = "The officer's co-operatives are not all within your area"
    title_th = "สหกรณ์ที่มอบหมายไม่ได้อยู่ในพื้นที่ของท่านทั้งหมด"


class ProgrammeNeedsNation(Forbidden):
    """A programme is national."""

    type = "programme-needs-nation"
    title_en = "Programmes are recorded by those who reach the whole country"
    title_th = "ผู้บันทึกโครงการต้องมีสิทธิ์ทั้งประเทศ"


class MemberNumberTaken(Conflict):
    """A member number is given once in a co-operative."""

    type = "member-number-taken"
    title_en = "The co-operative has a member with this number"
    title_th = "สหกรณ์มีสมาชิกเลขทะเบียนนี้แล้ว"


class ProgrammeRecorded(Conflict):
    """A programme is recorded once."""

    type = "programme-recorded"
    title_en = "The programme is recorded already"
    title_th = "มีโครงการนี้แล้ว"


class AlreadyEnrolled(Conflict):
    """A co-operative enters a phase of a programme once."""

    type = "already-enrolled"
    title_en = "The co-operative is in this phase of the programme already"
    title_th = "สหกรณ์เข้าร่วมโครงการระยะนี้แล้ว"


class CooperativeUnknown(Invalid):
    """The input names a co-operative that does not exist for this caller."""

    type = "cooperative-unknown"
    title_en = "The co-operative is not known"
    title_th = "ไม่พบสหกรณ์หรือกลุ่มเกษตรกรที่ระบุ"

    def __init__(self, field: str = "cooperative_id") -> None:
        problem = FieldProblem(field, "unknown_cooperative", self.title_en, self.title_th)
        super().__init__(fields=[problem])


class AssignmentsOverlap(Invalid):
    """One co-operative stands twice in the list on the same day."""

    type = "assignments-overlap"
    title_en = "A co-operative stands twice in the list on the same day"
    title_th = "มีสหกรณ์เดียวกันซ้ำในช่วงวันที่เดียวกัน"
    field = "assignments"


class EnrolmentInvalid(Invalid):
    """The programme has no such phase, or the dates do not fit."""

    type = "enrolment-invalid"
    title_en = "The enrolment does not fit the programme"
    title_th = "การเข้าร่วมไม่ตรงกับระยะของโครงการ"
    field = "phase"


class PhasesInUse(Invalid):
    """A co-operative is enrolled in a phase, or on days, that the programme would no longer have."""

    type = "phases-in-use"
    title_en = "A co-operative is enrolled outside of these phases; change its enrolment first"
    title_th = "มีสหกรณ์เข้าร่วมอยู่นอกระยะเหล่านี้ ให้แก้ไขการเข้าร่วมก่อน"
    field = "phases"
