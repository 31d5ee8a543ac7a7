"""Every refusal as a problem document (RFC 9457): a stable ``type``, Thai and English, and which fields are wrong.

``type`` is ``urn:plodnee:problem:<slug>``; clients decide by it, never by the texts. No problem repeats what the
caller sent: an input may be a person's name or number, and answers are logged by proxies.

    HttpProblem                   what HTTP itself refuses, with the headers that belong to it
    ├── Unauthenticated     401   no token, or one that is not valid here
    ├── InsufficientScope   403   the token lacks a scope
    ├── IdempotencyKeyRequired  400
    ├── IdempotencyKeyReused    422  the same key with another input
    ├── AnswerOutOfSight    409  the act was done, but its kept answer cannot be opened any more
    ├── BadCursor           422   a cursor of another list, or not ours
    └── Unavailable         503   try again: database busy, knowledge of assignments too old
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

import asyncpg
import orjson
import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from shared.chassis.http.field_problems import field_problems
from shared.kernel.errors import (
    Conflict,
    DomainError,
    FieldProblem,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:plodnee:problem:"
RETRY_AFTER_SECONDS = 2


class HttpProblem(DomainError):
    """A refusal by HTTP's own rules; `headers` go with the answer."""

    def __init__(
        self,
        detail_en: str = "",
        detail_th: str = "",
        fields: list[FieldProblem] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail_en, detail_th, fields or ())
        self.headers = dict(headers or {})


class Unauthenticated(HttpProblem):
    """No token, or one that is not valid here. The answer says which in ``WWW-Authenticate`` (RFC 6750)."""

    status = 401
    type = "unauthenticated"
    title_en = "A valid access token is needed"
    title_th = "ต้องใช้โทเค็นที่ถูกต้อง"


class InsufficientScope(HttpProblem):
    """The token is valid but does not carry the scope that the route asks for."""

    status = 403
    type = "insufficient-scope"
    title_en = "The access token lacks a scope"
    title_th = "โทเค็นไม่มีสิทธิ์ที่ต้องใช้"


class IdempotencyKeyRequired(HttpProblem):
    """A POST that writes came without the header ``Idempotency-Key``, or with one that is too long."""

    status = 400
    type = "idempotency-key-required"
    title_en = "Send the header Idempotency-Key"
    title_th = "ต้องส่งเฮดเดอร์ Idempotency-Key"


class IdempotencyKeyReused(HttpProblem):
    """The same key came with another input."""

    status = 422
    type = "idempotency-key-reused"
    title_en = "This Idempotency-Key was used for another input"
    title_th = "Idempotency-Key นี้ใช้กับข้อมูลอื่นไปแล้ว"


class AnswerOutOfSight(HttpProblem):
    """The act was done under this key, but its answer was sealed with a key that the service does not have any more."""

    status = 409
    type = "answer-out-of-sight"
    title_en = "This was done already; read the record, its answer cannot be repeated"
    title_th = "ทำรายการนี้ไปแล้ว ให้เรียกดูข้อมูล เพราะแสดงคำตอบเดิมซ้ำไม่ได้"


class BadCursor(HttpProblem):
    """A cursor that this list did not give out."""

    status = 422
    type = "bad-cursor"
    title_en = "The cursor does not belong to this list; start again without it"
    title_th = "ตัวชี้หน้าไม่ใช่ของรายการนี้ ให้เริ่มใหม่โดยไม่ระบุ"
    field = "cursor"


class Unavailable(HttpProblem):
    """Nothing is wrong with the request; it can be sent again after ``Retry-After``."""

    status = 503
    type = "unavailable"
    title_en = "Busy; try again shortly"
    title_th = "ระบบไม่ว่าง โปรดลองใหม่"

    def __init__(self, detail_en: str = "", detail_th: str = "", retry_after_seconds: int = RETRY_AFTER_SECONDS):
        super().__init__(detail_en, detail_th, headers={"Retry-After": str(retry_after_seconds)})


class Refused(Conflict):
    """The database refused the row.

    A key that is taken, a parent that does not exist and a row outside the caller's reach are answered alike:
    a caller cannot learn by the answer that a row he may not see exists.
    """

    type = "refused"
    title_en = "The record collides with another one, or lies outside your area"
    title_th = "ข้อมูลซ้ำกับรายการอื่น หรืออยู่นอกพื้นที่ของท่าน"


