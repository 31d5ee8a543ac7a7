"""A member is one person's membership: recorded once, read by those in reach only, found as officers search."""

import asyncio
from typing import Any

import orjson

from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.people import (
    OTHER_PROVINCE,
    PROVINCE,
    WRITER,
    add_cooperative,
    add_member,
    member_body,
    national_id,
)


async def outbox(database_of: DatabaseOf) -> list[dict[str, Any]]:
    """Every event in the outbox, with its topic and version, in the order it was added."""
    database = await database_of("registry")
    async with database.unscoped() as session:
        rows = await session.fetch("select topic, aggregate_version, value from outbox order by id")
    return [{"topic": row["topic"], "version": row["aggregate_version"], **orjson.loads(row["value"])} for row in rows]


async def test_recorded_member_is_read_back_and_announced_once(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    cooperative_id = await add_cooperative(client, "C1")
    made = await add_member(client, cooperative_id, "๑๒", 1, household_number="520000000001")
    answer = await client.get(f"/registry/v1/members/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == made
    assert made["title"] == "นาย"
    assert made["full_name"] == "สมชาย ใจดี"
    assert made["member_number"] == "12"
    assert made["phone"] == "0812345678"
    assert national_id(1) not in answer.text
    assert made["national_id_masked"].endswith(f"{national_id(1)[-3:-1]}-{national_id(1)[-1]}")
    events = [event for event in await outbox(database_of) if event["topic"] == "plodnee.registry.member"]
    assert len(events) == 1
    event = events[0]
    assert (event["version"], event["member_id"], event["birth_decade"]) == (1, made["id"], 1960)
    assert "สมชาย" not in str(event)
    assert event["member_number_hash"] != "12"


async def test_values_do_not_stand_for_a_day_to_come(client_of: ClientOf) -> None:
    """A Buddhist year in `as_of` would make every later file an older one."""
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    made = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    for field in ("as_of", "birth_date", "joined_on"):
        answer = await client.patch(
            f"/registry/v1/members/{made['id']}", json={field: "2565-09-30"}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 422, answer.text
        assert [one["code"] for one in answer.json()["fields"]] == ["in_the_future"]


async def test_same_person_in_two_cooperatives_is_one_person(client_of: ClientOf) -> None:
    nation = await client_of("registry", scopes=WRITER, areas=["TH"])
    here = await add_cooperative(nation, "C1", PROVINCE)
    there = await add_cooperative(nation, "C2", OTHER_PROVINCE)
    in_province = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    elsewhere = await client_of("registry", scopes=WRITER, areas=[OTHER_PROVINCE])
    first = await add_member(in_province, here, "1", 7)
    second = await add_member(elsewhere, there, "9", 7, full_name="นางสาวสมหญิง ใจงาม")
    assert second["person_id"] == first["person_id"]
    assert second["other_memberships"] == []  # the other one lies out of this caller's reach
    seen = (await nation.get(f"/registry/v1/members/{first['id']}")).json()
    assert [other["id"] for other in seen["other_memberships"]] == [second["id"]]
    assert seen["full_name"] == "สมชาย ใจดี"  # nobody overwrites what another co-operative states


async def test_equal_posts_at_once_make_one_member(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    cooperative_id = await add_cooperative(client, "C1")
    body = member_body(cooperative_id, "1", 1)
    answers = await asyncio.gather(*(client.post("/registry/v1/members", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {"urn:plodnee:problem:member-number-taken"}
    database = await database_of("registry")
    async with database.unscoped() as session:
        assert await session.scalar("select count(*) from person") == 1
        assert await session.scalar("select count(*) from member") == 1


async def test_equal_persons_at_once_in_two_cooperatives_become_one(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    ids = [await add_cooperative(client, code) for code in ("C1", "C2", "C3")]
    made = await asyncio.gather(*(add_member(client, cooperative_id, "1", 5) for cooperative_id in ids))
    assert len({member["person_id"] for member in made}) == 1
    assert len({member["id"] for member in made}) == 3


async def test_change_needs_the_version_that_was_read(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    made = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    address = f"/registry/v1/members/{made['id']}"
    change = {"status": "suspended", "phone": "02 123 4567", "birth_date": None, "full_name": "น.ส.แก้ว ใจดี"}
    assert (await client.patch(address, json=change)).status_code == 428
    assert (await client.patch(address, json=change, headers={"if-match": '"2"'})).status_code == 412
    answer = await client.patch(address, json=change, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
    changed = answer.json()
    assert (changed["status"], changed["phone"], changed["birth_date"]) == ("suspended", "021234567", None)
    assert (changed["title"], changed["full_name"], changed["sex"]) == ("น.ส.", "แก้ว ใจดี", "M")
    same = await client.patch(address, json=change, headers={"if-match": '"2"'})
    assert same.headers["etag"] == '"2"'
    events = [event for event in await outbox(database_of) if event["topic"] == "plodnee.registry.member"]
    assert [(event["version"], event["status"], event["birth_decade"]) for event in events] == [
        (1, "active", 1960),
        (2, "suspended", None),
    ]


async def test_change_of_an_older_day_leaves_the_rest_as_new_as_it_was(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    made = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    change = {"status": "suspended", "as_of": "2001-01-31"}
    changed = await client.patch(f"/registry/v1/members/{made['id']}", json=change, headers={"if-match": '"1"'})
    assert (changed.json()["status"], changed.json()["as_of"]) == ("suspended", made["as_of"])


async def test_two_changes_at_once_lose_none(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    made = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    address = f"/registry/v1/members/{made['id']}"
    answers = await asyncio.gather(
        *(
            client.patch(address, json={"status": status}, headers={"if-match": '"1"'})
            for status in ("suspended", "resigned")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_member_out_of_reach_does_not_exist(client_of: ClientOf) -> None:
    nation = await client_of("registry", scopes=WRITER, areas=["TH"])
    cooperative_id = await add_cooperative(nation, "C1", OTHER_PROVINCE)
    made = await add_member(nation, cooperative_id, "1", 1)
    here = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    address = f"/registry/v1/members/{made['id']}"
    unknown = "/registry/v1/members/00000000-0000-7000-8000-000000000000"
    for one in (address, unknown):
        answer = await here.get(one)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:plodnee:problem:member-not-found")
        assert (await here.patch(one, json={}, headers={"if-match": '"1"'})).status_code == 404
    taken = await here.post("/registry/v1/members", json=member_body(cooperative_id, "1", 2))
    free = await here.post("/registry/v1/members", json=member_body(cooperative_id, "2", 2))
    assert taken.status_code == free.status_code == 422
    assert taken.json()["type"] == free.json()["type"] == "urn:plodnee:problem:cooperative-unknown"


async def test_wrong_input_is_refused_without_repeating_it(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    cooperative_id = await add_cooperative(client, "C1")
    for wrong in (
        {"national_id": "1234567890123"},
        {"member_number": ""},
        {"household_number": "12"},
        {"phone": "call me"},
        {"sex": "Z"},
        {"unknown": 1},
    ):
        answer = await client.post("/registry/v1/members", json=member_body(cooperative_id, "1", 1, **wrong))
        assert answer.status_code == 422, wrong
        assert "1234567890123" not in answer.text
        assert answer.json()["fields"][0]["field"] == next(iter(wrong))


async def test_a_telephone_number_without_a_digit_does_not_clear_the_stored_one(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    made = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    address = f"/registry/v1/members/{made['id']}"
    refused = await client.patch(address, json={"phone": "--------"}, headers={"If-Match": '"1"'})
    assert (refused.status_code, [one["field"] for one in refused.json()["fields"]]) == (422, ["phone"])
    assert (await client.get(address)).json()["phone"] == made["phone"]
