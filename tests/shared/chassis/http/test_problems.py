"""Goal: every refusal is a problem document in both languages, says nothing it should not, and is stable."""

import asyncio
from uuid import uuid4

import asyncpg
import httpx2
import orjson
import pytest
import structlog
from fastapi import FastAPI
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.chassis.http.app import create_app
from shared.chassis.http.field_problems import field_problems
from shared.chassis.http.problems import MEDIA_TYPE
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.kernel.errors import BilingualValueError
from tests.shared.chassis.http.conftest import FAR, ClientOf, key, note
from tests.shared.chassis.http.example import NAME, SERVICE, Gate, gates


def problem(answer: httpx2.Response) -> dict[str, object]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    document: dict[str, object] = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    assert document["title_th"]
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


async def test_domain_error_keeps_its_type_and_both_languages(client: httpx2.AsyncClient) -> None:
    document = problem(await client.post("/notes", json=note("closed"), headers=key()))
    assert document["type"] == "urn:plodnee:problem:note-closed"
    assert document["title_th"] == "บันทึกปิดแล้ว"
    assert (document["detail"], document["detail_th"]) == ("Closed in September", "ปิดเมื่อเดือนกันยายน")


async def test_validation_lists_fields_without_what_was_sent(client: httpx2.AsyncClient) -> None:
    secret = "1-2345-67890-12-1 สมชาย"
    answer = await client.post(
        "/notes", json={"cooperative_id": secret, "title": secret * 4, "pages": secret}, headers=key()
    )
    document = problem(answer)
    assert document["type"] == "urn:plodnee:problem:invalid"
    fields = document["fields"]
    assert isinstance(fields, list)
    assert {(field["field"], field["code"]) for field in fields} == {
        ("cooperative_id", "uuid_parsing"),
        ("title", "string_too_long"),
        ("pages", "int_parsing"),
    }
    assert all(field["message_en"] and field["message_th"] for field in fields)
    assert "สมชาย" not in answer.text
    assert "67890" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b'"x"', b"\xff\xfe", b"[" * 5000])
