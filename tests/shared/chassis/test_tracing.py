"""Goal: asked for, a request is followed into the service that hears of it, by one trace; not asked for, it is free."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from services.debt.inbox import INBOX
from shared.chassis import tracing
from shared.chassis.consumer import Consumer
from shared.chassis.kafka import create_topics
from shared.chassis.relay import Relay
from shared.chassis.settings import Settings
from shared.contracts.catalogue import CATALOGUE
from tests.collector import collecting
from tests.conftest import ClientOf, DatabaseOf
from tests.services.livelihood.conftest import MEMBER, cooperative, hear_all, household, member, plan
from tests.shared.chassis.events.conftest import running, until

CALLER_TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER_SPAN = "b7ad6b7169203331"
DELIVERY = {
    "member_id": str(MEMBER),
    "delivery_number": "D-1",
    "delivered_on": "2022-11-20",
    "crop": "rice_wet",
    "kilograms": "1000.000",
    "price_per_kilogram": "10.00",
    "savings_share": "0.05",
}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Every span that ends, while this test traces."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use_provider(provider)
    yield exporter
    tracing.use_provider(None)


@pytest_asyncio.fixture
async def livelihood(client_of: ClientOf, database_of: DatabaseOf) -> Any:
    """A client of livelihood, where a member has an agreement."""
    client = await client_of("livelihood", scopes="produce:write livelihood:read", areas=["52"])
    await hear_all(await database_of("livelihood"), [cooperative(), member(), household(), plan()])
    return client


def hexadecimal(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


async def test_a_request_and_what_another_service_makes_of_it_are_one_trace(
    livelihood: Any, database_of: DatabaseOf, kafka_settings: Settings, spans: InMemorySpanExporter
) -> None:
    await create_topics(kafka_settings, CATALOGUE.topics)
    answer = await livelihood.post(
        "/livelihood/v1/produce-deliveries",
        json=DELIVERY,
        headers={"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"},
    )
    assert answer.status_code == 201, answer.text

    async def heard() -> bool:
        return any(span.name == "debt consume" for span in spans.get_finished_spans())

    relay = Relay(kafka_settings, await database_of("livelihood"))
    async with running(relay, Consumer(kafka_settings, await database_of("debt"), INBOX)):
        await until(heard)
    found = {span.name: span for span in spans.get_finished_spans()}
    request = found["POST /livelihood/v1/produce-deliveries"]
    consumed = found["debt consume"]
    trace, place = hexadecimal(request)
    assert trace == CALLER_TRACE
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == CALLER_SPAN
    assert hexadecimal(consumed)[0] == CALLER_TRACE
    assert [(f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in consumed.links] == [
        (trace, place)
    ]
    assert (request.attributes or {})["http.response.status_code"] == 201
    said = " ".join(str(span.to_json()) for span in found.values())
    assert str(MEMBER) not in said


async def test_a_batch_of_several_traces_is_its_own_and_names_them(spans: InMemorySpanExporter) -> None:
    sent = [[("ce_traceparent", f"00-{number:032x}-{number:016x}-01".encode())] for number in (1, 2, 2)]
    with tracing.batch_span("debt", [*sent, [], [("ce_traceparent", b"nonsense")]]):
        pass
    (span,) = spans.get_finished_spans()
    assert span.parent is None
    assert [link.context.trace_id for link in span.links] == [1, 2]


def fail(span_of: Any) -> None:
    with span_of() as span:
        tracing.name_request(span, "GET", "/debt/v1/loans", 500)
        raise ValueError("Failing row contains (somebody)")


@pytest.mark.parametrize("span_of", [lambda: tracing.request_span("debt", []), lambda: tracing.batch_span("debt", [])])
async def test_an_error_is_told_without_its_message(spans: InMemorySpanExporter, span_of: Any) -> None:
    with pytest.raises(ValueError, match="somebody"):
        fail(span_of)
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert "somebody" not in span.to_json()


async def test_of_the_callers_place_only_the_ids_are_taken(spans: InMemorySpanExporter) -> None:
    sent = [(b"traceparent", f"00-{CALLER_TRACE}-{CALLER_SPAN}-01".encode()), (b"tracestate", b"member=somebody")]
    with tracing.request_span("debt", sent):
        assert tracing.traceparent() is not None
    (span,) = spans.get_finished_spans()
    assert hexadecimal(span)[0] == CALLER_TRACE
    assert "somebody" not in span.to_json()


async def test_an_event_says_nothing_of_a_trace_when_nothing_is_traced(
    livelihood: Any, database_of: DatabaseOf
) -> None:
    headers = {"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"}
    assert (await livelihood.post("/livelihood/v1/produce-deliveries", json=DELIVERY, headers=headers)).is_success
    database = await database_of("livelihood")
    async with database.unscoped() as session:
        rows = await session.fetch("select headers from outbox")
    assert rows
    assert not [row for row in rows if "trace" in str(row["headers"])]


def in_a_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with none of OpenTelemetry's variables but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**clean, **environment}, capture_output=True, text=True, timeout=120
    )


def test_off_nothing_is_loaded_and_nothing_is_made() -> None:
    done = in_a_process(
        "import sys\n"
        "from shared.chassis import tracing\n"
        "import shared.chassis.http.app, shared.chassis.worker\n"
        "tracing.start_tracing()\n"
        "assert tracing.request_span('debt', []) is tracing.batch_span('debt', [])\n"
        "assert tracing.traceparent() is None\n"
        "assert 'opentelemetry.sdk' not in sys.modules\n"
        "assert 'opentelemetry.exporter.otlp' not in sys.modules\n"
    )
    assert done.returncode == 0, done.stderr


def test_asked_for_but_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(tracing.TracingNotInstalled, match=r"requirements/tracing\.lock"):
        tracing.start_tracing()


def test_spans_reach_a_collector_by_the_standard_variable() -> None:
    with collecting() as collector:
        done = in_a_process(
            "from shared.chassis import tracing\n"
            "tracing.start_tracing()\n"
            "with tracing.request_span('debt', []) as span:\n"
            "    tracing.name_request(span, 'GET', '/debt/v1/loans', 503)\n",
            **collector.environment,
        )
    assert done.returncode == 0, done.stderr
    assert collector.paths == {"/v1/traces"}
    (sent,) = collector.requests
    (resource,) = sent.resource_spans
    names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert names["service.name"] == "plodnee"
    assert [span.name for span in collector.spans] == ["GET /debt/v1/loans"]
