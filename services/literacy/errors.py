"""What the rules of literacy refuse, each with its status and a type that never changes.

DomainError
├── NotFound 404
│   ├── UnknownCooperative  the co-operative does not exist within reach
│   ├── UnknownMember       the member does not exist within reach
│   ├── UnknownCourse       the course does not exist within reach
│   ├── UnknownSession      the session does not exist within reach
│   └── UnknownPledge       the pledge does not exist within reach
├── Conflict 409
│   ├── CourseCodeTaken     the co-operative has a course of this code
│   └── PledgeCannotBecome  the state of the pledge forbids the next one
└── Invalid 422
    └── UnknownMemberNumbers    a roll call names members nobody knows; none of it was recorded
"""

from shared.kernel.errors import Conflict, Invalid, NotFound


class UnknownCooperative(NotFound):
    """No such co-operative within the caller's reach."""

    type = "cooperative-unknown"
    title_en = "There is no such co-operative"
    title_th = "ไม่พบสหกรณ์นี้"


class UnknownMember(NotFound):
    """No such member within the caller's reach."""

    type = "member-unknown"
    title_en = "There is no such member"
    title_th = "ไม่พบสมาชิกรายนี้"


class UnknownCourse(NotFound):
    """No such course within the caller's reach."""

    type = "course-unknown"
    title_en = "There is no such course"
    title_th = "ไม่พบหลักสูตรนี้"


class UnknownSession(NotFound):
    """No such session within the caller's reach."""

    type = "session-unknown"
    title_en = "There is no such session"
    title_th = "ไม่พบการอบรมครั้งนี้"


class UnknownPledge(NotFound):
    """No such savings pledge within the caller's reach."""

    type = "pledge-unknown"
    title_en = "There is no such savings pledge"
    title_th = "ไม่พบสัจจะออมทรัพย์นี้"


class CourseCodeTaken(Conflict):
    """A code is given once in a co-operative."""

    type = "course-code-taken"
    title_en = "The co-operative has a course of this code"
    title_th = "สหกรณ์มีหลักสูตรรหัสนี้อยู่แล้ว"


class PledgeCannotBecome(Conflict):
    """The state of the pledge forbids the next one."""

    type = "pledge-cannot-become"
    title_en = "The savings pledge cannot go to that state"
    title_th = "สัจจะออมทรัพย์เปลี่ยนเป็นสถานะนี้ไม่ได้"


class UnknownMemberNumbers(Invalid):
    """A roll call names members that nobody knows; none of it was recorded."""

    type = "member-numbers-unknown"
    title_en = "The roll call names members that nobody knows; nothing was recorded"
    title_th = "ใบเช็กชื่อมีเลขทะเบียนสมาชิกที่ไม่พบ ยังไม่ได้บันทึกรายการใด"
