"""Goal: whoever is shown what concerns a member leaves a row that names both, by whatever route he asks.

Method: every route that reads is asked about a place; the members whose ids stand in an answer, or in the question that
it answers, must be those of the rows that the answer left behind, in the service that gave it. A list without an item
shows nobody: it is the same for a member without a case, one out of reach and one that does not exist.
"""

import re
from uuid import UUID

import pytest

from shared.chassis.database import Row
from tests.attacks.belongings import cooperative_of
from tests.attacks.country import HERE, Country
from tests.attacks.test_reach import questions, reading_routes

pytestmark = pytest.mark.asyncio(loop_scope="module")

READER = "reader-of-52"
_NOBODY = '{"items":[]'
_IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def _members(country: Country) -> list[Row]:
    async with country.databases["registry"].unscoped() as session:
        cooperative_id = UUID(await cooperative_of(country, HERE))
        sql = "select id, person_id, household_id from member where cooperative_id = :id"
        return list(await session.fetch(sql, id=cooperative_id))


async def _logged(country: Country, service: str) -> list[set[UUID]]:
    """Whom each of the reader's rows names."""
    async with country.databases[service].unscoped() as session:
        rows = await session.fetch("select subject_ids from access_log where subject = :who order by id", who=READER)
    return [set(row["subject_ids"]) for row in rows]


async def _asked(country: Country, members: list[Row]) -> list[tuple[str, str, str, dict[str, str] | None]]:
    """Every question that changes nothing: whose, its method, its target and its body."""
    asked: list[tuple[str, str, str, dict[str, str] | None]] = [
        (route.service, "GET", target, None)
        for route in reading_routes()
        for target in await questions(country, route, HERE)
    ]
    why = {"purpose": "case-assessment"}
    reveal = f"/registry/v1/members/{members[0]['id']}/national-id-reveals"
    search = {"national_id": HERE.national_id(1), **why}
    return [*asked, ("registry", "POST", reveal, why), ("registry", "POST", "/registry/v1/member-searches", search)]


async def test_every_answer_that_shows_a_member_leaves_a_row_that_names_him(country: Country) -> None:
    members = await _members(country)
    reader = country.caller(areas=[HERE.province], subject=READER)
    faults, showing = [], set()
    for service, method, target, body in await _asked(country, members):
        before = len(await _logged(country, service))
        answer = await reader.request(method, target, json=body)
        text = answer.text + target
        shown = {one["id"] for one in members if {str(one["id"]), str(one["person_id"])} & set(_IDS.findall(text))}
        if answer.status_code != 200 or not shown or answer.text.startswith(_NOBODY):
            continue
        showing.add(_IDS.sub("…", target).partition("?")[0])
        subjects: set[UUID] = set().union(*(await _logged(country, service))[before:])
        named = {one["id"] for one in members if subjects & {one["id"], one["person_id"], one["household_id"]}}
        if not shown <= named:
            faults.append(f"{method} {target} shows {len(shown)} and names {len(named & shown)}")
    assert not faults, "\n".join([f"{len(faults)}", *faults[:40]])
    assert len(showing) > 12, sorted(showing)
