"""Use cases of cases: opened by the baseline, assessed, moved, resolved, read."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from services.debt.business_days.service import open_day
from services.debt.capacity.domain import Capacity, CapacityInputs, assess, capacity_policy
from services.debt.cases import repository
from services.debt.cases.domain import ENDED, Resolution, Stage, case_id, move
from services.debt.cases.events import case_recorded
from services.debt.cases.schemas import (
    MOVES_SHOWN_MAX,
    AssessmentCreate,
    AssessmentRead,
    CaseDetail,
    CaseRead,
    MoveRead,
)
from services.debt.closing.domain import days_past_due
from services.debt.errors import CaseNotFound, CaseStageConflict
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.concurrency import honour_match
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.kernel.calendar import add_months
from shared.kernel.identifiers import uuid7

CLOSE_ACTOR = "close"

# An open plan goes on while its household is assessed anew: at an earlier stage of its case the member could not sign
# it. Before a plan is drafted, the case starts over with the new figures.
_KEEPS_STAGE = frozenset({Stage.PLAN_DRAFTED, Stage.PLAN_AGREED, Stage.IN_PROGRESS})


async def open_cases(session: WriteSession, members: Sequence[Row], fiscal_year_be: int, opened_on: date) -> None:
    """Open a case for each (cooperative_id, member_id, overdue, debt), and publish it."""
    cases = [
        {
            "id": case_id(member["cooperative_id"], member["member_id"], fiscal_year_be),
            "cooperative_id": member["cooperative_id"],
            "member_id": member["member_id"],
            "fiscal_year_be": fiscal_year_be,
            "stage": Stage.IDENTIFIED.value,
            "segment": None,
            "dsr": None,
            "dscr": None,
            "residual_ratio": None,
            "overdue_at_opening": member["overdue"],
            "debt_at_opening": member["debt"],
            "opened_on": opened_on,
            "resolved_on": None,
            "resolution": None,
            "version": 1,
        }
        for member in members
    ]
    await repository.insert_cases(session, cases)
    await outbox.add_many(session, [case_recorded(case, opened_on) for case in cases])


async def lock_case(session: WriteSession, wanted: UUID) -> tuple[dict[str, Any], date]:
    """A case, held until the transaction ends, and the open day of its co-operative; raises CaseNotFound."""
    found = await repository.find_case(session, wanted)
    if found is None:
        raise CaseNotFound
    # The day first: a close holds the day and goes on to plans and cases.
    on = await open_day(session, found["cooperative_id"])
    return (await repository.lock_cases(session, [wanted]))[0], on


async def move_case(
    session: WriteSession,
    case: dict[str, Any],
    *stages: Stage,
    on: date,
    actor: str,
    reason: str,
    resolution: Resolution | None = None,
) -> None:
    """Take a locked case through stages, keep its history, and publish where it ends.

    Raises:
        CaseStageConflict: its stage does not allow the move.
    """
    moves = _move(case, *stages, on=on, actor=actor, reason=reason, resolution=resolution)
    await _store_moves(session, [case], moves, on)


def _move(
    case: dict[str, Any],
    *stages: Stage,
    on: date,
    actor: str,
    reason: str,
    resolution: Resolution | None = None,
) -> list[dict[str, Any]]:
    """Take a case through stages; returns its history of them. Raises CaseStageConflict."""
    moves = []
    for stage in stages:
        change = move(Stage(case["stage"]), stage, on=on, actor=actor, reason=reason, resolution=resolution)
        moves.append(
            {
                "id": uuid7(),
                "case_id": case["id"],
                "cooperative_id": case["cooperative_id"],
                "moved_from": change.moved_from.value,
                "moved_to": change.moved_to.value,
                "moved_on": on,
                "actor": actor,
                "reason": reason,
                "resolution": None if change.resolution is None else change.resolution.value,
            }
        )
        case["stage"] = stage.value
    if resolution is not None:
        case["resolved_on"], case["resolution"] = on, resolution.value
    case["version"] += 1
    return moves


async def _store_moves(
    session: WriteSession, cases: Sequence[dict[str, Any]], moves: Sequence[dict[str, Any]], on: date
) -> None:
    await repository.insert_moves(session, moves)
    await repository.update_cases(session, cases)
    await outbox.add_many(session, [case_recorded(case, on) for case in cases])


async def resolve_paid_off(session: WriteSession, settled_members: Collection[UUID], on: date) -> list[UUID]:
    """Resolve the cases of members who have nothing overdue at the close of a day, by a plan or without one.

    Returns the ids of the cases.
    """
    cases = [dict(row) for row in await repository.lock_open_cases(session, settled_members)]
    moves = [
        move
        for case in cases
        for move in _move(
            case,
            Stage.RESOLVED,
            on=on,
            actor=CLOSE_ACTOR,
            reason="nothing is overdue",
            resolution=Resolution.PAID,
        )
    ]
    await _store_moves(session, cases, moves, on)
    return [case["id"] for case in cases]


async def assess_case(
    session: WriteSession, caller: Caller, wanted: UUID, new: AssessmentCreate, if_match: str | None
) -> tuple[AssessmentRead, int]:
    """Assess what a household can pay, with all its creditors, and put the debtor in a group.

    Returns the assessment and the version that the case has now.

    Raises:
        CaseNotFound: no such case within reach.
        PreconditionFailed: the caller has read another version of the case.
        CaseStageConflict: the case has ended.
        CapacityInputsInvalid: a figure is out of bounds.
    """
    case, on = await lock_case(session, wanted)
    honour_match(if_match, case["version"])
    if Stage(case["stage"]) in ENDED:
        raise CaseStageConflict("the case has ended", "รายการแก้ไขหนี้สิ้นสุดแล้ว")
    creditors = await _creditors(session, case, on)
    income = await _farm_income(session, case, new)
    inputs = CapacityInputs(
        farm_income=income["farm_income"],
        farm_cost=income["farm_cost"],
        nonfarm_income=new.nonfarm_income,
        transfers=new.transfers,
        household_expense=new.household_expense,
        household_size=new.household_size,
        debt_service=sum(creditor["overdue"] + creditor["due_in_twelve_months"] for creditor in creditors),
        total_debt=sum(creditor["outstanding"] for creditor in creditors),
        dscr_three_years=new.dscr_three_years,
        disaster=new.disaster,
        without_earner=new.without_earner,
        days_past_due=creditors[0]["days_past_due"],
    )
    capacity = assess(inputs, capacity_policy(on))
    read = AssessmentRead.of(
        capacity, assessment_id=uuid7(), case_id=case["id"], assessed_by=caller.subject, assessed_on=on,
        creditors=creditors, income_source=income["source"],
    )  # fmt: skip
    await _store_assessment(session, read, case["cooperative_id"])
    await _take_figures(session, case, capacity, caller, on)
    return read, case["version"]


async def list_cases(
    session: WriteSession,
    caller: Caller,
    page: PageRequest,
    *,
    cooperative_id: UUID | None,
    member_id: UUID | None,
    stage: str | None,
    fiscal_year_be: int | None,
) -> Page[CaseRead]:
    """Cases within reach; who was shown is logged."""
    after = page.after(UUID)
    rows = await repository.list_cases(
        session,
        cooperative_id=cooperative_id,
        member_id=member_id,
        stage=stage,
        fiscal_year_be=fiscal_year_be,
        after=after[0] if after else None,
        limit=page.fetch_limit,
    )
    await log_access(session, caller, "case-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    assessed = [row["id"] for row in rows if row["segment"] is not None]
    days = await repository.assessment_days(session, assessed) if assessed else {}
    return page_of(rows, page, lambda row: (row["id"],), lambda row: CaseRead.of(row, days.get(row["id"])))


async def read_case(session: WriteSession, caller: Caller, wanted: UUID) -> CaseDetail:
    """A case with its newest moves and its newest assessment; raises CaseNotFound."""
    row = await repository.find_case(session, wanted)
    if row is None:
        raise CaseNotFound
    await log_access(session, caller, "case", [row["member_id"]])
    moves = await repository.moves_of_case(session, wanted, MOVES_SHOWN_MAX)
    assessment = await repository.last_assessment(session, wanted)
    return CaseDetail(
        **dict(CaseRead.of(row, None if assessment is None else assessment["assessed_on"])),
        moves=[MoveRead.model_validate(part) for part in moves],
        assessment=None if assessment is None else AssessmentRead.of_row(assessment),
    )


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every case as it is now."""
    async for case in repository.every_case(session):
        yield case_recorded(case, case["resolved_on"] or case["opened_on"])


