"""Goal: logs are JSON lines that tell what happened and never hold personal data, whoever writes them."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import orjson
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.telemetry import (
    PERSONAL_KEYS,
    TelemetryMiddleware,
    configure_logging,
    drop_personal_data,
    exception_facts,
)

NATIONAL_ID = "1234567890121"
OURS = ("01a21841-6393-7521-81f6-a8a6a8bd9230", "8513b442-7123-5234-9012-345678901234")


@pytest.fixture
def configured() -> Iterator[None]:
    """The logging of a real process, taken back afterwards."""
    handlers, level = logging.root.handlers[:], logging.root.level
    configure_logging()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:], logging.root.level = handlers, level


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_event_is_one_json_line_with_the_requests_id(configured: None, capfd: pytest.CaptureFixture[str]) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1", client_id="coop-core")
    structlog.get_logger().info("feed_received", rows=3)
    (line,) = lines(capfd)
    assert line["event"] == "feed_received"
    assert (line["rows"], line["level"], line["request_id"], line["client_id"]) == (3, "info", "r-1", "coop-core")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", sorted(PERSONAL_KEYS))
def test_personal_keys_are_left_out(key: str) -> None:
    found = drop_personal_data(None, "", {key: "สมชาย", "person": {key.upper(): ["สมชาย"]}, "kept": 1})
    assert found == {"person": {}, "kept": 1}


@pytest.mark.parametrize(
    "written",
    [
        NATIONAL_ID,
        "1-2345-67890-12-1",
        "1 2345 67890 12 1",
        "๑๒๓๔๕๖๗๘๙๐๑๒๑",
        f"the id {NATIONAL_ID}, of a member",
        int(NATIONAL_ID),
        [f"x{NATIONAL_ID}"],
        {"deep": {"deeper": [{"deepest": NATIONAL_ID}]}},
        {"deep": {NATIONAL_ID: 1}},
        Decimal(NATIONAL_ID),
        f"{OURS[0]} is of {NATIONAL_ID}",
    ],
)
def test_whatever_could_be_a_national_id_is_masked(written: object) -> None:
    shown = orjson.dumps(drop_personal_data(None, "", {"message": written})).decode()
    assert "[13 digits]" in shown
    for form in (NATIONAL_ID, "67890", "๖๗๘๙"):
        assert form not in shown


@given(
    st.recursive(st.text() | st.integers() | st.none(), lambda part: st.lists(part) | st.dictionaries(st.text(), part))
)
def test_no_form_of_event_lets_a_national_id_through(extra: Any) -> None:
    event = {"event": f"e {NATIONAL_ID}", "extra": [extra, {"id": int(NATIONAL_ID), "text": f"a{NATIONAL_ID}b"}]}
    assert NATIONAL_ID not in str(drop_personal_data(None, "", event))


def test_ids_of_ours_stay_whole() -> None:
    for ours in OURS:
        assert drop_personal_data(None, "", {"correlation_id": ours}) == {"correlation_id": ours}


def test_other_numbers_stay_readable() -> None:
    event = {"satang": 123_456, "offset": 12_345_678_901_234, "rate": 0.085, "day": "2022-09-30"}
    assert drop_personal_data(None, "", event) == event


def test_exception_is_logged_without_its_message(configured: None, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise KeyError("สมชาย")
        except KeyError as error:
            raise ValueError(f"national id {NATIONAL_ID}") from error
    except ValueError:
        structlog.get_logger().exception("import_failed")
        logging.getLogger("library").exception("it broke for %s", "สมชาย")
    text = capfd.readouterr().out
    assert "สมชาย" not in text
    assert NATIONAL_ID not in text
    own, library = (orjson.loads(line) for line in text.splitlines())
    assert own["error_types"] == library["error_types"] == ["ValueError", "KeyError"]
    assert "test_telemetry.py" in own["frames"][-1]
    assert library["event"] == "it broke for %s"


def test_lines_that_a_library_has_put_together_are_cut_where_a_value_may_begin(
    configured: None, capfd: pytest.CaptureFixture[str]
) -> None:
    library = logging.getLogger("asyncio")
    library.error("Task exception was never retrieved\nfuture: <Task exception=ValueError('Somchai')>")
    library.error(f"Exception in callback store('Somchai', {NATIONAL_ID})")
    library.error("a member is called สมชาย")
    library.error("Server process 7 has started")
    assert [line["event"] for line in lines(capfd)] == [
        "Task exception was never retrieved",
        "Exception in callback store",
        "a member is called",
        "Server process",
    ]


_UNCAUGHT = """
import sys, threading, warnings
from shared.chassis.telemetry import configure_logging, keep_messages_out_of_crashes

