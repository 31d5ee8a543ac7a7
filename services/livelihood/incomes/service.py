"""Use cases of expected income: computed from plots, or stated by the household."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.livelihood.crops.repository import list_crop_economics
from services.livelihood.errors import (
    MonthsNotOfYear,
    UnknownCooperative,
    UnknownIncomePlan,
    UnknownMember,
    YearWithoutCalendar,
)
from services.livelihood.incomes import repository
from services.livelihood.incomes.domain import CropEconomics, MonthExpectation, PlotArea, expect_months
from services.livelihood.incomes.schemas import ComputeIncomePlans, IncomePlanRead, StateIncomePlan
from services.livelihood.projections.repository import find_cooperative, find_member
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.events import Event
from shared.chassis.http.access_log import log_access
from shared.chassis.http.concurrency import require_match
from shared.chassis.jobs import enqueue
from shared.chassis.replay import Outgoing
from shared.contracts.livelihood import IncomeMonth, OccupationPlanRecorded
from shared.kernel.calendar import add_months, fiscal_year_bounds
from shared.kernel.identifiers import derived_id


@dataclass(frozen=True)
class NewPlan:
    """A member's twelve months to store."""

    cooperative_id: UUID
    member_id: UUID
    household_id: UUID | None
    basis: Literal["computed", "stated"]
    months: Sequence[MonthExpectation]


async def request_computation(session: WriteSession, caller: Caller, wanted: ComputeIncomePlans) -> UUID:
    """Queue the computation for everybody within reach or for one co-operative.

    Raises:
        UnknownCooperative, YearWithoutCalendar.
    """
    cooperative_id = wanted.cooperative_id
    if cooperative_id is not None and await find_cooperative(session, cooperative_id) is None:
        raise UnknownCooperative
    if not await crops_of_year(session, wanted.fiscal_year_be):
        raise YearWithoutCalendar
    return await enqueue(session, "compute-income-plans", wanted.model_dump(mode="json"), requested_by=caller.subject)


async def crops_of_year(session: ReadSession, fiscal_year_be: int) -> dict[str, CropEconomics]:
    """What crops yield, cost and earn, as it is known at the beginning of a fiscal year."""
    first, _ = fiscal_year_bounds(fiscal_year_be)
    return {
        row["crop"]: CropEconomics(
            planting_months=tuple(row["planting_months"]),
            harvest_months=tuple(row["harvest_months"]),
            yield_kilograms_per_rai=row["yield_kilograms_per_rai"],
            price_satang_per_kilogram=row["price_satang_per_kilogram"],
            cash_cost_satang_per_rai=row["cash_cost_satang_per_rai"],
        )
        for row in await list_crop_economics(session, first)
    }


async def compute_plans(
    session: WriteSession, members: Sequence[Row], crops: Mapping[str, CropEconomics], fiscal_year_be: int
) -> int:
    """Compute the plans of members with their household's plots; returns how many changed."""
    return await _store(session, [_computed(member, crops, fiscal_year_be) for member in members], fiscal_year_be)


def _computed(member: Row, crops: Mapping[str, CropEconomics], fiscal_year_be: int) -> NewPlan:
    plots = [PlotArea(plot["crop"], Decimal(plot["area_rai"])) for plot in member["plots"]]
    return NewPlan(
        cooperative_id=member["cooperative_id"],
        member_id=member["member_id"],
        household_id=member["household_id"],
        basis="computed",
        months=expect_months(plots, crops, fiscal_year_be),
    )


