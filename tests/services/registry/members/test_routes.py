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
