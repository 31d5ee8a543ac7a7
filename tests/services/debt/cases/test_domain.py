"""Goal: a member has one case a year at a co-operative, and every move of it is allowed, named and explained."""

from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest

from services.debt.cases.domain import (
    ALLOWED_MOVES,
    ENDED,
    STAGE_LABELS_TH,
    Resolution,
    Stage,
    can_move,
    case_id,
    move,
)
from services.debt.errors import CaseStageConflict
from shared.kernel.errors import Invalid

ON = date(2022, 10, 3)
CO_OP, OTHER_CO_OP, MEMBER = UUID(int=1), UUID(int=2), UUID(int=3)


def test_one_case_per_member_cooperative_and_fiscal_year() -> None:
    assert case_id(CO_OP, MEMBER, 2566) == case_id(CO_OP, MEMBER, 2566)
    others = {case_id(OTHER_CO_OP, MEMBER, 2566), case_id(CO_OP, MEMBER, 2567), case_id(CO_OP, CO_OP, 2566)}
    assert len(others | {case_id(CO_OP, MEMBER, 2566)}) == 4


def test_the_usual_road_of_a_case() -> None:
    road = [
        Stage.IDENTIFIED,
        Stage.CONSENTED,
        Stage.DATA_COLLECTED,
        Stage.ASSESSED,
        Stage.SEGMENTED,
        Stage.PLAN_DRAFTED,
        Stage.PLAN_AGREED,
        Stage.IN_PROGRESS,
    ]
    for stage, to in pairwise(road):
        change = move(stage, to, on=ON, actor="officer", reason="next step")
        assert (change.moved_from, change.moved_to) == (stage, to)
    resolved = move(Stage.IN_PROGRESS, Stage.RESOLVED, on=ON, actor="close", reason="paid", resolution=Resolution.PAID)
    assert resolved.resolution is Resolution.PAID


@pytest.mark.parametrize(
    ("stage", "to"),
    [
        (Stage.IDENTIFIED, Stage.PLAN_DRAFTED),
        (Stage.ASSESSED, Stage.IN_PROGRESS),
        (Stage.PLAN_DRAFTED, Stage.IN_PROGRESS),
        (Stage.DROPPED, Stage.IDENTIFIED),
        (Stage.RESOLVED, Stage.DROPPED),
    ],
)
def test_a_move_that_skips_or_revives_is_refused(stage: Stage, to: Stage) -> None:
    with pytest.raises(CaseStageConflict) as refused:
        move(stage, to, on=ON, actor="officer", reason="try")
    assert STAGE_LABELS_TH[stage] in refused.value.detail_th


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in ENDED])
def test_every_running_case_can_be_resolved_or_dropped(stage: Stage) -> None:
    assert can_move(stage, Stage.RESOLVED)
    assert can_move(stage, Stage.DROPPED)


@pytest.mark.parametrize(
    ("to", "actor", "reason", "resolution", "field"),
    [
        (Stage.ASSESSED, " ", "why", None, "actor"),
        (Stage.ASSESSED, "officer", "", None, "reason"),
        (Stage.RESOLVED, "officer", "why", None, "resolution"),
        (Stage.DROPPED, "officer", "why", Resolution.PAID, "resolution"),
    ],
)
def test_a_move_has_an_actor_a_reason_and_a_resolution_where_it_ends_well(
    to: Stage, actor: str, reason: str, resolution: Resolution | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        move(Stage.IDENTIFIED, to, on=ON, actor=actor, reason=reason, resolution=resolution)
    assert [problem.field for problem in refused.value.fields] == [field]


def test_every_stage_has_moves_and_a_thai_label() -> None:
    assert set(ALLOWED_MOVES) == set(STAGE_LABELS_TH) == set(Stage)