async def state_income_plan(
    session: WriteSession,
    caller: Caller,
    member_id: UUID,
    fiscal_year_be: int,
    sent: StateIncomePlan,
    if_match: str | None,
) -> IncomePlanRead:
    """Store what a household itself expects; the first plan of a year needs no If-Match.

    Raises:
        MonthsNotOfYear, UnknownMember, PreconditionFailed, PreconditionRequired.
    """
    first, _ = fiscal_year_bounds(fiscal_year_be)
    if {item.month for item in sent.months} != {add_months(first, number) for number in range(12)}:
        raise MonthsNotOfYear
    member = await find_member(session, member_id)
    if member is None:
        raise UnknownMember
    months = [MonthExpectation(item.month, item.income, item.cost) for item in sent.months]
    plan = NewPlan(member["cooperative_id"], member_id, member["household_id"], "stated", months)
    await repository.open_plans(session, [_plan_row(plan, fiscal_year_be)])
    version = (await repository.lock_versions(session, [member_id], fiscal_year_be))[member_id]["version"]
    if version or if_match is not None:
        require_match(if_match, version)
    await _store(session, [plan], fiscal_year_be)
    return await read_income_plan(session, caller, member_id, fiscal_year_be)


async def read_income_plan(
    session: WriteSession, caller: Caller, member_id: UUID, fiscal_year_be: int
) -> IncomePlanRead:
    """A member's plan of a year; who was shown is logged.

    Raises:
        UnknownMember, UnknownIncomePlan.
    """
    row = await repository.find_plan(session, member_id, fiscal_year_be)
    if row is None:
        raise UnknownMember if await find_member(session, member_id) is None else UnknownIncomePlan
    await log_access(session, caller, "income-plan", [member_id])
    return IncomePlanRead.model_validate(row)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every plan as it is now."""
    async for row in repository.every_plan(session):
        months = list(map(MonthExpectation, row["days"], row["incomes"], row["costs"]))
        plan = NewPlan(row["cooperative_id"], row["member_id"], row["household_id"], row["basis"], months)
        year = row["fiscal_year_be"]
        yield _event(row["id"], plan, year), row["version"], fiscal_year_bounds(year)[0]


async def _store(session: WriteSession, plans: Sequence[NewPlan], fiscal_year_be: int) -> int:
    """Write plans that changed, with their events; returns how many. A computed plan never replaces a stated one."""
    await repository.open_plans(session, [_plan_row(plan, fiscal_year_be) for plan in plans])
    known = await repository.lock_versions(session, [plan.member_id for plan in plans], fiscal_year_be)
    first, _ = fiscal_year_bounds(fiscal_year_be)
    rows, months, events = [], [], []
    for plan in plans:
        before = known[plan.member_id]
        figures = [[month.month.isoformat(), month.income, month.cost] for month in plan.months]
        stored = (before["months"], before["basis"], before["household_id"])
        is_same = stored == (figures, plan.basis, plan.household_id)
        if is_same or (before["basis"] == "stated" and plan.basis == "computed"):
            continue
        plan_id, version = before["id"], before["version"] + 1
        rows.append({**_plan_row(plan, fiscal_year_be), "id": plan_id, "version": version})
        months += [_month_row(plan_id, plan.cooperative_id, month) for month in plan.months]
        events.append((_event(plan_id, plan, fiscal_year_be), version, first))
    if rows:
        await repository.store_plans(session, rows, months)
        await outbox.add_many(session, events)
    return len(rows)


def _plan_row(plan: NewPlan, fiscal_year_be: int) -> dict[str, Any]:
    return {
        "id": derived_id("occupation-plan", plan.member_id, fiscal_year_be),
        "cooperative_id": plan.cooperative_id,
        "member_id": plan.member_id,
        "household_id": plan.household_id,
        "fiscal_year_be": fiscal_year_be,
        "basis": plan.basis,
        "version": 0,
    }


def _month_row(plan_id: UUID, cooperative_id: UUID, month: MonthExpectation) -> dict[str, Any]:
    return {
        "occupation_plan_id": plan_id,
        "cooperative_id": cooperative_id,
        "month": month.month,
        "income_satang": month.income,
        "cost_satang": month.cost,
    }


def _event(plan_id: UUID, plan: NewPlan, fiscal_year_be: int) -> Event:
    return OccupationPlanRecorded(
        occupation_plan_id=plan_id,
        cooperative_id=plan.cooperative_id,
        member_id=plan.member_id,
        household_id=plan.household_id,
        fiscal_year_be=fiscal_year_be,
        months=tuple(IncomeMonth(month=item.month, income=item.income, cost=item.cost) for item in plan.months),
    )
