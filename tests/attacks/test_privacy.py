"""Goal: what names a person stays in the registry's own tables, sealed where it must be, and nowhere else.

Method: a year is played with names, national ids, phones and numbers that occur nowhere else, every route and page is
asked, and then everything that was written is searched: events, all tables of all services, stored answers, jobs,
reject files, logs, metrics and traces as a collector gets them. What the processes themselves write, with their
servers, is searched in test_running_processes.py.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import generate_latest

from shared.chassis import tracing
from shared.chassis.settings import SERVICES
from shared.chassis.telemetry import _PROCESSORS
from tests.attacks.belongings import cooperative_of
from tests.attacks.country import CLOSED_ON, HERE, THERE, Country, Place, csv_of, feed_kinds
from tests.attacks.playing import play_place
from tests.attacks.routes import Route, all_pages, all_routes
from tests.attacks.test_every_route import target_of, with_value
from tests.attacks.test_reach import body_with, named_ids, own_ids
from tests.collector import Collector, collecting
from tests.services.registry.people import member_body

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOMEBODY, SOMEBODY_ELSE = Place(3, "5301"), Place(4, "5301")
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SAFE_OF_A_SPAN = {
    "plodnee.service", "http.request.method", "http.route", "http.response.status_code", "messaging.system",
    "messaging.batch.message_count",
}  # fmt: skip

MAY_HOLD = {
    "name": {("registry", "member.full_name"), ("registry", "member.name_sort_key")},
    "household": {("registry", "household.household_number")},
    "national_id": set(),
    "phone": set(),
}
"""By what is looked for, where it may stand in clear: the name and household number for search, the rest nowhere."""

_COLUMNS = """
    select table_schema || '.' || table_name as table, table_name as short, column_name as column
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE' order by 1, 2
"""


def needles(place: Place) -> dict[str, list[str]]:
    """What names the people of a place, by kind."""
    members = (1, 2)
    ids = [place.national_id(member) for member in members]
    return {
        "name": [f"{place.mark} ตัวอย่าง{member}" for member in members],
        "household": [place.household_number(member) for member in members],
        "national_id": [*ids, *(f"{one[0]}-{one[1:5]}-{one[5:10]}-{one[10:12]}-{one[12]}" for one in ids)],
        "phone": [place.phone(member) for member in members],
    }


def found_in(text: str, place: Place) -> set[str]:
    """The kinds of what names somebody that stand in a text."""
    return {kind for kind, words in needles(place).items() if any(word in text for word in words)}


@pytest.fixture(scope="module")
def logged() -> Iterator[list[str]]:
    """Every log line of the module, as the processors of production leave it."""
    lines: list[str] = []

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        lines.append(orjson.dumps(event, default=str).decode())
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[*_PROCESSORS, keep], cache_logger_on_first_use=False)
    yield lines
    structlog.configure(**before)


@pytest.fixture(scope="module")
def traced() -> Iterator[Callable[[], Collector]]:
    """Every request of the module is traced; called, it gives what a collector has got of that."""
    with collecting() as collector:
        exporter = OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces")
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=100_000))
        tracing.use_provider(provider)

        def sent() -> Collector:
            assert provider.force_flush()
            return collector

        yield sent
        tracing.use_provider(None)
        provider.shutdown()


async def test_nobody_is_named_outside_the_registrys_own_tables(
    country: Country, logged: list[str], traced: Callable[[], Collector]
) -> None:
    country.published.clear()
    await play_place(country, SOMEBODY)
    await refuse_much(country)
    answered = await ask_everything(country)
    assert answered > 40
    assert len(country.published) > 20
    for topic, headers, value in country.published:
        assert not found_in(f"{headers} {value.decode()}", SOMEBODY), topic
        assert SOMEBODY.mark not in value.decode() or topic.endswith(("cooperative", "programme")), topic
    assert not [line for line in logged if found_in(line, SOMEBODY)]
    assert any("feed_delivery_processed" in line for line in logged)
    assert not found_in(generate_latest().decode(), SOMEBODY)
    _expect_nobody(traced(), SOMEBODY)
    places = await _where(country)
    allowed = {(kind, *place) for kind, where in MAY_HOLD.items() for place in where}
    assert places - allowed == set()
    assert ("name", "registry", "member.full_name") in places  # the search does find what is there


def _expect_nobody(collector: Collector, place: Place) -> None:
    """Spans hold routes and counts alone, and no byte that was sent names anybody."""
    spans = collector.spans
    assert len(spans) > 100
    templates = {f"{route.method} {route.path}" for route in (*all_routes(), *all_pages())}
    names = {span.name.replace(":path}", "}") for span in spans}
    assert names - templates <= {f"{method} unknown" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    assert {attribute.key for span in spans for attribute in span.attributes} <= SAFE_OF_A_SPAN
    assert not [span for span in spans if span.events or span.status.message or span.trace_state]
    for body in collector.bodies:
        assert not found_in(body.decode(errors="replace"), place)


async def refuse_much(country: Country) -> None:
    """Files and requests that are refused, each with people in it."""
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    for service, kind in feed_kinds():
        bad = [SOMEBODY.rows(kind.name, member) | {kind.key[-1]: ""} for member in (1, 2)]
        found = await country.send(chief, service, kind.name, csv_of(bad), as_of=CLOSED_ON)
        assert found["rejected"] == 2, (kind.name, found)
    row = SOMEBODY.rows("members")
    broken = {"national_id": row["national_id"], "full_name": row["full_name"], "phone": row["phone"], "sex": "?"}
    assert (await chief.post("/registry/v1/members", json=broken)).status_code == 422
    body = {"national_id": row["national_id"], "purpose": "case-assessment"}
    assert len((await chief.post("/registry/v1/member-searches", json=body)).json()["items"]) == 1


async def ask_everything(country: Country) -> int:
    """Every route and page that reads, with what is told searched for national ids; returns how many answered."""
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    members = (await chief.get("/registry/v1/members", params={"name_prefix": SOMEBODY.mark})).json()["items"]
    assert len(members) == 2
    answered = 0
    for route in [route for route in (*all_routes(), *all_pages()) if not route.changes_state]:
        known = {
            "member_id": members[0]["id"], "cooperative_id": members[0]["cooperative_id"], "kpi_id": "K01",
            "code": SOMEBODY.province, "year": "2566", "path": members[0]["cooperative_id"], "chart": "trend",
        }  # fmt: skip
        path = re.sub(r"{(\w+)}", lambda name, known=known: known.get(name[1], name[0]), route.path)  # type: ignore[misc]
        query = {
            "cooperative_id": members[0]["cooperative_id"], "fiscal_year_be": "2566", "area": SOMEBODY.province,
            "as_of": CLOSED_ON,
        }  # fmt: skip
        asked = {one.name for one in route.parameters("query")}
        answer = await chief.get(
            path,
            params={name: value for name, value in query.items() if name in asked},
            headers={"traceparent": TRACEPARENT, "tracestate": f"member={SOMEBODY.national_id(1)}"},
        )
        kinds = set(needles(SOMEBODY)) if path.startswith("/dashboard") else {"national_id"}
        assert not kinds & found_in(answer.text + str(answer.headers), SOMEBODY), path
        answered += answer.status_code == 200
    return answered


# --- refusals --------------------------------------------------------------------------------------------------------

PLANTED = {kind: words[0] for kind, words in needles(SOMEBODY_ELSE).items()}
"""What stands for somebody, by kind; a refusal that repeats it would tell it to whatever stores or shows refusals."""


async def test_no_refusal_repeats_what_names_somebody(
    country: Country, logged: list[str], traced: Callable[[], Collector]
) -> None:
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    faults, refused = [], 0
    for route in (*all_routes(), *all_pages()):
        for kind, word in PLANTED.items():
            async for answer in _planted(country, chief, route, word):
                statuses = [answer.status_code, *_statuses_within(answer)]
                refused += max(statuses) >= 400
                if max(statuses) >= 500 or (max(statuses) >= 400 and word in answer.text + str(answer.headers)):
                    faults.append(f"{route}: {kind}: {answer.status_code} {answer.text[:200]}")
    assert not faults, "\n".join([f"{len(faults)} of {refused}", *faults[:20]])
    assert refused > 1000
    assert not [line for line in logged if found_in(line, SOMEBODY_ELSE)]
    _expect_nobody(traced(), SOMEBODY_ELSE)


def _statuses_within(answer: httpx2.Response) -> list[int]:
    """Of a bulk, the status of each item."""
    return [one["status"] for one in answer.json()["results"]] if answer.status_code == 207 else []


async def _planted(
    country: Country, chief: httpx2.AsyncClient, route: Route, word: str
) -> AsyncIterator[httpx2.Response]:
    """The route's answers to the word in every place of a request that cannot be done."""
    elsewhere = country.caller(areas=["90"], subject="chief-90")
    for one in route.parameters("path") + route.parameters("query"):
        target = target_of(route, **{one.name: quote(word, safe="")})
        yield await chief.request(route.method, target, json={})
    for name in ("If-Match", "X-Request-Id", "Idempotency-Key", "Content-Type", "Accept-Language", "tracestate"):
        headers = {name.lower().encode(): word.encode(), b"traceparent": TRACEPARENT.encode()}
        yield await elsewhere.request(route.method, target_of(route), content=b"[]", headers=headers)
    if route.body_schema is None:
        return
    ids = named_ids(route)
    whole = body_with(route, await own_ids(country, route, ids))
    target = target_of(route)
    for one in route.fields():
        content = with_value(whole, one.path, orjson.dumps(word))
        if ids:  # of a place that is out of reach
            yield await chief.request(route.method, target, content=content, headers=_JSON)
        # Nobody asked for this field, so that what is right beside it is refused too.
        yield await chief.request(route.method, target, content=_with_more(content, word), headers=_JSON)