configure_logging()
keep_messages_out_of_crashes()

class Dropped:
    def __del__(self):
        raise ValueError("of a finaliser: Somchai")

def fail():
    raise ValueError("of a thread: Somchai")

warnings.warn("Expected a number, got 'Somchai'", UserWarning)
Dropped()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise KeyError("of the process: Somchai")
"""


def test_what_nothing_caught_is_told_without_its_message() -> None:
    """Python's own words for a warning, and for an error in a process, a thread or a finaliser, quote values."""
    done = subprocess.run([sys.executable, "-c", _UNCAUGHT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "Somchai" not in done.stdout
    warning, *faults = (orjson.loads(line) for line in done.stdout.splitlines())
    assert (warning["event"], warning["category"]) == ("warning", "UserWarning")
    assert [(fault["event"], fault["in"], fault["error_types"]) for fault in faults] == [
        ("process_fault", "finaliser", ["ValueError"]),
        ("process_fault", "thread", ["ValueError"]),
        ("process_fault", "process", ["KeyError"]),
    ]


async def test_a_request_id_without_a_letter_is_nobodys_number(client: httpx2.AsyncClient) -> None:
    for number in (NATIONAL_ID, "0812345678", "1-2345-67890-12-1"):
        answer = await client.get("/x/v1/things/1", headers={"x-request-id": number})
        assert len(answer.headers["x-request-id"]) == 36


def test_database_error_is_logged_with_its_state_but_without_its_row() -> None:
    class UniqueViolation(Exception):
        sqlstate = "23505"
        constraint_name = "uq_member_number"
        detail = f"Key (national_id)=({NATIONAL_ID}) already exists."

    facts = exception_facts(UniqueViolation(UniqueViolation.detail))
    assert (facts["sqlstate"], facts["constraint_name"]) == ("23505", "uq_member_number")
    assert NATIONAL_ID not in str(facts)


@pytest.fixture
def client() -> httpx2.AsyncClient:
    app = FastAPI()
    router = APIRouter()

    @router.get("/things/{thing_id}")
    async def thing(thing_id: str) -> dict[str, str | None]:
        return {"bound": structlog.contextvars.get_contextvars().get("request_id")}

    app.include_router(router, prefix="/x/v1")
    app.add_middleware(TelemetryMiddleware, service="x", prefix="/x/v1")
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1")


async def test_request_id_is_the_callers_when_it_is_harmless(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/x/v1/things/1", headers={"x-request-id": "partner-42-abc"})
    assert answer.headers["x-request-id"] == answer.json()["bound"] == "partner-42-abc"
    for bad in ("short", "x" * 65, 'a"b<c>dddd', "สมชาย-12345".encode()):
        other = await client.get(
            "/x/v1/things/1", headers=[(b"x-request-id", bad if isinstance(bad, bytes) else bad.encode())]
        )
        assert len(other.headers["x-request-id"]) == 36


async def test_measurements_name_the_template_never_the_path(client: httpx2.AsyncClient) -> None:
    from prometheus_client import generate_latest

    await client.get(f"/x/v1/things/{NATIONAL_ID}")
    await client.get(f"/nowhere/{NATIONAL_ID}")
    await client.request("BREW", "/x/v1/things/1")
    text = generate_latest().decode()
    assert 'route="/x/v1/things/{thing_id}",service="x",status="200"' in text
    assert 'method="other"' in text
    assert NATIONAL_ID not in text


async def test_request_leaves_nothing_bound_behind(client: httpx2.AsyncClient) -> None:
    await client.get("/x/v1/things/1")
    assert "request_id" not in structlog.contextvars.get_contextvars()
