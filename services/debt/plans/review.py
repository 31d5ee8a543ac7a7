"""How running plans stand at the close of a day, and which cases that ends."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from services.debt.cases.service import resolve_paid_off
from services.debt.closing.repository import overdue_members
from services.debt.plans import repository
from services.debt.plans.domain import PlanState, after_close, standing
from services.debt.plans.events import plan_recorded
from shared.chassis import outbox
from shared.chassis.database import WriteSession


async def review_plans(session: WriteSession, cooperative_ids: Collection[UUID], on: date) -> None:
    """Judge the plans in force by what was paid up to a day; complete, breach and publish those that changed."""
    plans = await repository.plans_in_force(session, cooperative_ids)
    plan_ids = [plan["id"] for plan in plans]
    promised = await repository.instalments_of_plans(session, plan_ids)
    paid = await repository.paid_under_plans(session, plan_ids, on)
    changed = []
    for plan in plans:
        if plan["starts_on"] > on:
            continue
        amount = paid.get(plan["id"], 0)
        stands = standing(promised[plan["id"]], amount, on)
        state = after_close(PlanState.IN_FORCE, stands, debt_is_settled=amount >= plan["overdue_covered"])
        if (state.value, stands.value) != (plan["status"], plan["standing"]):
            plan |= {"status": state.value, "standing": stands.value, "version": plan["version"] + 1}
            changed.append(plan)
    await repository.update_plans(session, changed)
    await outbox.add_many(session, [plan_recorded(plan, on) for plan in changed])
    overdue = await overdue_members(session, cooperative_ids, on)
    if overdue is not None:
        await resolve_paid_off(session, cooperative_ids, overdue, on)
