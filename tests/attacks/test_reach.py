"""Goal: nobody sees, counts, sums or changes a row outside his reach, by whatever route or page.

Method: two co-operatives that have nothing in common, and every route and page of every service. Whoever reaches one
asks for both by every id there is; what he is told must hold nothing of the other, must not tell its things from things
that do not exist, and must stay the same to the byte while the other goes on.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from services.reporting.dashboard.assets import ASSETS
from services.reporting.dashboard.charts import STILL_WIDTHS_PIXELS
from tests.attacks.belongings import (
    SHARED,
    checksums,
    cooperative_of,
    ids_for,
    marks_of,
    rows_of,
)
from tests.attacks.country import HERE, HOUSEHOLD_FIGURES, THERE, YEAR, Country, Place, csv_of, feed_kinds
from tests.attacks.playing import DEPUTY, ENDED, OFFICER, TO_COME
from tests.attacks.routes import Parameter, Route, all_pages, all_routes

pytestmark = pytest.mark.asyncio(loop_scope="module")

REACH_HERE: dict[str, dict[str, Any]] = {
    "chief": {"areas": ["52"], "subject": "chief-52"},
    "district": {"areas": ["5201"], "subject": "district"},
    "officer": {"subject": OFFICER},
    "deputy": {"subject": DEPUTY},
}
REACH_NOTHING: dict[str, dict[str, Any]] = {
    "to come": {"subject": TO_COME},
    "no areas": {"areas": []},
    "areas that are none": {"areas": ["", "5", "52 ", "th", "%", "520", "5201,5001"]},
}
AREAS = ("TH", "N", "50", "52", "5001", "5201", "99")
KPIS = ("K01", "K02", "K05", "K99")

# A cursor is sealed anew in each answer, so that two to the same place differ; that there is one still counts.
_VOLATILE = re.compile(
    r'"(request_id|event_lag_seconds)":("[^"]*"|[0-9.eE+-]+|null)|(?<="next_cursor":)"[^"]*"|<li class="lag">[^<]*'
)


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Status and body, without what differs between two equal questions."""
    return answer.status_code, _VOLATILE.sub("", answer.text)


_FILTERS = ("area", "name_prefix", "member_number", "programme")


async def questions(country: Country, route: Route, place: Place) -> list[str]:
    """Every way of asking a route or page about a place: each path with its ids, each filter with its ids."""
    paths = [route.path]
    for one in route.parameters("path"):
        values = await _values(country, route, one, place)
        paths = [path.replace(f"{{{one.name}}}", quote(value)) for path, value in product(paths, values)]
    required = {
        one.name: await _values(country, route, one, place) for one in route.parameters("query") if one.required
    }
    filters: list[Mapping[str, str]] = [{}]
    for one in route.parameters("query"):
        if one.name in _FILTERS or (one.name.endswith("_id") and not one.required):
            filters += [{one.name: value} for value in await _values(country, route, one, place)]
    asked = []
    for path, chosen in product(paths, filters):
        query = {name: values[0] for name, values in required.items()} | dict(chosen)
        if route.service == "registry" and route.path.endswith("/members") and not chosen:
            query["name_prefix"] = "zq"
        text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        asked.append(f"{path}?{text}" if query else path)
    return list(dict.fromkeys(asked))


async def _values(country: Country, route: Route, one: Parameter, place: Place) -> list[str]:
    cooperative_id = await cooperative_of(country, place)
    way_down = ["TH", "N", place.province, place.district, cooperative_id]
    known = {
        "area": [*AREAS, cooperative_id],
        "code": [*AREAS, cooperative_id],
        "kpi_id": list(KPIS),
        "fiscal_year_be": [str(YEAR)],
        "as_of": ["2022-11-30"],
        "name_prefix": [place.mark],
        "member_number": [f"{place.mark}-1"],
        "officer_id": [OFFICER, ENDED],
        "programme": ["A"],
        "year": [str(YEAR)],
        "path": [cooperative_id, *("/".join(way_down[:depth]) for depth in range(1, 6))],
        "chart": list(STILL_WIDTHS_PIXELS),
        "digest": [asset.digest for asset in ASSETS.values()][:1],
        "name": list(ASSETS)[:1],
        "rest": ["nowhere"],
    }
    if one.name in known:
        return known[one.name]
    if one.name == "programme_id":
        async with country.databases["registry"].unscoped() as session:
            return [str(await session.scalar("select id from programme"))]
    return (await ids_for(country, route, one.name, place))[:2]


