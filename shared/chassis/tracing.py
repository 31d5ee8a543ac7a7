"""Traces over OTLP: off unless asked for by OpenTelemetry's own variables, and free of cost while off.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``) switches them on; the group ``tracing`` must
be installed then. ``OTEL_TRACES_SAMPLER`` and the other variables of the SDK hold. A span is a request, or a batch of
events; the request's place travels with its events (``ce_traceparent``), and the batch names every place it came from.
A span names routes, services and types: never a path as it was sent, a query, or anything of a body.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanContext, Tracer

TRACEPARENT_HEADER: Final = "ce_traceparent"
_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_LINKS_MAX = 128  # the SDK's own bound: it would drop what is more without a word
_NOTHING: AbstractContextManager[None] = nullcontext()

_tracer: "Tracer | None" = None


class TracingNotInstalled(RuntimeError):
    """Traces are asked for, but the packages are not there; a service that traces nothing would go unnoticed."""


def start_tracing() -> None:
    """Begin to trace when the environment asks for it; a second call changes nothing.

    Call it after a fork, since what sends the spans is a thread.

    Raises:
        TracingNotInstalled: the group ``tracing`` is not installed.
    """
    asked = any(os.environ.get(name) for name in _SWITCHES)
    if not asked or _tracer is not None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingNotInstalled(f"install requirements/tracing.lock, or unset {' and '.join(_SWITCHES)}") from error
    resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "plodnee"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use_provider(provider)


def use_provider(provider: "TracerProvider | None") -> None:
    """Trace by this provider, or not at all when None."""
    global _tracer
    _tracer = None if provider is None else provider.get_tracer("plodnee")


def request_span(
    service: str, headers: Iterable[tuple[bytes, bytes]]
) -> "AbstractContextManager[Span] | AbstractContextManager[None]":
    """The span of a request, below the caller's when he sent a ``traceparent``."""
    return _NOTHING if _tracer is None else _request_span(_tracer, service, headers)


@contextmanager
def _request_span(tracer: "Tracer", service: str, headers: Iterable[tuple[bytes, bytes]]) -> "Iterator[Span]":
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    # Of his headers the one that is nothing but ids: `tracestate` is free text, and would be sent on as it came.
    carrier = {name.decode(): value.decode("latin-1") for name, value in headers if name == b"traceparent"}
    parent = TraceContextTextMapPropagator().extract(carrier)
    # An exception is logged by its types and places; its message may quote a row, so no span records it.
    with tracer.start_as_current_span(
        "request",
        context=parent,
        kind=SpanKind.SERVER,
        attributes={"plodnee.service": service},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        structlog.contextvars.bind_contextvars(trace_id=f"{span.get_span_context().trace_id:032x}")
        yield span


def name_request(span: "Span | None", method: str, route: str, status: int) -> None:
    """Say what the request was, once it is known."""
    if span is None:
        return
    from opentelemetry.trace import StatusCode

    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def traceparent() -> str | None:
    """Where the present work stands, in the form that travels; None when nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def batch_span(
    consumer: str, headers_of_events: Sequence[Sequence[tuple[str, bytes | None]]]
) -> "AbstractContextManager[Span] | AbstractContextManager[None]":
    """The span of a batch of events, with a link to each place they came from.

    When all come from one trace, the batch is part of it, and so is what its handlers say; else it is its own.
    """
    return _NOTHING if _tracer is None else _batch_span(_tracer, consumer, headers_of_events)


@contextmanager
def _batch_span(
    tracer: "Tracer", consumer: str, headers_of_events: Sequence[Sequence[tuple[str, bytes | None]]]
) -> "Iterator[Span]":
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, NonRecordingSpan, SpanKind, StatusCode, set_span_in_context

    places = _places(dict(headers) for headers in headers_of_events)
    parent = Context()
    if places and len({place.trace_id for place in places}) == 1:
        parent = set_span_in_context(NonRecordingSpan(places[0]), parent)
    with tracer.start_as_current_span(
        f"{consumer} consume",
        context=parent,
        kind=SpanKind.CONSUMER,
        links=[Link(place) for place in places[:_LINKS_MAX]],
        attributes={
            "plodnee.service": consumer,
            "messaging.system": "kafka",
            "messaging.batch.message_count": len(headers_of_events),
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception:
            span.set_status(StatusCode.ERROR)  # without a description: the SDK's own would be the error's message
            raise


def _places(events: Iterable[Mapping[str, Any]]) -> "list[SpanContext]":
    """Each place once, in the order of the events."""
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    found: dict[str, SpanContext] = {}
    for headers in events:
        raw = headers.get(TRACEPARENT_HEADER)
        sent = raw.decode("latin-1") if isinstance(raw, bytes) else ""
        if sent and sent not in found:
            place = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": sent})).get_span_context()
            if place.is_valid:
                found[sent] = place
    return list(found.values())
