"""Goal: what names a person stays in the registry's own tables, sealed where it must be, and nowhere else.

Method: a year is played with names, national ids, phones and numbers that occur nowhere else, every route is asked, and
then everything that was written is searched: events, all tables of all services, stored answers, jobs, reject files,
logs, metrics and traces.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from prometheus_client import generate_latest

from shared.chassis.settings import SERVICES
from shared.chassis.telemetry import _PROCESSORS
from tests.attacks.country import CLOSED_ON, HERE, THERE, Country, Place, csv_of, feed_kinds
from tests.attacks.playing import play_place
from tests.attacks.routes import all_routes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOMEBODY = Place(3, "5301")

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


def _found(text: str, place: Place) -> set[str]:
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


async def test_nobody_is_named_outside_the_registrys_own_tables(country: Country, logged: list[str]) -> None:
    country.published.clear()
    await play_place(country, SOMEBODY)
    await _refuse_much(country)
    answered = await _ask_everything(country)
    assert answered > 30
    assert len(country.published) > 20
    for topic, headers, value in country.published:
        assert not _found(f"{headers} {value.decode()}", SOMEBODY), topic
        assert SOMEBODY.mark not in value.decode() or topic.endswith(("cooperative", "programme")), topic
    assert not [line for line in logged if _found(line, SOMEBODY)]
    assert any("feed_delivery_processed" in line for line in logged)
    assert not _found(generate_latest().decode(), SOMEBODY)
    places = await _where(country)
    allowed = {(kind, *place) for kind, where in MAY_HOLD.items() for place in where}
    assert places - allowed == set()
    assert ("name", "registry", "member.full_name") in places  # the search does find what is there


async def _refuse_much(country: Country) -> None:
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


async def _ask_everything(country: Country) -> int:
    """Every route that reads, with what is told searched for national ids; returns how many answered."""
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    members = (await chief.get("/registry/v1/members", params={"name_prefix": SOMEBODY.mark})).json()["items"]
    assert len(members) == 2
    answered = 0
    for route in [route for route in all_routes() if not route.changes_state]:
        path = route.path.replace("{member_id}", members[0]["id"])
        path = path.replace("{cooperative_id}", members[0]["cooperative_id"]).replace("{code}", SOMEBODY.province)
        path = re.sub(r"{kpi_id}", "K01", path)
        query = {
            "cooperative_id": members[0]["cooperative_id"], "fiscal_year_be": "2566", "area": SOMEBODY.province,
            "as_of": CLOSED_ON,
        }  # fmt: skip
        known = {one.name for one in route.parameters("query")}
        answer = await chief.get(path, params={name: value for name, value in query.items() if name in known})
        assert "national_id" not in _found(answer.text + str(answer.headers), SOMEBODY), path
        answered += answer.status_code == 200
    return answered


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
                for kind in _found(text, SOMEBODY):
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