def reading_routes() -> Iterator[Route]:
    """Every route and page that reads."""
    return (route for route in (*all_routes(), *all_pages()) if not route.changes_state)


async def test_nothing_of_another_place_is_ever_told(country: Country) -> None:
    marks = await marks_of(country, THERE, HERE)
    own = await marks_of(country, HERE, THERE)
    faults, seen = [], {name: 0 for name in REACH_HERE}
    clients = {name: country.caller(**caller) for name, caller in REACH_HERE.items()}
    for route in reading_routes():
        asked = [target for place in (HERE, THERE) for target in await questions(country, route, place)]
        for name, client in clients.items():
            for target in dict.fromkeys(asked):
                answer = await client.get(target)
                text = answer.text + str(answer.headers)
                leaked = {mark for mark in marks - set(re.findall(r"[^/?&=]+", target)) if mark in text}
                if leaked or answer.status_code >= 500:
                    faults.append(f"{name} asks {target}: {answer.status_code} tells {sorted(leaked)[:3]}")
                seen[name] += answer.status_code == 200 and any(mark in answer.text for mark in own)
    assert not faults, "\n".join(faults[:20])
    assert min(seen.values()) > 30, seen  # each does see his own


async def test_who_reaches_nothing_is_told_nothing(country: Country) -> None:
    marks = await marks_of(country, HERE, THERE) | await marks_of(country, THERE, HERE)
    faults = []
    clients = {name: country.caller(**caller) for name, caller in REACH_NOTHING.items()}
    for route in reading_routes():
        asked = await questions(country, route, HERE)
        for (name, client), target in product(clients.items(), dict.fromkeys(asked)):
            answer = await client.get(target)
            leaked = {mark for mark in marks - set(re.findall(r"[^/?&=]+", target)) if mark in answer.text}
            if leaked or answer.status_code >= 500:
                faults.append(f"{name} asks {target}: {answer.status_code} tells {sorted(leaked)[:3]}")
    assert not faults, "\n".join(faults[:20])


async def test_a_thing_out_of_reach_is_answered_as_one_that_does_not_exist(country: Country) -> None:
    faults, asked = [], 0
    clients = {name: country.caller(**caller) for name, caller in REACH_HERE.items()}
    for route in [route for route in all_routes() if not route.changes_state]:
        held = [one for one in route.parameters("path") if one.name not in SHARED]
        if not held:
            continue
        (one,) = held
        foreign = (await ids_for(country, route, one.name, THERE))[:2]
        assert foreign, f"{route}: nothing is held there, so nothing is shown"
        query = ""
        for other in [other for other in route.parameters("query") if other.required]:
            query += f"&{other.name}={(await _values(country, route, other, HERE))[0]}"
        for (name, client), thing in product(clients.items(), foreign):
            asked += 1
            there = await client.get(f"{route.path.replace(f'{{{one.name}}}', thing)}?{query}")
            nowhere = await client.get(f"{route.path.replace(f'{{{one.name}}}', str(uuid4()))}?{query}")
            if told(there) != told(nowhere) or there.status_code != 404:
                faults.append(f"{name} asks {route}: {told(there)} and not {told(nowhere)}")
    assert not faults, "\n".join(faults[:20])
    assert asked > 60


