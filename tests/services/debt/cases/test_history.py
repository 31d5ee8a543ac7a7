"""Goal: a case that is assessed again and again stays readable in one answer."""

from datetime import date

import pytest

from services.debt.cases import service
from services.debt.cases.domain import Stage
from services.debt.cases.service import lock_case, move_case, open_cases
from tests.conftest import ClientOf
from tests.services.debt.world import World


async def test_case_shows_its_newest_moves_oldest_first(
    world: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOVES_SHOWN_MAX", 3)
    cooperative_id = await world.cooperative()
    (member_id,) = await world.members("C1", "1")
    on = date(2022, 10, 1)
    member = {"cooperative_id": cooperative_id, "member_id": member_id, "overdue": 1_00, "debt": 2_00}
    async with world.database.unscoped() as session:
        await open_cases(session, [member], 2566, on)
    case_id = await world.value("select id from debt_case")
    for reason in ("first", "second"):
        async with world.database.unscoped() as session:
            case, _ = await lock_case(session, case_id)
            await move_case(session, case, Stage.ASSESSED, Stage.SEGMENTED, on=on, actor="officer", reason=reason)
    client = await client_of("debt", scopes="case:read", areas=["52"])

    moves = (await client.get(f"/debt/v1/cases/{case_id}")).json()["moves"]

    assert [(move["moved_to"], move["reason"]) for move in moves] == [
        ("segmented", "first"), ("assessed", "second"), ("segmented", "second"),
    ]  # fmt: skip
