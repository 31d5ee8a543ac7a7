"""Goal: however many cases a close resolves, it takes the same few statements."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.debt.cases.service import CLOSE_ACTOR, open_cases, resolve_paid_off
from services.debt.plans.repository import insert_plan
from shared.chassis import outbox
from shared.chassis.database import Row, WriteSession
from tests.services.debt.world import World

ON = date(2022, 10, 31)


async def _completed_plan(session: WriteSession, case: Row) -> None:
    await insert_plan(
        session,
        {
            "id": uuid4(), "case_id": case["id"], "cooperative_id": case["cooperative_id"],
            "member_id": case["member_id"], "status": "completed", "standing": "on_track",
            "measures": ["PRODUCE_DEDUCTION"], "deduction_share": 0, "waive_default_interest": False,
            "overdue_covered": 1_00, "default_interest_waived": 0, "proposed_by": "officer",
            "proposed_on": date(2022, 10, 1), "approved_by": "manager", "accepted_by": "officer",
            "signed_on": date(2022, 10, 1), "starts_on": date(2022, 10, 1), "ends_on": ON, "version": 1,
        },
        [],
    )  # fmt: skip


async def test_all_cases_of_a_close_are_resolved_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cooperative_id = await world.cooperative()
    paid, also_paid, overdue = await world.members("C1", "1", "2", "3")
    opened: list[Any] = [
        {"cooperative_id": cooperative_id, "member_id": member_id, "overdue": 1_00, "debt": 2_00}
        for member_id in (paid, also_paid, overdue)
    ]
    async with world.database.unscoped() as session:
        await open_cases(session, opened, 2566, date(2022, 10, 1))
        for case in await session.fetch("select * from debt_case"):
            await _completed_plan(session, case)
    publish, published = outbox.add_many, []

    async def count(session: WriteSession, events: Any) -> None:
        published.append(len(events))
        await publish(session, events)

    monkeypatch.setattr(outbox, "add_many", count)
    async with world.database.unscoped() as session:
        await resolve_paid_off(session, [cooperative_id], [overdue], ON)

    assert published == [2]
    cases = await world.rows("select member_id, stage, resolution, resolved_on, version from debt_case")
    assert {row["member_id"]: tuple(row.values())[1:] for row in cases} == {
        paid: ("resolved", "paid", ON, 2),
        also_paid: ("resolved", "paid", ON, 2),
        overdue: ("identified", None, None, 1),
    }
    moves = await world.rows("select moved_from, moved_to, moved_on, actor, resolution from case_move")
    assert [tuple(row.values()) for row in moves] == 2 * [("identified", "resolved", ON, CLOSE_ACTOR, "paid")]
    told = [(case["stage"], case["_version"]) for case in await world.spoken("case.recorded")]
    assert told[3:] == [("resolved", 2), ("resolved", 2)]
