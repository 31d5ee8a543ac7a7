"""Programmes A and B: recorded once by the nation, entered by co-operatives, each enrolment with its own result."""

import asyncio
from typing import Any

import httpx2
import pytest_asyncio

from shared.kernel.identifiers import uuid7
from tests.conftest import ClientOf, DatabaseOf
from tests.locks import until_they_wait_or_end
from tests.services.registry.deliveries import published
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative

WRITE = f"programme:write {WRITER}"
PROGRAMME = {
    "code": "A",
    "name_th": "โครงการแก้ไขหนี้ค้างของสมาชิก",
    "name_en": "Overdue debt of members",
    "phases": [
        {"phase": 2, "starts_on": "2023-10-01", "ends_on": None},
        {"phase": 1, "starts_on": "2022-10-01", "ends_on": "2023-09-30"},
    ],
    "cooperatives_target": 590,
    "overdue_reduction_target_percent": "10.0",
}


def enrolment(cooperative_id: str, **more: Any) -> dict[str, Any]:
    return {"programme_code": "A", "phase": 1, "cooperative_id": cooperative_id, "from": "2022-10-01", **more}


@pytest_asyncio.fixture
async def analyst(client_of: ClientOf) -> httpx2.AsyncClient:
    client = await client_of("registry", scopes=WRITE, areas=["TH"], subject="analyst")
    answer = await client.post("/registry/v1/programmes", json=PROGRAMME)
    assert answer.status_code == 201, answer.text
    return client


