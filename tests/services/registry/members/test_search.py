"""Officers find members as they type: by the beginning of a name, by number, by national id; never out of reach."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio

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

NAMES = (
    "นายเกียรติ ก้อนทอง",
    "นางสาวกัญญา แก้วดี",
    "นายแก้ว กองคำ",
    "นางก้อย เกตุมณี",
    "นายขวัญ เก่งการ",
    "นางไก่ งามดี",
    "นายสมชาย ใจดี",
)


@pytest_asyncio.fixture
async def nation(client_of: ClientOf) -> httpx2.AsyncClient:
    """A caller who reaches the country; C1 and C2 lie in one province, C3 in another, with the same names."""
    client = await client_of("registry", scopes=WRITER, areas=["TH"], subject="nation")
    person = 0
    for code, province in (("C1", PROVINCE), ("C2", PROVINCE), ("C3", OTHER_PROVINCE)):
        cooperative_id = await add_cooperative(client, code, province)
        for number, name in enumerate(NAMES, 1):
            person += 1
            await add_member(client, cooperative_id, str(number), person, full_name=name)
    return client


async def names(client: httpx2.AsyncClient, query: str) -> list[str]:
    """Names of every page."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = await client.get(f"/registry/v1/members?{query}{cursor}")
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        assert set(page) == {"items", "next_cursor"}  # no count tells what lies out of reach
        found += [item["full_name"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_beginning_of_a_name_finds_in_thai_order(nation: httpx2.AsyncClient) -> None:
    all_of_one = ["กัญญา แก้วดี", "เกียรติ ก้อนทอง", "แก้ว กองคำ", "ไก่ งามดี", "ก้อย เกตุมณี"]
    found = await names(nation, "name_prefix=สม&limit=1")
    assert found == ["สมชาย ใจดี"] * 3
    assert await names(nation, "name_prefix=นางสาวกัญ") == ["กัญญา แก้วดี"] * 3
    assert await names(nation, "name_prefix=แก") == ["แก้ว กองคำ"] * 3
    assert await names(nation, "name_prefix=แกว") == ["แก้ว กองคำ"] * 3  # tone marks may be left out
    assert await names(nation, "name_prefix=ก้อย เก") == ["ก้อย เกตุมณี"] * 3
    assert await names(nation, "name_prefix=zz") == []
    cooperative_id = (await nation.get("/registry/v1/cooperatives")).json()["items"][0]["id"]
    listed = await names(nation, f"cooperative_id={cooperative_id}&limit=2")
    assert sorted(listed) == sorted(
        name.removeprefix("นางสาว").removeprefix("นาย").removeprefix("นาง") for name in NAMES
    )
    assert [name for name in listed if name in all_of_one] == sorted(all_of_one, key=listed.index)


@pytest.mark.parametrize("query", ["name_prefix=สม&limit=1", "member_number=7", "name_prefix=สม&member_number=7"])
async def test_search_stays_within_reach(nation: httpx2.AsyncClient, client_of: ClientOf, query: str) -> None:
    province = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    district = await client_of("registry", scopes=WRITER, areas=[f"{OTHER_PROVINCE}01"])
    nowhere = await client_of("registry", scopes=WRITER, areas=[])
    assert len(await names(nation, query)) == 3
    assert len(await names(province, query)) == 2
    assert len(await names(district, query)) == 1
    assert await names(nowhere, query) == []


async def test_cooperative_out_of_reach_has_no_members(nation: httpx2.AsyncClient, client_of: ClientOf) -> None:
    items = (await nation.get("/registry/v1/cooperatives")).json()["items"]
    there = next(item["id"] for item in items if item["code"] == "C3")
    province = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    assert await names(province, f"cooperative_id={there}") == []
    assert len(await names(nation, f"cooperative_id={there}")) == len(NAMES)


async def test_search_needs_something_to_look_for(nation: httpx2.AsyncClient) -> None:
    assert (await nation.get("/registry/v1/members")).status_code == 422
    assert (await nation.get("/registry/v1/members?name_prefix=ก")).status_code == 422


@pytest.mark.parametrize("nothing", ["%20%20", "เแ", "%E0%B9%88%E0%B9%88"], ids=["spaces", "vowels", "tone marks"])
async def test_what_says_nothing_of_a_name_does_not_list_everybody(nation: httpx2.AsyncClient, nothing: str) -> None:
    refused = await nation.get(f"/registry/v1/members?name_prefix={nothing}")
    assert (refused.status_code, [one["field"] for one in refused.json()["fields"]]) == (422, ["name_prefix"])


async def test_national_id_finds_within_reach_and_is_logged_with_its_purpose(
    nation: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    search = {"national_id": national_id(1), "purpose": "case-assessment"}
    found = (await nation.post("/registry/v1/member-searches", json=search)).json()["items"]
    assert [item["full_name"] for item in found] == ["เกียรติ ก้อนทอง"]
    elsewhere = await client_of("registry", scopes=WRITER, areas=[OTHER_PROVINCE], subject="chief")
    assert (await elsewhere.post("/registry/v1/member-searches", json=search)).json() == {"items": []}
    wrong = search | {"national_id": national_id(1)[:-1] + str((int(national_id(1)[-1]) + 1) % 10)}
    assert (await nation.post("/registry/v1/member-searches", json=wrong)).status_code == 422
    assert (await nation.post("/registry/v1/member-searches", json={"national_id": national_id(1)})).status_code == 422
    in_words = await nation.post("/registry/v1/member-searches", json=search | {"purpose": "ตรวจสอบหนี้"})
    assert in_words.status_code == 422
    assert "hyphens" in in_words.json()["fields"][0]["message_en"]
    log = [each for each in await access_log(database_of) if each["what"] == "member-search-by-national-id"]
    assert [(each["subject"], each["what"], each["purpose"], len(each["subject_ids"])) for each in log] == [
        ("nation", "member-search-by-national-id", "case-assessment", 1),
        ("chief", "member-search-by-national-id", "case-assessment", 0),
    ]


async def test_reveal_needs_its_scope_and_is_logged(
    nation: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    first, *others = (await nation.get("/registry/v1/members?name_prefix=สม")).json()["items"]
    same_name = [item for item in (first, *others) if item["full_name"] == first["full_name"]]
    member = next(item for item in same_name if item["cooperative_code"] == "C1")
    address = f"/registry/v1/members/{member['id']}/national-id-reveals"
    purpose = {"purpose": "signing-the-contract"}
    reader = await client_of("registry", scopes="member:read", areas=["TH"])
    assert (await reader.post(address, json=purpose)).status_code == 403
    elsewhere = await client_of("registry", scopes=WRITER, areas=["10"])
    assert (await elsewhere.post(address, json=purpose)).status_code == 404
    assert (await nation.post(address, json={})).status_code == 422
    answer = await nation.post(address, json=purpose)
    assert answer.json() == {"national_id": national_id(7)}
    assert answer.headers["cache-control"] == "no-store"
    log = [each for each in await access_log(database_of) if each["what"] == "national-id-reveal"]
    assert [(each["subject"], each["purpose"], len(each["subject_ids"])) for each in log] == [
        ("nation", "signing-the-contract", 1)
    ]


async def test_reading_and_searching_are_logged(
    nation: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    officer = await client_of("registry", scopes=WRITER, areas=[PROVINCE], subject="officer")
    found = (await officer.get("/registry/v1/members?name_prefix=สม")).json()["items"]
    assert (await officer.get(f"/registry/v1/members/{found[0]['id']}")).status_code == 200
    log = [each for each in await access_log(database_of) if each["subject"] == "officer"]
    assert [(each["what"], len(each["subject_ids"])) for each in log] == [("member-search", 2), ("member-read", 1)]


async def access_log(database_of: DatabaseOf) -> list[dict[str, Any]]:
    database = await database_of("registry")
    async with database.unscoped() as session:
        return [dict(row) for row in await session.fetch("select * from access_log order by id")]


async def test_an_answer_to_a_change_shows_the_member_too_and_is_logged(
    nation: httpx2.AsyncClient, client_of: ClientOf, database_of: DatabaseOf
) -> None:
    """A change of nothing shows telephone and birth date like a reading."""
    [found, *_] = (await nation.get("/registry/v1/members?name_prefix=สม")).json()["items"]
    writer = await client_of("registry", scopes="cooperative:read member:write", areas=["TH"], subject="writer")
    address = f"/registry/v1/members/{found['id']}"
    assert (await writer.get(address)).status_code == 403
    shown = await writer.patch(address, json={}, headers={"If-Match": '"1"'})
    assert (shown.status_code, shown.json()["full_name"]) == (200, found["full_name"])
    body = member_body(shown.json()["cooperative_id"], "new", 99)
    assert (await writer.post("/registry/v1/members", json=body)).status_code == 201
    log = [each for each in await access_log(database_of) if each["subject"] == "writer"]
    assert [(each["what"], len(each["subject_ids"])) for each in log] == [("member-read", 1), ("member-read", 1)]
    assert [str(one) for one in log[0]["subject_ids"]] == [found["person_id"]]
