"""Goal: a member has one plan a year, whoever writes it first, and each change of it is one version."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.livelihood.incomes import repository, service
from shared.kernel.identifiers import derived_id
from tests.conftest import ClientOf, DatabaseOf
from tests.services.livelihood.conftest import MEMBER, Hear, cooperative, hear_all, household, member

PATH = f"/livelihood/v1/members/{MEMBER}/income-plan?fiscal_year_be=2566"


def _body(income: str = "100.00", first: str = "2022-10-01") -> dict[str, Any]:
    days = [first, *(f"2022-{month}-01" for month in (11, 12)), *(f"2023-{month:02}-01" for month in range(1, 10))]
    return {"months": [{"month": day, "income": income, "cost": "10.00"} for day in days]}


async def test_plans_that_are_stated_at_once_follow_each_other(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), household()])
    answers = await asyncio.gather(
        *(client.put(PATH, json=_body(f"{number}.00"), headers={"If-Match": "*"}) for number in range(1, 6))
    )
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5]
    async with database.unscoped() as session:
        sent = await session.fetch("select aggregate_version from outbox order by id")
    assert [row["aggregate_version"] for row in sent] == [1, 2, 3, 4, 5]


async def test_a_plan_is_changed_by_who_has_read_it_and_stays_the_households_own(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), household()])
    first = await client.put(PATH, json=_body("1.00"))
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    assert (await client.put(PATH, json=_body("2.00"))).status_code == 428
    assert (await client.put(PATH, json=_body("2.00"), headers={"If-Match": '"7"'})).status_code == 412
    read = await client.get(PATH)
    changed = await client.put(PATH, json=_body("2.00"), headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    async with database.unscoped() as session:
        shown = await session.fetch("select what, subject_ids from access_log order by id")
    assert {(row["what"], tuple(row["subject_ids"])) for row in shown} == {("income-plan", (MEMBER,))}


async def test_a_household_may_state_what_was_computed(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), household()])
    await client.put(PATH, json=_body())
    async with database.unscoped() as session:
        await session.execute("update occupation_plan set basis = 'computed'")
    stated = await client.put(PATH, json=_body(), headers={"If-Match": '"1"'})
    assert (stated.json()["basis"], stated.json()["version"]) == ("stated", 2)


async def test_a_plan_that_is_missing_is_told_from_a_member_who_is(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read", areas=["52"])
    stranger = await client.get(PATH)
    await hear(await database_of("livelihood"), [cooperative(), member(), household()])
    known = await client.get(PATH)
    assert (stranger.status_code, stranger.json()["type"]) == (404, "urn:plodnee:problem:member-unknown")
    assert (known.status_code, known.json()["type"]) == (404, "urn:plodnee:problem:income-plan-unknown")


@pytest.mark.parametrize("first", ["2022-10-02", "2022-11-01", "2021-10-01"])
async def test_months_of_another_year_are_refused(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, first: str
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), household()])
    refused = await client.put(PATH, json=_body(first=first))
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:plodnee:problem:months-not-of-year"
    assert (await client.put(PATH, json=_body())).json()["version"] == 1


async def test_a_year_without_a_crop_calendar_is_refused_and_not_computed_as_nothing(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), household()])
    path = "/livelihood/v1/income-plans/compute"
    refused = await client.post(path, json={"fiscal_year_be": 2564})
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["fields"]] == ["fiscal_year_be"]
    assert (await client.post(path, json={"fiscal_year_be": 2565})).status_code == 202


async def test_a_version_of_a_plan_that_is_not_there_has_not_been_read(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="livelihood:read livelihood:write", areas=["52"])
    await hear(await database_of("livelihood"), [cooperative(), member(), household()])
    assert (await client.put(PATH, json=_body(), headers={"If-Match": '"3"'})).status_code == 412
    assert (await client.get(PATH)).status_code == 404


async def test_a_plan_goes_with_its_member_to_another_household(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(), household()])
    other = derived_id("test", "another household")
    moved = {"household_id": other}
    versions = []
    for events in ([], [household().model_copy(update=moved), member().model_copy(update=moved)], []):
        await hear_all(database, events, version=2)
        async with database.unscoped() as session:
            members = await repository.list_members_with_household(session, None, UUID(int=0), 10)
            crops = await service.crops_of_year(session, 2566)
            versions.append(await service.compute_plans(session, members, crops, 2566))
    assert versions == [1, 1, 0]
    async with database.unscoped() as session:
        assert await session.scalar("select household_id from occupation_plan") == other
