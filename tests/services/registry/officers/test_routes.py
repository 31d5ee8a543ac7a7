"""Assignments: they set an officer's reach at once, are replaced whole, and nobody assigns beyond his own reach."""

import asyncio

import httpx2
import pytest_asyncio

from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.deliveries import published
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative

ADDRESS = "/registry/v1/officers/officer-1/assignments"
WRITE = f"assignment:write {WRITER}"


def body(*cooperative_ids: str, first: str = "2022-10-01", last: str | None = None) -> dict[str, object]:
    return {"assignments": [{"cooperative_id": each, "from": first, "to": last} for each in cooperative_ids]}


@pytest_asyncio.fixture
async def analyst(client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("registry", scopes=WRITE, areas=["TH"], subject="analyst")


async def test_officer_reaches_what_is_assigned_and_nothing_else(
    analyst: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    mine = await add_cooperative(analyst, "C1")
    other = await add_cooperative(analyst, "C2")
    ended = await add_cooperative(analyst, "C3")
    wanted = body(mine)
    wanted["assignments"] += body(ended, first="2020-01-01", last="2020-12-31")["assignments"]  # type: ignore[operator]
    answer = await analyst.put(ADDRESS, json=wanted)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    officer = await client_of("registry", scopes=WRITER, subject="officer-1")
    assert [each["code"] for each in (await officer.get("/registry/v1/cooperatives")).json()["items"]] == ["C1"]
    assert (await officer.get(f"/registry/v1/cooperatives/{other}")).status_code == 404
    (event,) = await published(await database_of("registry"), "assignment")
    assert (event["officer_id"], event["version"], len(event["cooperatives"])) == ("officer-1", 1, 2)
    stranger = await client_of("registry", scopes=WRITER, subject="officer-2")
    assert (await stranger.get("/registry/v1/cooperatives")).json()["items"] == []


async def test_second_list_needs_the_version_of_the_first(analyst: httpx2.AsyncClient, database_of: DatabaseOf) -> None:
    one, two = await add_cooperative(analyst, "C1"), await add_cooperative(analyst, "C2")
    assert (await analyst.get(ADDRESS)).headers["etag"] == '"0"'
    assert (await analyst.put(ADDRESS, json=body(one), headers={"if-match": '"0"'})).status_code == 200
    assert (await analyst.put(ADDRESS, json=body(two))).status_code == 428
    assert (await analyst.put(ADDRESS, json=body(two), headers={"if-match": '"0"'})).status_code == 412
    answer = await analyst.put(ADDRESS, json=body(two), headers={"if-match": '"1"'})
    assert [each["cooperative_id"] for each in answer.json()["assignments"]] == [two]
    assert answer.json()["assignments"][0]["from"] == "2022-10-01"
    events = await published(await database_of("registry"), "assignment")
    assert [event["version"] for event in events] == [1, 2]


async def test_two_first_lists_at_once_leave_one(analyst: httpx2.AsyncClient, database_of: DatabaseOf) -> None:
    one, two = await add_cooperative(analyst, "C1"), await add_cooperative(analyst, "C2")
    answers = await asyncio.gather(*(analyst.put(ADDRESS, json=body(each)) for each in (one, two)))
    assert sorted(answer.status_code for answer in answers) in ([200, 412], [200, 428])
    assert len(await published(await database_of("registry"), "assignment")) == 1


async def test_nobody_assigns_or_removes_beyond_reach(analyst: httpx2.AsyncClient, client_of: ClientOf) -> None:
    here, there = await add_cooperative(analyst, "C1"), await add_cooperative(analyst, "C2", OTHER_PROVINCE)
    chief = await client_of("registry", scopes=WRITE, areas=[PROVINCE], subject="chief")
    unknown = await chief.put(ADDRESS, json=body(there))
    assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:plodnee:problem:cooperative-unknown")
    assert (await analyst.put(ADDRESS, json=body(here, there))).status_code == 200
    seen = (await chief.get(ADDRESS)).json()
    assert [each["cooperative_id"] for each in seen["assignments"]] == [here]
    refused = await chief.put(ADDRESS, json=body(here), headers={"if-match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:plodnee:problem:assignment-beyond-reach")


async def test_an_officer_who_moves_to_another_province_is_assigned_there_and_keeps_what_has_ended(
    analyst: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    here, there = await add_cooperative(analyst, "C1"), await add_cooperative(analyst, "C2", OTHER_PROVINCE)
    chief = await client_of("registry", scopes=WRITE, areas=[PROVINCE], subject="chief")
    assert (await analyst.put(ADDRESS, json=body(there, last="2022-11-30"))).status_code == 200
    moved = await chief.put(ADDRESS, json=body(here), headers={"if-match": '"1"'})
    assert moved.status_code == 200, moved.text
    assert [each["cooperative_id"] for each in moved.json()["assignments"]] == [here]
    kept = (await analyst.get(ADDRESS)).json()["assignments"]
    assert {(each["cooperative_id"], each["to"]) for each in kept} == {(here, None), (there, "2022-11-30")}
    events = await published(await database_of("registry"), "assignment")
    assert [len(event["cooperatives"]) for event in events] == [1, 2]


async def test_one_cooperative_twice_on_a_day_is_refused(analyst: httpx2.AsyncClient) -> None:
    one = await add_cooperative(analyst, "C1")
    refused = await analyst.put(ADDRESS, json=body(one, one))
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plodnee:problem:assignments-overlap")
    backwards = await analyst.put(ADDRESS, json=body(one, last="2022-09-30"))
    assert backwards.status_code == 422
