"""Steps: who looks after which co-operative, and which co-operatives take part in which programme."""

from datetime import date
from typing import Any

from demo.story.client import StoryFailed, Wire, until
from demo.story.played import Cooperative, Played
from demo.story.telling import Narrator
from shared.kernel.calendar import add_months

PHASE_ONE_PLACES, PROGRAMME_A_PLACES, PROGRAMME_B_FROM = 6, 9, 8
"""Of twelve co-operatives: six in phase 1 of programme A, three in phase 2, four in programme B, one in both."""


async def assign_officers(wire: Wire, played: Played, narrator: Narrator) -> None:
    """The analyst gives the officer and the manager four co-operatives, the coach team six."""
    analyst = wire.as_("analyst")
    held = {"officer": played.of_officer, "manager": played.of_officer, "coach": played.of_coach}
    with narrator.step("Officers get their co-operatives", len(held) * 2) as bar:
        for officer, cooperatives in held.items():
            address = f"/registry/v1/officers/{officer}/assignments"
            found, etag = await analyst.get_tagged(address)
            wanted = [
                {"cooperative_id": one.id, "from": played.options.first.isoformat(), "to": None} for one in cooperatives
            ]
            await analyst.put(address, {"assignments": wanted}, etag=etag if found["version"] else None)
            bar.advance()
        for officer, cooperatives in held.items():
            bar.note(f"until {officer} sees them everywhere")
            await _wait_for_reach(wire, officer, cooperatives)
            bar.advance()


async def _wait_for_reach(wire: Wire, officer: str, cooperatives: list[Cooperative]) -> None:
    """Wait until the officer's own reads show that each service knows the assignments.

    Reporting answers 404 for a co-operative out of reach; the others answer an empty list, so they are asked again
    where the story needs them.
    """
    caller = wire.as_(officer)

    async def known() -> bool | None:
        areas = await caller.get("/reporting/v1/areas")
        return True if {area["code"] for area in areas} == {one.id for one in cooperatives} else None

    await until(f"reporting to know the co-operatives of {officer}", known)


async def start_programmes(wire: Wire, played: Played, narrator: Narrator) -> None:
    """Programmes A and B with their phases and targets, and the enrolment of the co-operatives."""
    analyst = wire.as_("analyst")
    first, last = played.options.first, played.options.last
    phase_two_from = add_months(first, 6)
    with narrator.step("Programmes A and B, and who takes part", 3) as bar:
        for programme in (_programme_a(first, last, phase_two_from), _programme_b(played.options.fiscal_year_be)):
            await analyst.post("/registry/v1/programmes", programme, step=f"programme {programme['code']}")
            bar.advance()
        items = _enrolments(played, first, phase_two_from)
        answer = await analyst.post("/registry/v1/enrolments", {"items": items}, step="enrolments")
        refused = [result["problem"] for result in answer["results"] if result["problem"]]
        if refused:
            raise StoryFailed(f"{len(refused)} enrolments were refused, the first: {refused[0]}")
        for item in items:
            played.enrolled.setdefault(item["programme_code"], []).append(item["cooperative_id"])


def _programme_a(first: date, last: date, phase_two_from: date) -> dict[str, Any]:
    phases = [
        {"phase": 1, "starts_on": first.isoformat(), "ends_on": add_months(last, 12).isoformat()},
        {"phase": 2, "starts_on": phase_two_from.isoformat(), "ends_on": add_months(last, 12).isoformat()},
    ]
    return {
        "code": "A",
        "name_th": "โครงการแก้ไขปัญหาหนี้ค้างชำระของสหกรณ์ ระยะที่ 1 และ 2",
        "name_en": "Overdue debt of co-operatives, phases 1 and 2",
        "phases": phases,
        "cooperatives_target": 590,
    }


def _programme_b(fiscal_year_be: int) -> dict[str, Any]:
    return {
        "code": "B",
        "name_th": "โครงการแก้ไขปัญหาหนี้สินและพัฒนาคุณภาพชีวิต",
        "name_en": "Debt and quality of life",
        "phases": [
            {
                "phase": 1,
                "starts_on": f"{fiscal_year_be - 544}-10-01",
                "ends_on": f"{fiscal_year_be - 543}-09-30",
            }
        ],
        "cooperatives_target": 1100,
        "overdue_reduction_target_percent": "10",
    }


def _enrolments(played: Played, first: date, phase_two_from: date) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for place, cooperative in enumerate(played.cooperatives):
        if place < PROGRAMME_A_PLACES or place >= 12:
            phase, since = (1, first) if place < PHASE_ONE_PLACES or place >= 12 else (2, phase_two_from)
            items.append(_enrolment("A", phase, cooperative, since))
        if PROGRAMME_B_FROM <= place < 12:
            items.append(_enrolment("B", 1, cooperative, first))
    return items


def _enrolment(programme: str, phase: int, cooperative: Cooperative, since: date) -> dict[str, Any]:
    return {
        "programme_code": programme,
        "phase": phase,
        "cooperative_id": cooperative.id,
        "from": since.isoformat(),
    }