async def test_what_one_is_told_does_not_depend_on_what_happens_elsewhere(country: Country) -> None:
    callers = {name: REACH_HERE[name] for name in ("chief", "officer")} | {"nation": {"areas": ["TH"]}}
    clients = {name: country.caller(**caller) for name, caller in callers.items()}
    asked: list[str] = []
    for route in reading_routes():
        asked += [target for place in (HERE, THERE) for target in await questions(country, route, place)]
    asked = list(dict.fromkeys(asked))
    await country.settle()  # what other tests left to do is not what happens elsewhere
    before = {(name, target): told(await client.get(target)) for name, client in clients.items() for target in asked}
    await _go_on(country, THERE)
    after = {(name, target): told(await client.get(target)) for name, client in clients.items() for target in asked}
    changed = [place for place, answer in after.items() if answer != before[place]]
    assert not [(*place, before[place], after[place]) for place in changed if place[0] != "nation"]
    # Whoever reaches the country sees the change: in figures, lists, sums, the export, and on every kind of page.
    seen = {re.sub(r"^(?:/[a-z]+/v1/([^/?]*)|/(dashboard/?[^/?]*)).*", r"\1\2", target) for _, target in changed}
    assert seen >= {"kpis", "exports", "loans", "members", "closes", "cases", "produce-deliveries"}, seen
    assert seen >= {f"dashboard/{YEAR}", "dashboard/charts", "dashboard/freshness"}, seen


async def _go_on(country: Country, place: Place) -> None:
    """More happens in a place: a member, a loan, payments, a delivery, and the month's close."""
    chief = country.caller(areas=[place.province], subject=f"chief-{place.province}")
    for service, kind in feed_kinds():
        if kind.name in (
            "members",
            "farm_households",
            "loans",
            "payments",
            "produce",
            "training",
            "household_accounts",
        ):
            row = place.rows(kind.name, 3)
            dates = {name: "2022-12-10" for name in ("paid_on", "delivered_on", "session_date") if name in row}
            found = await country.send(chief, service, kind.name, csv_of([row | dates]), as_of="2022-12-31")
            assert found["accepted"] == 1, (kind.name, found)
    cases = (await chief.get("/debt/v1/cases")).json()["items"]
    answer = await chief.post(f"/debt/v1/cases/{cases[1]['id']}/assessments", json=HOUSEHOLD_FIGURES)
    assert answer.status_code == 201, answer.text
    await chief.post("/debt/v1/closes", json={"close_to": "2022-12-31"})
    await country.settle()
    await country.hear_from()


# --- changing --------------------------------------------------------------------------------------------------------


def body_with(route: Route, ids: Mapping[str, str]) -> Any:
    """A body that makes sense, with these ids."""
    body = route.sample_body() if route.body_schema is not None else None

    def fill(part: Any) -> Any:
        if isinstance(part, list):
            return [fill(one) for one in part]
        if not isinstance(part, dict):
            return part
        return {name: _filled(name, value, ids) or fill(value) for name, value in part.items()}

    return fill(body)


