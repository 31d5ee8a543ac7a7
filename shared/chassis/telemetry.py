"""Logs as JSON lines without personal data, and what the HTTP layer measures of itself.

Event names are snake_case nouns. Whatever is logged passes :func:`drop_personal_data`; exceptions are logged by their
types and places, never by their messages, because a driver's message quotes the row that it refused.
"""

import logging
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final

import orjson
import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.chassis.http.problems import status_response
from shared.chassis.tracing import name_request, request_span
from shared.kernel.identifiers import uuid7

log = structlog.get_logger(__name__)

PERSONAL_KEYS: Final = frozenset(
    {
        "national_id", "nid", "full_name", "first_name", "last_name", "given_name", "family_name", "name_th", "name_en",
        "name_prefix", "person_name", "phone", "telephone", "mobile", "email", "address", "birth_date", "birthdate",
        "date_of_birth", "member_number", "household_number", "account_number", "receipt_number", "loan_number",
        "authorization", "token", "access_token", "refresh_token", "id_token", "password", "secret", "cookie",
        "set_cookie", "body", "params", "parameters", "query_string", "input",
    }
)  # fmt: skip
_THIRTEEN_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12}(?!\d)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MASK = "[13 digits]"
_DEPTH_MAX = 6
_FRAMES_MAX = 30


def drop_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out keys that hold personal data, and mask whatever could be a national id, at any depth."""
    return {key: _scrubbed(value, 1) for key, value in event.items() if not _is_personal(key)}


def _is_personal(key: object) -> bool:
    return isinstance(key, str) and key.lower().replace("-", "_") in PERSONAL_KEYS


def _scrubbed(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        # One id in a hundred of ours has such a run of digits, and would find no line that belongs to it.
        return value if _UUID.fullmatch(value) else _THIRTEEN_DIGITS.sub(_MASK, value)
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return _MASK if _THIRTEEN_DIGITS.fullmatch(str(value)) else value
    if depth >= _DEPTH_MAX:
        return f"[{type(value).__name__}]"
    if isinstance(value, Mapping):
        return {
            _scrubbed(str(key), depth): _scrubbed(part, depth + 1)
            for key, part in value.items()
            if not _is_personal(key)
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(part, depth + 1) for part in value]
    return _THIRTEEN_DIGITS.sub(_MASK, str(value))


def describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into types and places."""
    found = event.pop("exc_info", None)
    if not found:
        return event
    error = found if isinstance(found, BaseException) else found[1] if isinstance(found, tuple) else sys.exc_info()[1]
    if error is not None:
        event.update(exception_facts(error))
    return event