_JSON = {"content-type": "application/json", "if-match": "*"}


def _with_more(content: bytes, word: str) -> bytes:
    body = orjson.loads(content)
    return orjson.dumps({**body, word: word} if isinstance(body, dict) else [*body, {word: word}])


async def test_a_person_who_is_there_already_is_not_named_by_the_refusal(country: Country) -> None:
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    cooperative_id = await cooperative_of(country, SOMEBODY)
    row = SOMEBODY.rows("members")
    for number, national_id in (
        (row["member_number"], SOMEBODY.national_id(2)),
        (row["member_number"], SOMEBODY.national_id(1)),
    ):
        who = {"national_id": national_id, "full_name": row["full_name"], "phone": row["phone"]}
        body = member_body(cooperative_id, number, 1, **who)
        answer = await chief.post("/registry/v1/members", json=body)
        assert answer.status_code in (409, 422), answer.text
        assert SOMEBODY.mark not in answer.text
        assert not found_in(answer.text + str(answer.headers), SOMEBODY)


# --- tables ----------------------------------------------------------------------------------------------------------


def _clear(text: str) -> str:
    """A column's text; of bytes, what they spell."""
    return bytes.fromhex(text[2:]).decode(errors="replace") if re.fullmatch(r"\\x([0-9a-f]{2})+", text) else text