async def _farm_income(session: ReadSession, case: Mapping[str, Any], new: AssessmentCreate) -> dict[str, Any]:
    """A year's farm income and cost in satang: as given, else as livelihood expects it, else none."""
    plan = await repository.income_of_member(session, case["member_id"], case["fiscal_year_be"])
    months = orjson.loads(plan["months"]) if plan is not None else []
    expected = {"income": sum(month["income"] for month in months), "cost": sum(month["cost"] for month in months)}
    given = new.farm_income is not None or new.farm_cost is not None
    return {
        "farm_income": expected["income"] if new.farm_income is None else new.farm_income,
        "farm_cost": expected["cost"] if new.farm_cost is None else new.farm_cost,
        "source": "given" if given else "occupation_plan" if plan is not None else "none",
    }


async def _creditors(session: ReadSession, case: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
    """Everybody the household owes: this co-operative first, then other co-operatives as a sum, then other lenders."""
    until = add_months(on, 12)
    own = await repository.own_debt(session, case["member_id"], case["cooperative_id"], on, until)
    creditors = [
        {
            "creditor": "own_cooperative",
            "loans": own["loans"],
            "outstanding": own["outstanding"],
            "overdue": own["overdue"],
            "due_in_twelve_months": own["due"],
            "days_past_due": days_past_due(own["oldest_due_on"], on),
            "as_of": on,
        }
    ]
    elsewhere = await repository.debt_elsewhere(session, case["member_id"], on, until)
    if elsewhere["loans"]:
        creditors.append(
            {
                "creditor": "other_cooperatives",
                "loans": elsewhere["loans"],
                "outstanding": elsewhere["outstanding"],
                "overdue": elsewhere["overdue"],
                "due_in_twelve_months": elsewhere["due"],
                "days_past_due": 0,
                "as_of": on,
            }
        )
    creditors += [
        {
            "creditor": row["creditor"],
            "loans": 1,
            "outstanding": row["outstanding"],
            "overdue": 0,
            "due_in_twelve_months": row["annual_payment"],
            "days_past_due": 0,
            "as_of": row["as_of"],
        }
        for row in await repository.external_debts(session, case["member_id"])
    ]
    return creditors


async def _store_assessment(session: WriteSession, read: AssessmentRead, cooperative_id: UUID) -> None:
    document = orjson.loads(read.model_dump_json())
    await repository.insert_assessment(
        session,
        {
            "id": read.id,
            "case_id": read.case_id,
            "cooperative_id": cooperative_id,
            "assessed_by": read.assessed_by,
            "assessed_on": read.assessed_on,
            "inputs": orjson.dumps(document["inputs"]).decode(),
            "creditors": orjson.dumps(document["creditors"]).decode(),
            "figures": orjson.dumps(document["figures"]).decode(),
            "segment": read.segment,
            "flags": list(read.flags),
        },
    )


async def _take_figures(
    session: WriteSession, case: dict[str, Any], capacity: Capacity, caller: Caller, on: date
) -> None:
    """The case takes the ratios and the group of the assessment, and moves unless a plan is open."""
    case |= {
        "segment": capacity.segment.value,
        "dsr": capacity.dsr.value,
        "dscr": capacity.dscr.value,
        "residual_ratio": capacity.residual_ratio.value,
    }
    stages = () if Stage(case["stage"]) in _KEEPS_STAGE else (Stage.ASSESSED, Stage.SEGMENTED)
    await move_case(session, case, *stages, on=on, actor=caller.subject, reason="the household was assessed")