def exception_facts(error: BaseException) -> dict[str, Any]:
    """Types of the error and its causes, where it was raised, and the SQL state when a database raised it."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    frames = [
        f"{_place(frame.filename, frame.lineno)} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES_MAX:]
    ]
    facts: dict[str, Any] = {"error_types": [type(link).__name__ for link in chain], "frames": frames}
    for link in chain:
        for name in ("sqlstate", "constraint_name", "table_name"):
            value = getattr(link, name, None)
            if isinstance(value, str) and name not in facts:
                facts[name] = value
    return facts


def _place(filename: str, line: int | None) -> str:
    return f"{'/'.join(PurePath(filename).parts[-3:])}:{line}"


_PROCESSORS: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    describe_exception,
    drop_personal_data,
]


# What a library has put together itself is kept up to where a value may begin: asyncio's lines quote whole exceptions.
_WORDS = re.compile(r"[^\n'\"`<>\[\](){}=\d\x7f-\U0010ffff]*")


class _StandardLibraryHandler(logging.Handler):
    """Lines of libraries, through the same processors. Their arguments stay out: they may quote input."""

    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {
            "event": str(record.msg) if record.args else _words(record.getMessage()),
            "logger": record.name,
            "level": record.levelname.lower(),
            "place": _place(record.pathname, record.lineno),
        }
        if record.exc_info and record.exc_info[1] is not None:
            event.update(exception_facts(record.exc_info[1]))
        _write_line(event, record.created)


def _words(text: str) -> str:
    found = _WORDS.match(text)
    return "" if found is None else found[0].strip()


def _write_line(event: EventDict, seconds: float) -> None:
    """One line beside structlog's, by the same rules."""
    event["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    sys.stdout.buffer.write(orjson.dumps(drop_personal_data(None, "", event), default=str) + b"\n")
    sys.stdout.buffer.flush()


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """In the place of Python's own, whose text may quote a value, as Pydantic's does."""
    place = _place(filename, lineno)
    _write_line({"event": "warning", "level": "warning", "category": category.__name__, "place": place}, time.time())


def keep_messages_out_of_crashes() -> None:
    """Tell an error that nothing caught by its types and places too: Python's own traceback ends with its message.

    For the processes of a service; a command tells its operator everything.
    """
    shown = sys.excepthook

    def tell(error: BaseException | None, where: str) -> None:
        facts = {} if error is None else exception_facts(error)
        _write_line({"event": "process_fault", "level": "critical", "in": where, **facts}, time.time())

    def tell_of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            shown(kind, error, trace)
        else:
            tell(error, "process")

    sys.excepthook = tell_of_process
    threading.excepthook = lambda fault: tell(fault.exc_value, "thread")
    sys.unraisablehook = lambda fault: tell(fault.exc_value, "finaliser")


def configure_logging(level: int = logging.INFO) -> None:
    """JSON lines on standard output, for our own events and for those of libraries."""
    structlog.configure(
        processors=[*_PROCESSORS, structlog.processors.JSONRenderer(serializer=_dump)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_StandardLibraryHandler()], level=logging.WARNING, force=True)
    warnings.showwarning = _show_warning
    # Its retries are its own business; what it cannot mend reaches us as an exception.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _dump(event: MutableMapping[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


REQUEST_SECONDS = Histogram(
    "plodnee_http_request_seconds",
    "Time from the request's first byte to the answer's last",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUESTS_IN_FLIGHT = Gauge("plodnee_http_requests_in_flight", "Requests being answered", ["service"])
REQUESTS_FAILED = Counter("plodnee_http_uncaught_errors_total", "Requests that ended in an error of ours", ["service"])

REQUEST_ID_HEADER = b"x-request-id"
_REQUEST_ID = re.compile(rb"(?=.*[A-Za-z])[A-Za-z0-9._-]{8,64}")  # of digits alone it might be somebody's number
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY_HEADERS: Final = ((b"x-content-type-options", b"nosniff"),)
_NO_STORE: Final = (b"cache-control", b"no-store")


class TelemetryMiddleware:
    """Pure ASGI: the request's id, its measurements, and the last answer to an error that nothing else caught.

    Answers under the API's prefix are never stored by caches unless a route says otherwise.
    """

    def __init__(self, app: ASGIApp, service: str, prefix: str) -> None:
        self._app = app
        self._service = service
        self._prefix = prefix
        self._in_flight = REQUESTS_IN_FLIGHT.labels(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        no_store = scope["path"].startswith(self._prefix)
        status = 0
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (REQUEST_ID_HEADER, request_id.encode()), *_SECURITY_HEADERS]
                if no_store and b"cache-control" not in dict(headers):
                    headers.append(_NO_STORE)
                message = {**message, "headers": headers}
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id, correlation_id=request_id)
        self._in_flight.inc()
        try:
            with request_span(self._service, scope["headers"]) as span:
                try:
                    await self._app(scope, receive, send_with_headers)
                finally:
                    name_request(span, _method(scope), route_template(scope), status or 500)
        except Exception as error:
            REQUESTS_FAILED.labels(self._service).inc()
            facts = exception_facts(error)
            log.error("request_failed", service=self._service, route=route_template(scope), **facts)
            if status:
                # Part of an answer is out: only a broken connection can tell the caller that it is not whole.
                raise AnswerBroken from None
            await status_response(500)(scope, receive, send_with_headers)
        finally:
            self._in_flight.dec()
            _seconds_of(self._service, _method(scope), route_template(scope), status).observe(
                time.perf_counter() - started
            )
            structlog.contextvars.clear_contextvars()


@lru_cache(maxsize=4096)  # to find its own child, the metric turns every label into text, under a lock
def _seconds_of(service: str, method: str, route: str, status: int) -> Histogram:
    return REQUEST_SECONDS.labels(service, method, route, str(status))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


class AnswerBroken(RuntimeError):
    """An error after the answer had begun; already logged."""


def route_template(scope: Scope) -> str:
    """The route's template (``/debt/v1/loans/{loan_id}``), or a word: raw paths would make endless labels."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    template = getattr(context, "path_format", None) or getattr(scope.get("route"), "path_format", None)
    return template or "unknown"


def _request_id(scope: Scope) -> str:
    """The caller's ``X-Request-Id`` when it has a safe form, else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return str(uuid7())
