"""A debt case: one per member, co-operative and fiscal year, and the stages it goes through.

Every move has an actor and a reason. How a running plan stands (on track, at risk, breached) is the plan's own figure,
shown beside the stage ``in_progress``; it is not a stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.debt.errors import CaseStageConflict
from shared.kernel.errors import FieldProblem, Invalid
from shared.kernel.identifiers import derived_id


class Stage(StrEnum):
    """Where a case stands."""

    IDENTIFIED = "identified"
    CONSENTED = "consented"
    DATA_COLLECTED = "data_collected"
    ASSESSED = "assessed"
    SEGMENTED = "segmented"
    PLAN_DRAFTED = "plan_drafted"
    PLAN_AGREED = "plan_agreed"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    DROPPED = "dropped"


STAGE_LABELS_TH: Mapping[Stage, str] = {
    Stage.IDENTIFIED: "พบหนี้ค้าง",
    Stage.CONSENTED: "ยินยอมให้ใช้ข้อมูลแล้ว",
    Stage.DATA_COLLECTED: "เก็บข้อมูลแล้ว",
    Stage.ASSESSED: "ประเมินศักยภาพแล้ว",
    Stage.SEGMENTED: "จัดกลุ่มแล้ว",
    Stage.PLAN_DRAFTED: "ร่างแผน",
    Stage.PLAN_AGREED: "ตกลงแผนแล้ว",
    Stage.IN_PROGRESS: "อยู่ระหว่างดำเนินการ",
    Stage.RESOLVED: "แก้ไขแล้ว",
    Stage.DROPPED: "ยุติการเข้าร่วม",
}


class Resolution(StrEnum):
    """How a case was resolved."""

    PAID = "paid"
    REDUCED = "reduced"
    RELEASED = "released"


# Consent is one lawful basis among several (public task is another), so a case may be assessed without it. A case
# goes back from a drafted plan to its assessment, and from a breached plan to a new draft.
ALLOWED_MOVES: Mapping[Stage, frozenset[Stage]] = {
    Stage.IDENTIFIED: frozenset({Stage.CONSENTED, Stage.DATA_COLLECTED, Stage.ASSESSED}),
    Stage.CONSENTED: frozenset({Stage.DATA_COLLECTED, Stage.ASSESSED}),
    Stage.DATA_COLLECTED: frozenset({Stage.ASSESSED}),
    Stage.ASSESSED: frozenset({Stage.ASSESSED, Stage.SEGMENTED, Stage.PLAN_DRAFTED}),
    Stage.SEGMENTED: frozenset({Stage.ASSESSED, Stage.PLAN_DRAFTED}),
    Stage.PLAN_DRAFTED: frozenset({Stage.ASSESSED, Stage.SEGMENTED, Stage.PLAN_AGREED}),
    Stage.PLAN_AGREED: frozenset({Stage.PLAN_DRAFTED, Stage.IN_PROGRESS}),
    Stage.IN_PROGRESS: frozenset({Stage.ASSESSED, Stage.PLAN_DRAFTED}),
    Stage.RESOLVED: frozenset(),
    Stage.DROPPED: frozenset(),
}

ENDED = frozenset({Stage.RESOLVED, Stage.DROPPED})


@dataclass(frozen=True, slots=True)
class StageChange:
    """One move of a case, as its history keeps it."""

    moved_from: Stage
    moved_to: Stage
    on: date
    actor: str
    reason: str
    resolution: Resolution | None = None


def case_id(cooperative_id: UUID, member_id: UUID, fiscal_year_be: int) -> UUID:
    """The identifier of a member's one case at a co-operative in a fiscal year: opening it twice is opening one."""
    return derived_id("debt-case", cooperative_id, member_id, fiscal_year_be)


def can_move(stage: Stage, to: Stage) -> bool:
    """Whether a case may go from ``stage`` to ``to``. Until it ends, a case can be resolved or dropped at any stage:
    members also pay off without a plan."""
    return to in ALLOWED_MOVES[stage] or (stage not in ENDED and to in ENDED)


def move(
    stage: Stage, to: Stage, *, on: date, actor: str, reason: str, resolution: Resolution | None = None
) -> StageChange:
    """The move of a case. Raises ``CaseStageConflict`` if the stage forbids it, ``Invalid`` without actor, reason or,
    for a resolved case, the way in which it was resolved."""
    required = {"actor": bool(actor.strip()), "reason": bool(reason.strip())}
    required["resolution"] = (resolution is not None) == (to is Stage.RESOLVED)
    problems = [
        FieldProblem(field, "missing_value", "is needed for this move", "ต้องระบุสำหรับการดำเนินการนี้")
        for field, given in required.items()
        if not given
    ]
    if problems:
        raise Invalid(
            f"{problems[0].field} {problems[0].message_en}", f"{problems[0].field} {problems[0].message_th}", problems
        )
    if not can_move(stage, to):
        raise CaseStageConflict(
            f"a case does not go from {stage} to {to}",
            f"รายการแก้ไขหนี้ไม่สามารถเปลี่ยนจาก “{STAGE_LABELS_TH[stage]}” เป็น “{STAGE_LABELS_TH[to]}”",
        )
    return StageChange(stage, to, on, actor, reason, resolution)