class FieldDocument(BaseModel):
    """One wrong field."""

    field: Annotated[str, Field(examples=["items.0.amount"])]
    code: Annotated[str, Field(examples=["missing"])]
    message_en: str
    message_th: str


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457). Decide by `type`; the texts may change."""

    type: Annotated[str, Field(examples=[TYPE_PREFIX + "not-found"])]
    status: int
    title: str
    title_th: str
    detail: str | None = None
    detail_th: str | None = None
    fields: list[FieldDocument] | None = None
    request_id: Annotated[str | None, Field(description="Name it when you report the problem.")] = None


class _Plain:
    """A status that HTTP or the framework raised, in our words."""

    BY_STATUS: ClassVar[dict[int, tuple[str, str, str]]] = {
        404: ("unknown-route", "No such address", "ไม่พบที่อยู่นี้"),
        405: ("method-not-allowed", "This address does not take this method", "ที่อยู่นี้ไม่รับวิธีเรียกนี้"),
        408: ("too-slow", "The request arrived too slowly", "ส่งข้อมูลช้าเกินกำหนด"),
        413: ("too-large", "The request is larger than this route takes", "ข้อมูลที่ส่งมีขนาดเกินกำหนด"),
        431: ("header-too-large", "The request's headers are larger than any need to be", "ส่วนหัวของคำขอมีขนาดเกินกำหนด"),
        415: ("unsupported-media-type", "This route does not take this content type", "ไม่รองรับชนิดข้อมูลนี้"),
        500: ("internal", "Something went wrong on our side", "เกิดข้อผิดพลาดในระบบ"),
    }


def problem_document(error: DomainError) -> dict[str, Any]:
    """The members of the problem document of an error."""
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.type,
        "status": error.status,
        "title": error.title_en,
        "title_th": error.title_th,
    }
    if error.detail_en:
        document["detail"] = error.detail_en
    if error.detail_th:
        document["detail_th"] = error.detail_th
    if error.fields:
        document["fields"] = [
            {
                "field": field.field,
                "code": field.code,
                "message_en": field.message_en,
                "message_th": field.message_th,
            }
            for field in error.fields
        ]
    return document


def problem_response(error: DomainError) -> Response:
    """The whole answer to an error, with its headers and the request's id."""
    return _response(problem_document(error), getattr(error, "headers", None))


def status_response(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a status without an error of ours behind it."""
    slug, title_en, title_th = _Plain.BY_STATUS.get(
        status, (f"http-{status}", HTTPStatus(status).phrase, HTTPStatus(status).phrase)
    )
    document = {"type": TYPE_PREFIX + slug, "status": status, "title": title_en, "title_th": title_th}
    return _response(document, headers)


def _response(document: dict[str, Any], headers: Mapping[str, str] | None) -> Response:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        document["request_id"] = request_id
    return Response(
        orjson.dumps(document),
        status_code=document["status"],
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014", "25P03", "25P04"})
_BUSY_CLASSES = frozenset({"08", "53", "57"})
_REFUSED_STATES = frozenset({"23505", "23P01", "23503", "42501"})


def database_problem(error: BaseException) -> DomainError | None:
    """What a database error means to the caller; None when it is a fault of ours.

    Never says which row or key collided: see :class:`Refused`.
    """
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        if error.connection_invalidated:
            return Unavailable()
        error = error.orig or error
    if isinstance(error, sqlalchemy.exc.TimeoutError | TimeoutError | ConnectionError):
        return Unavailable()
    state = getattr(error, "sqlstate", None)
    if not isinstance(state, str):
        # The driver's own complaints: a connection that closed under us.
        return Unavailable() if isinstance(error, asyncpg.InterfaceError) else None
    if state in _BUSY_STATES or state[:2] in _BUSY_CLASSES:
        return Unavailable()
    if state in _REFUSED_STATES:
        return Refused()
    if state[:2] == "22":
        return Invalid(
            "A value cannot be stored: it is out of range or holds a character that text may not hold",
            "เก็บค่าที่ส่งมาไม่ได้ ค่าเกินขอบเขตหรือมีอักขระที่ใช้ไม่ได้",
        )
    return None


async def _on_domain_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this type alone
    if error.status >= 500:
        log.warning("request_unavailable", problem=error.type)
    return problem_response(error)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    return problem_response(Invalid(fields=field_problems(error.errors())))


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    if error.status_code == 400:
        # FastAPI's word for a body it could not read for another reason than its grammar: not UTF-8, nested too deep.
        return problem_response(Invalid(fields=field_problems([{"type": "json_invalid", "loc": ("body",)}])))
    return status_response(error.status_code, error.headers)


async def _on_database_error(_request: Request, error: Exception) -> Response:
    problem = database_problem(error)
    if problem is None:
        raise error
    origin = getattr(error, "orig", None) or error
    log.warning(
        "database_refused",
        problem=problem.type,
        error_type=type(origin).__name__,
        sqlstate=getattr(origin, "sqlstate", None),
        constraint=getattr(origin, "constraint_name", None),
    )
    return problem_response(problem)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every refusal of `app` as a problem document. What is left uncaught is answered by the telemetry layer."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for kind in (
        sqlalchemy.exc.DBAPIError,
        sqlalchemy.exc.TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        TimeoutError,
        ConnectionError,
    ):
        app.add_exception_handler(kind, _on_database_error)


_DOCUMENTED: dict[int, type[DomainError]] = {
    400: IdempotencyKeyRequired,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Invalid,
    428: PreconditionRequired,
    503: Unavailable,
}


def problem_responses(*what: int | type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route: statuses, or error classes whose types are then listed by name."""
    by_status: dict[int, list[type[DomainError]]] = {}
    for entry in what:
        if isinstance(entry, int):
            by_status.setdefault(entry, [])
        else:
            by_status.setdefault(entry.status, []).append(entry)
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    responses: dict[int | str, dict[str, Any]] = {}
    for status, errors in sorted(by_status.items()):
        if not errors and status in _DOCUMENTED:
            errors = [_DOCUMENTED[status]]
        named = [(error.type, error.title_en) for error in errors]
        if not named and status in _Plain.BY_STATUS:
            named = [_Plain.BY_STATUS[status][:2]]
        text = "; ".join(f"`{TYPE_PREFIX}{slug}`: {title}" for slug, title in named)
        responses[status] = {
            "description": text or HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return responses