async def test_programme_is_recorded_once_by_the_nation(
    analyst: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    again = await analyst.post("/registry/v1/programmes", json=PROGRAMME)
    assert (again.status_code, again.json()["type"]) == (409, "urn:plodnee:problem:programme-recorded")
    chief = await client_of("registry", scopes=WRITE, areas=[PROVINCE])
    refused = await chief.post("/registry/v1/programmes", json=PROGRAMME | {"code": "B"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:plodnee:problem:programme-needs-nation")
    (listed,) = (await chief.get("/registry/v1/programmes")).json()["items"]
    assert [phase["phase"] for phase in listed["phases"]] == [1, 2]
    assert (await chief.get(f"/registry/v1/programmes/{listed['id']}")).json() == listed
    (event,) = await published(await database_of("registry"), "programme")
    assert (event["programme_code"], event["cooperatives_target"], event["version"]) == ("A", 590, 1)


async def test_a_programme_is_changed_by_the_nation_who_read_it(
    analyst: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    (listed,) = (await analyst.get("/registry/v1/programmes")).json()["items"]
    address, name = f"/registry/v1/programmes/{listed['id']}", {"name_th": "โครงการแก้ไขปัญหาหนี้ค้างของสมาชิก"}
    tag = (await analyst.get(address)).headers["etag"]
    chief = await client_of("registry", scopes=WRITE, areas=[PROVINCE])
    refused = await chief.patch(address, json=name, headers={"if-match": tag})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:plodnee:problem:programme-needs-nation")
    assert (await analyst.patch(address, json=name)).status_code == 428
    changed = await analyst.patch(address, json=name, headers={"if-match": tag})
    assert (changed.status_code, changed.headers["etag"], changed.json()) == (
        200,
        '"2"',
        listed | name | {"version": 2},
    )
    assert (await analyst.patch(address, json=name, headers={"if-match": tag})).status_code == 412
    same = await analyst.patch(address, json=name | {"cooperatives_target": 590}, headers={"if-match": '"2"'})
    assert (same.status_code, same.json()["version"]) == (200, 2)
    assert (await analyst.patch(address, json={"code": "B"}, headers={"if-match": '"2"'})).status_code == 422
    nobody = f"/registry/v1/programmes/{uuid7()}"
    assert (await analyst.patch(nobody, json=name, headers={"if-match": tag})).status_code == 404
    cleared = await analyst.patch(address, json={"cooperatives_target": None}, headers={"if-match": '"2"'})
    assert (cleared.status_code, cleared.json()["cooperatives_target"]) == (200, None)
    events = await published(await database_of("registry"), "programme")
    assert [(event["version"], event["name_th"]) for event in events] == [
        (1, PROGRAMME["name_th"]),
        (2, name["name_th"]),
        (3, name["name_th"]),
    ]


async def test_phases_are_not_drawn_away_from_under_an_enrolment(analyst: httpx2.AsyncClient) -> None:
    here = await add_cooperative(analyst, "C1")
    await analyst.post("/registry/v1/enrolments", json={"items": [enrolment(here, to="2023-03-31")]})
    (listed,) = (await analyst.get("/registry/v1/programmes")).json()["items"]
    address, tag = f"/registry/v1/programmes/{listed['id']}", {"if-match": '"1"'}
    first = {"phase": 1, "starts_on": "2022-10-01", "ends_on": "2023-03-30"}
    for phases in ([first], [first | {"phase": 2}], [first | {"starts_on": "2022-10-02", "ends_on": None}]):
        refused = await analyst.patch(address, json={"phases": phases}, headers=tag)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:plodnee:problem:phases-in-use")
        assert [one["field"] for one in refused.json()["fields"]] == ["phases"]
    twice = await analyst.patch(address, json={"phases": [first, first]}, headers=tag)
    assert (twice.status_code, twice.json()["fields"][0]["field"]) == (422, "phases")
    shorter = await analyst.patch(address, json={"phases": [first | {"ends_on": "2023-03-31"}]}, headers=tag)
    assert (shorter.status_code, len(shorter.json()["phases"])) == (200, 1)


async def test_an_enrolment_waits_for_the_phases_that_are_being_changed(
    analyst: httpx2.AsyncClient, database_of: DatabaseOf
) -> None:
    here = await add_cooperative(analyst, "C1")
    database = await database_of("registry")
    async with database.unscoped() as session:
        await session.execute(
            """update programme set phases = '[{"phase": 2, "starts_on": "2023-10-01"}]', version = version + 1"""
        )
        sent = asyncio.ensure_future(analyst.post("/registry/v1/enrolments", json={"items": [enrolment(here)]}))
        await until_they_wait_or_end(database, sent)
    assert [result["status"] for result in (await sent).json()["results"]] == [422]


async def test_bulk_enrolment_gives_each_item_its_result(
    analyst: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    here, there = await add_cooperative(analyst, "C1"), await add_cooperative(analyst, "C2", OTHER_PROVINCE)
    chief = await client_of("registry", scopes=WRITE, areas=[PROVINCE])
    items = [
        enrolment(here),
        enrolment(here),
        enrolment(there),
        enrolment(here, phase=9),
        enrolment(here, phase=2),
        enrolment(here, programme_code="B"),
        enrolment(here, phase=2, **{"from": "2023-10-01"}),
    ]
    answer = await chief.post("/registry/v1/enrolments", json={"items": items})
    assert answer.status_code == 207, answer.text
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 409, 422, 422, 422, 422, 201]
    kinds = [result["problem"]["type"].rpartition(":")[2] for result in results if result["problem"]]
    assert kinds == [
        "already-enrolled", "cooperative-unknown", "enrolment-invalid", "enrolment-invalid", "enrolment-invalid",
    ]  # fmt: skip
    events = await published(await database_of("registry"), "enrolment")
    assert [(event["phase"], event["cooperative_id"]) for event in events] == [(1, here), (2, here)]


async def test_enrolment_ends_by_who_read_it(analyst: httpx2.AsyncClient, database_of: DatabaseOf) -> None:
    here = await add_cooperative(analyst, "C1")
    answer = await analyst.post("/registry/v1/enrolments", json={"items": [enrolment(here)]})
    made = answer.json()["results"][0]["item"]
    address = f"/registry/v1/enrolments/{made['id']}"
    assert (await analyst.patch(address, json={"to": "2023-03-31"})).status_code == 428
    changed = await analyst.patch(address, json={"to": "2023-03-31"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["to"], changed.headers["etag"]) == (200, "2023-03-31", '"2"')
    early = await analyst.patch(address, json={"to": "2022-03-31"}, headers={"if-match": '"2"'})
    assert early.status_code == 422
    events = await published(await database_of("registry"), "enrolment")
    assert [(event["version"], event["valid_to"]) for event in events] == [(1, None), (2, "2023-03-31")]
    listed = (await analyst.get(f"/registry/v1/enrolments?programme_code=A&cooperative_id={here}")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]


async def test_requests_that_enrol_the_same_cooperatives_in_other_orders_do_not_deadlock(
    analyst: httpx2.AsyncClient, database_of: DatabaseOf
) -> None:
    one, between, other = [enrolment(await add_cooperative(analyst, code)) for code in ("C1", "C2", "C3")]
    database = await database_of("registry")
    async with database.unscoped() as session:
        # Somebody enrols the second: both requests get so far, and no further.
        await session.execute(
            "insert into enrolment (id, programme_id, phase, cooperative_id, valid_from, version)"
            " select gen_random_uuid(), programme.id, 1, cast(:cooperative as uuid), '2022-10-01', 1 from programme",
            cooperative=between["cooperative_id"],
        )
        sent = [
            asyncio.ensure_future(analyst.post("/registry/v1/enrolments", json={"items": items}))
            for items in ([one, between, other], [other, between, one])
        ]
        await until_they_wait_or_end(database, *sent)
    answers = await asyncio.gather(*sent)
    assert [answer.status_code for answer in answers] == [207, 207], [answer.text for answer in answers]
    results = [sorted(result["status"] for result in answer.json()["results"]) for answer in answers]
    assert sorted(results) == [[201, 201, 409], [409, 409, 409]]


async def test_an_enrolment_does_not_outlast_its_phase(analyst: httpx2.AsyncClient, database_of: DatabaseOf) -> None:
    here = await add_cooperative(analyst, "C1")
    late = await analyst.post("/registry/v1/enrolments", json={"items": [enrolment(here, to="2023-10-01")]})
    assert late.json()["results"][0]["status"] == 422
    answer = await analyst.post("/registry/v1/enrolments", json={"items": [enrolment(here)]})
    address = f"/registry/v1/enrolments/{answer.json()['results'][0]['item']['id']}"
    refused = await analyst.patch(address, json={"to": "2023-10-01"}, headers={"if-match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plodnee:problem:enrolment-invalid")
    assert [(one["field"], one["code"]) for one in refused.json()["fields"]] == [("to", "after_phase")]
    last_day = await analyst.patch(address, json={"to": "2023-09-30"}, headers={"if-match": '"1"'})
    assert (last_day.status_code, last_day.json()["version"]) == (200, 2)
    assert len(await published(await database_of("registry"), "enrolment")) == 2
