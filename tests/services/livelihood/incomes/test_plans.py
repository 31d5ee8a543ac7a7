"""Goal: a member has one plan a year, whoever writes it first, and each change of it is one version."""

import asyncio
from typing import Any

import pytest

from tests.conftest import ClientOf, DatabaseOf
from tests.services.livelihood.conftest import MEMBER, Hear, cooperative, household, member

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
    answers = await asyncio.gather(*(client.put(PATH, json=_body(f"{number}.00")) for number in range(1, 6)))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5]
    async with database.unscoped() as session:
        sent = await session.fetch("select aggregate_version from outbox order by id")
    assert [row["aggregate_version"] for row in sent] == [1, 2, 3, 4, 5]


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
