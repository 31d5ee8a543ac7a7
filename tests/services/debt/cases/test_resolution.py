"""Goal: however many cases a close resolves, it takes the same few statements."""

from datetime import date
from typing import Any

import pytest

from services.debt.cases.service import CLOSE_ACTOR, open_cases, resolve_paid_off
from shared.chassis import outbox
from shared.chassis.database import WriteSession
from tests.services.debt.world import World

ON = date(2022, 10, 31)


async def test_all_cases_of_a_close_are_resolved_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cooperative_id = await world.cooperative()
    paid, also_paid, overdue = await world.members("C1", "1", "2", "3")
    opened: list[Any] = [
        {"cooperative_id": cooperative_id, "member_id": member_id, "overdue": 1_00, "debt": 2_00}
        for member_id in (paid, also_paid, overdue)
    ]
    async with world.database.unscoped() as session:
        await open_cases(session, opened, 2566, date(2022, 10, 1))
    publish, published = outbox.add_many, []

    async def count(session: WriteSession, events: Any) -> None:
        published.append(len(events))
        await publish(session, events)

    monkeypatch.setattr(outbox, "add_many", count)
    async with world.database.unscoped() as session:
        resolved = await resolve_paid_off(session, [paid, also_paid], ON)

    assert (published, len(resolved)) == ([2], 2)
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
