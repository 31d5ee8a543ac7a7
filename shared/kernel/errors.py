"""The errors that rules raise, whatever the service: each knows its HTTP status, a stable type and two languages.

    DomainError
    ├── NotFound              404  the thing does not exist, or the caller cannot see it
    ├── Conflict              409  the state of the thing forbids the act
    ├── Forbidden             403  the caller may see the thing but not do this to it
    ├── Invalid               422  the input breaks a rule
    ├── PreconditionFailed    412  the caller read an older version of the thing
    └── PreconditionRequired  428  the caller did not say which version it read

A service draws its own tree below these in its ``errors.py``. The kernel knows no HTTP: the status is a number that
the chassis reads.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is wrong: its path in the input, a stable code, and how to mend it in both languages."""

    field: str
    code: str
    message_en: str
    message_th: str


class BilingualValueError(ValueError):
    """A value that cannot be read. Says what is wrong and how to mend it, in English and in Thai."""

    def __init__(self, message_en: str, message_th: str) -> None:
        super().__init__(message_en)
        self.message_en = message_en
        self.message_th = message_th


class DomainError(Exception):
    """Base of every error that a rule raises. ``type`` is stable for ever: clients decide by it.

    An error that is about one field of the input names it in ``field``; where it is raised may name others.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title_en: ClassVar[str] = "Something went wrong"
    title_th: ClassVar[str] = "เกิดข้อผิดพลาด"
    field: ClassVar[str] = ""

    def __init__(self, detail_en: str = "", detail_th: str = "", fields: Iterable[FieldProblem] = ()) -> None:
        super().__init__(detail_en or self.title_en)
        self.detail_en = detail_en
        self.detail_th = detail_th
        self.fields = list(fields)
        if self.field and not self.fields:
            self.fields = [FieldProblem(self.field, self.type, self.title_en, self.title_th)]


class NotFound(DomainError):
    """The thing does not exist for this caller. What is out of reach is answered the same way."""

    status = 404
    type = "not-found"
    title_en = "Not found"
    title_th = "ไม่พบข้อมูล"


class Conflict(DomainError):
    """The state of the thing forbids the act."""

    status = 409
    type = "conflict"
    title_en = "Conflicts with the present state"
    title_th = "ขัดกับสถานะปัจจุบัน"


class Forbidden(DomainError):
    """The caller may see the thing but not do this to it."""

    status = 403
    type = "forbidden"
    title_en = "Not allowed"
    title_th = "ไม่มีสิทธิ์ดำเนินการ"


class Invalid(DomainError):
    """The input breaks a rule; ``fields`` says which field and how to mend it."""

    status = 422
    type = "invalid"
    title_en = "The input breaks a rule"
    title_th = "ข้อมูลไม่ถูกต้อง"


class PreconditionFailed(DomainError):
    """The caller's If-Match names an older version."""

    status = 412
    type = "precondition-failed"
    title_en = "The resource has changed since it was read"
    title_th = "ข้อมูลถูกแก้ไขหลังจากที่ท่านอ่าน"


class PreconditionRequired(DomainError):
    """A change of a mutable resource must say which version was read."""

    status = 428
    type = "precondition-required"
    title_en = "Send If-Match with the version that was read"
    title_th = "ต้องส่ง If-Match พร้อมรุ่นของข้อมูลที่อ่าน"
