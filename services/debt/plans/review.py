"""How running plans stand at the close of a day, and which cases that ends."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.cases.service import resolve_paid_off
from services.debt.closing.repository import settled_members
from services.debt.plans import repository
from services.debt.plans.domain import PlanState, Standing, after_close, plan_policy, standing, withdraw
from services.debt.plans.events import plan_recorded
from shared.chassis import outbox
from shared.chassis.database import WriteSession


async def review_plans(session: WriteSession, cooperative_ids: Collection[UUID], on: date) -> None:
    """Judge the plans in force at the close of a day, and end the cases of members who have nothing overdue then."""
    settled = await settled_members(session, cooperative_ids, on)
    await _judge(session, cooperative_ids, settled, on)
    resolved = await resolve_paid_off(session, settled, on)
    await _withdraw_unsigned(session, resolved, on)


async def _judge(
    session: WriteSession, cooperative_ids: Collection[UUID], settled_members: Collection[UUID], on: date
) -> None:
    """Complete and breach plans by what was paid up to a day, and publish those that changed.

    However overdue debt went away: a member who has none left has kept his plan.
    """
    plans = await repository.plans_in_force(session, cooperative_ids)
    plan_ids = [plan["id"] for plan in plans]
    promised = await repository.instalments_of_plans(session, plan_ids)
    paid = await repository.paid_under_plans(session, plan_ids, on)
    policy = plan_policy(on)
    changed = []
    for plan in plans:
        if plan["starts_on"] > on:
            continue
        amount = paid.get(plan["id"], 0)
        owes_nothing = plan["member_id"] in settled_members
        stands = Standing.ON_TRACK if owes_nothing else standing(promised[plan["id"]], amount, on, policy)
        is_settled = owes_nothing or amount >= plan["overdue_covered"]
        state = after_close(PlanState.IN_FORCE, stands, debt_is_settled=is_settled)
        if (state.value, stands.value) != (plan["status"], plan["standing"]):
            judged = {"status": state.value, "standing": stands.value, "judged_on": on}
            plan |= judged | {"version": plan["version"] + 1}
            changed.append(plan)
    await _publish(session, changed, on)


async def _withdraw_unsigned(session: WriteSession, case_ids: Collection[UUID], on: date) -> None:
    """What nobody has signed ends with its case: there is nothing left that it could cover."""
    plans = await repository.unsigned_plans(session, case_ids)
    for plan in plans:
        plan |= {"status": withdraw(PlanState(plan["status"])).value, "version": plan["version"] + 1}
    await _publish(session, plans, on)


async def _publish(session: WriteSession, plans: list[dict[str, Any]], on: date) -> None:
    await repository.update_plans(session, plans)
    await outbox.add_many(session, [plan_recorded(plan, on) for plan in plans])