async def test_broken_bodies_are_422(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post("/notes", content=body, headers={"content-type": "application/json", **key()})
    assert answer.status_code == 422, answer.text
    assert problem(answer)["fields"]


async def test_json_that_breaks_off_is_told_of_the_body(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/notes", content=b'{"a": ', headers={"content-type": "application/json", **key()})
    fields = problem(answer)["fields"]
    assert isinstance(fields, list)
    assert [(field["field"], field["code"]) for field in fields] == [("body", "json_invalid")]


def test_words_of_a_rule_are_passed_on_only_without_the_input() -> None:
    def found(message: str, sent: str) -> str:
        error = BilingualValueError(message, message)
        (field,) = field_problems(
            [{"type": "value_error", "loc": ("body", "day"), "ctx": {"error": error}, "input": sent}]
        )
        return field.message_en

    assert (
        found("'31/13/65' is not a date; write 2022-09-30", "31/13/65") == "the value is not a date; write 2022-09-30"
    )
    assert "9876" not in found("the year 9876 is not known", "9876-01-01")


@pytest.mark.parametrize("sent", [0, 1, 12, 1234, 50, "8.50", "1234.567", "9999-12-31", "100000000000000.00"])
def test_figures_of_a_rule_are_not_taken_for_the_input(sent: object) -> None:
    message = "money is no more than 10,000,000,000,000.00; write 1234.50 or 0.0850"
    error = BilingualValueError(message, message)
    (field,) = field_problems(
        [{"type": "value_error", "loc": ("body", "amount"), "ctx": {"error": error}, "input": sent}]
    )
    assert field.message_en == field.message_th == message


@pytest.mark.parametrize("sent", [9876, 98.5, "9876", "9876.00"])
def test_a_figure_that_was_sent_is_not_passed_on(sent: object) -> None:
    message = f"ปี{sent}ไม่ถูกต้อง; {sent}, that is {sent}."
    error = BilingualValueError(message, message)
    (field,) = field_problems(
        [{"type": "value_error", "loc": ("body", "amount"), "ctx": {"error": error}, "input": sent}]
    )
    assert str(sent) not in field.message_en + field.message_th


def test_choices_are_joined_in_the_readers_language() -> None:
    (field,) = field_problems([{"type": "literal_error", "loc": ("body", "x"), "ctx": {"expected": "'a', 'b' or 'c'"}}])
    assert field.message_en == "One of: 'a', 'b' or 'c'"
    assert field.message_th == "ต้องเป็นค่าใดค่าหนึ่งของ 'a', 'b' หรือ 'c'"


def test_keys_that_the_caller_invented_are_not_repeated() -> None:
    (field,) = field_problems([{"type": "missing", "loc": ("body", "people", "1234567890121", "name")}])
    assert field.field == "people.*.name"


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/nowhere", 404, "unknown-route"), ("DELETE", "/notes", 405, "method-not-allowed")],
)
async def test_framework_refusals_are_problems_too(
    client: httpx2.AsyncClient, method: str, path: str, status: int, slug: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert problem(answer)["type"] == f"urn:plodnee:problem:{slug}"


async def test_other_http_errors_are_problems_too(client: httpx2.AsyncClient) -> None:
    assert problem(await client.post("/failures/teapot", headers=key()))["type"] == "urn:plodnee:problem:http-418"


async def test_the_frameworks_own_telemetry_tells_nothing(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where OpenTelemetry is set up for the whole process, it would hear paths, queries and the messages of errors."""
    spans, records = InMemorySpanExporter(), InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    tracers, loggers = TracerProvider(), LoggerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(records))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: tracers)
    monkeypatch.setattr("opentelemetry._logs.get_logger_provider", lambda: loggers)

    assert (await client.post("/failures/secret", headers=key())).status_code == 500

    assert spans.get_finished_spans() == ()
    assert records.get_finished_logs() == ()


async def test_uncaught_error_is_500_without_details_and_logged_without_personal_data(
    client: httpx2.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await client.post("/failures/secret", headers=key())
    assert problem(answer)["type"] == "urn:plodnee:problem:internal"
    assert "1234567890121" not in answer.text
    logged = capfd.readouterr()
    text = logged.out + logged.err
    assert "request_failed" in text
    assert "RuntimeError" in text
    assert "1234567890121" not in text
    assert "สมชาย" not in text


@pytest.mark.parametrize("kind", ["slow", "lock", "serialization"])
async def test_busy_database_is_503_with_retry_after(client: httpx2.AsyncClient, kind: str) -> None:
    answer = await client.post(f"/failures/{kind}", headers=key())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert problem(answer)["type"] == "urn:plodnee:problem:unavailable"


async def test_exhausted_pool_is_503(
    owner: asyncpg.Connection, example_settings: Settings, token_issuer: TokenIssuer
) -> None:
    small = example_settings.model_copy(update={"database_pool_size": 1, "database_pool_wait_seconds": 0.2})
    app = create_app(SERVICE, settings=small)
    gates["slow"] = Gate()
    headers = {"authorization": f"Bearer {token_issuer.token(scopes='note:read', areas=['52'])}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=f"http://127.0.0.1/{NAME}/v1", headers=headers
        ) as client,
    ):
        holding = asyncio.create_task(client.get("/slow-answer"))
        await gates["slow"].entered.wait()
        answer = await client.get("/notes")
        gates["slow"].may_leave.set()
        assert (await holding).status_code == 200
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_conflict_outside_reach_looks_like_any_other_refusal(
    client_of: ClientOf, owner: asyncpg.Connection
) -> None:
    """A title that is taken where the caller cannot see, one taken in sight, a foreign area and no such parent."""
    await client_of(areas=["10"]).post("/notes", json=note("far away", FAR), headers=key())
    near = client_of(areas=["52"])
    await near.post("/notes", json=note("in sight"), headers=key())
    with structlog.testing.capture_logs() as logged:
        answers = [
            await near.post("/notes", json=note("far away"), headers=key()),
            await near.post("/notes", json=note("in sight"), headers=key()),
            await near.post("/notes", json=note("new", FAR), headers=key()),
            await near.post("/notes", json=note("newer", uuid4()), headers=key()),
        ]
    assert [line["event"] for line in logged] == ["database_refused"] * 4
    assert all(line["error_type"].isidentifier() for line in logged), "a message may quote a row"
    shown = {
        orjson.dumps({name: value for name, value in problem(answer).items() if name != "request_id"})
        for answer in answers
    }
    assert len(shown) == 1
    assert answers[0].status_code == 409


@pytest.mark.parametrize("title", ["nul \x00 here", "x"])
async def test_values_that_cannot_be_stored_are_422(client: httpx2.AsyncClient, title: str) -> None:
    answer = await client.post("/notes", json=note(title, pages=99_999), headers=key())
    assert answer.status_code == 422
    problem(answer)


async def test_head_and_options_on_an_included_route(client: httpx2.AsyncClient) -> None:
    """A change of FastAPI's route tree once broke telemetry on exactly these."""
    for method in ("HEAD", "OPTIONS"):
        assert (await client.request(method, "/notes")).status_code == 405


async def test_openapi_documents_problems_and_the_idempotency_key(app: FastAPI) -> None:
    document = app.openapi()
    assert {"ProblemDocument", "FieldDocument"} <= document["components"]["schemas"].keys()
    post = document["paths"][f"/{NAME}/v1/notes"]["post"]
    assert "urn:plodnee:problem:note-closed" in post["responses"]["409"]["description"]
    assert post["responses"]["422"]["content"].keys() == {MEDIA_TYPE}
    assert [parameter["name"] for parameter in post["parameters"]] == ["Idempotency-Key"]
    search = document["paths"][f"/{NAME}/v1/note-searches"]["post"]
    assert "parameters" not in search


async def test_api_pages_need_no_internet(app: FastAPI) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        page = await client.get(f"/{NAME}/docs")
        assert page.status_code == 200
        assert "https://" not in page.text.replace("http://127.0.0.1", "")
        for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
            assert (await client.get(f"/{NAME}/docs-static/{asset}")).status_code == 200


async def test_no_answer_of_the_api_is_stored_by_caches(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/notes")).headers["cache-control"] == "no-store"