async def _where(country: Country) -> set[tuple[str, str, str]]:
    """Kind, service and column of everything that holds what names somebody, bytes as their text too."""
    places = set()
    for service in SERVICES:
        async with country.databases[service].unscoped() as session:
            for column in await session.fetch(_COLUMNS):
                quoted = f'"{column["column"]}"'
                rows = await session.fetch(
                    f"select coalesce(cast({quoted} as text), '') as text from {column['table']}"
                )
                text = "\n".join([_clear(row["text"]) for row in rows])
                for kind in found_in(text, SOMEBODY):
                    places.add((kind, service, f"{column['short']}.{column['column']}"))
    return places


async def test_what_is_sealed_is_sealed_and_what_is_searched_is_keyed(country: Country) -> None:
    """AES-GCM gives other bytes for equal texts, a keyed index equal ones; neither can be made without the keys."""
    async with country.databases["registry"].unscoped() as session:
        persons = await session.fetch("select * from person")
        members = await session.fetch("select phone_sealed, phone_index from member where phone_sealed is not null")
    assert len(persons) >= 4
    assert len({bytes(one["national_id_sealed"]) for one in persons}) == len(persons)
    assert len({bytes(one["wrapped_key"]) for one in persons}) == len(persons)
    for one in persons:
        assert len(one["national_id_index"]) == 32  # HMAC-SHA-256
        assert len(one["national_id_sealed"]) >= 13 + 12 + 16  # text, nonce and tag
        assert re.fullmatch(r"x-xxxx-xxxxx-\d\d-\d", one["national_id_masked"])
        assert b"000" not in bytes(one["national_id_sealed"])
    assert members
    for place in (HERE, THERE):
        assert not any(place.phone(1).encode() in bytes(one["phone_sealed"]) for one in members)