def _filled(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if name in ids:
        return ids[name]
    if name == "cooperative_ids":
        return [ids["cooperative_id"]] if "cooperative_id" in ids else value
    return {"national_id": HERE.national_id(1), "household_number": None}.get(name)


async def own_ids(country: Country, route: Route, names: set[str]) -> dict[str, str]:
    """Of each kind the newest id of the first place."""
    return {name: (await ids_for(country, route, name, HERE))[0] for name in names}


def named_ids(route: Route) -> set[str]:
    """The ids that a route is given, in its path and its body."""
    names = {one.name for one in route.parameters("path")}
    for one in route.fields():
        name = "cooperative_id" if one.name == "cooperative_ids" else one.name
        names |= {name} if one.schema.get("format") == "uuid" or one.name == "cooperative_ids" else set()
    return names - SHARED


async def test_nothing_of_another_place_is_ever_changed(country: Country) -> None:
    faults, tried = [], 0
    marks = await marks_of(country, THERE, HERE)
    clients = {name: country.caller(**REACH_HERE[name]) for name in ("chief", "officer")}
    for route in [route for route in all_routes() if route.changes_state and not route.takes_a_file]:
        names = named_ids(route)
        own = await own_ids(country, route, names)
        before = await checksums(country.databases[route.service])
        for changed, (name, client) in product(sorted(names), clients.items()):
            foreign = (await ids_for(country, route, changed, THERE))[0]
            tried += 1
            answers = []
            for thing in (foreign, str(uuid4())):
                ids = own | {changed: thing}
                path = route.path
                for parameter in route.parameters("path"):
                    path = path.replace(f"{{{parameter.name}}}", ids.get(parameter.name, "K01"))
                body = body_with(route, ids)
                answer = await client.request(
                    route.method, path + "?fiscal_year_be=2566", json=body, headers={"if-match": "*"}
                )
                answers.append(answer)
            there, nowhere = answers
            statuses = [one["status"] for one in there.json().get("results", ())] or [there.status_code]
            if told(there) != told(nowhere):
                faults.append(f"{name} {route} {changed}: {told(there)} and not {told(nowhere)}")
            if not all(400 <= status < 500 for status in statuses):
                faults.append(f"{name} {route} {changed}: {there.status_code} {there.text[:200]}")
            if any(mark in there.text for mark in marks):
                faults.append(f"{name} {route} {changed}: tells {there.text[:200]}")
        after = await checksums(country.databases[route.service])
        # A bulk of refused items is an answer like any other, and kept to be repeated.
        kept = {"public.idempotency_key"} if "207" in route.operation["responses"] else set()
        touched = {table for table in before if before[table] != after[table]} - kept
        faults += [f"{route} changed {table}" for table in touched]
    assert not faults, "\n".join(faults[:20])
    assert tried > 40


async def test_a_collision_out_of_reach_looks_like_any_other(country: Country) -> None:
    chief = country.caller(**REACH_HERE["chief"])
    body = {
        "kind": "cooperative", "cooperative_type": "agricultural", "name_th": "สหกรณ์ใหม่", "province_code": "52",
        "district_code": "5201",
    }  # fmt: skip
    answers = [
        await chief.post("/registry/v1/cooperatives", json={**body, "code": place.code}) for place in (HERE, THERE)
    ]
    assert told(answers[0]) == told(answers[1])
    assert answers[0].status_code == 409
    elsewhere = await chief.post(
        "/registry/v1/cooperatives", json={**body, "code": "ZQNEW", "province_code": "50", "district_code": "5001"}
    )
    assert told(elsewhere) == told(answers[1])


@pytest.mark.parametrize(("service", "kind"), [(service, kind.name) for service, kind in feed_kinds()])
async def test_a_file_changes_nothing_of_another_place(country: Country, service: str, kind: str) -> None:
    chief = country.caller(**REACH_HERE["chief"])
    before = await rows_of(country, THERE)
    rows = [THERE.rows(kind, member) for member in (1, 4)]
    changes = {"amount": "77.00", "name_th": "ชื่ออื่น", "full_name": "นายอื่น อื่น", "size": "9", "outstanding": "1.00"}
    rows = [{name: changes.get(name, value) for name, value in row.items()} for row in rows]
    found = await country.send(chief, service, kind, csv_of(rows), as_of="2023-01-31")
    assert found["status"] == "completed"
    assert found["accepted"] == 0, found
    assert await rows_of(country, THERE) == before
    assert THERE.mark not in (await chief.get(f"/{service}/v1/feed-deliveries/{found['id']}/rejects")).text


# --- assignments -----------------------------------------------------------------------------------------------------


async def test_an_assignment_that_ends_is_the_end_of_sight_everywhere(country: Country) -> None:
    """What the officer whose assignment ended is told is what a stranger is told."""
    ended, stranger = country.caller(subject=ENDED), country.caller(subject="stranger")
    for route in reading_routes():
        for target in await questions(country, route, HERE):
            assert told(await ended.get(target)) == told(await stranger.get(target)), target


async def test_old_knowledge_of_assignments_lets_no_officer_in(country: Country) -> None:
    await country.hear_from(seconds_ago=3600)
    try:
        # Not the officer of the tests before: what a process has just learnt of him, it remembers for some seconds.
        officer, chief = country.caller(subject="another officer"), country.caller(**REACH_HERE["chief"])
        for route in [route for route in all_routes() if route.service != "registry"]:
            path = re.sub(r"{[^}]*}", str(uuid4()), route.path)
            refused = await officer.request(route.method, path, json={})
            assert (refused.status_code, refused.headers.get("retry-after")) == (503, "30"), f"{route}: {refused.text}"
            assert (await chief.request(route.method, path, json={})).status_code != 503, str(route)
    finally:
        await country.hear_from()
