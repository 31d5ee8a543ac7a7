"""All SQL of plans."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.plans.domain import PlanInstalment
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.rows import insert_rows, update_rows

_CHANGING_TYPES: Mapping[str, str] = {
    "status": "text",
    "standing": "text",
    "default_interest_waived": "bigint",
    "approved_by": "text",
    "accepted_by": "text",
    "signed_on": "date",
    "starts_on": "date",
    "ends_on": "date",
    "judged_on": "date",
    "version": "bigint",
}


async def insert_plan(session: WriteSession, plan: Mapping[str, Any], instalments: Sequence[PlanInstalment]) -> None:
    """A new plan with what the member is to pay."""
    await session.execute(
        """
        insert into plan (id, case_id, cooperative_id, member_id, status, standing, measures, deduction_share,
            waive_default_interest, overdue_covered, default_interest_waived, proposed_by, proposed_on, approved_by,
            accepted_by, signed_on, starts_on, ends_on, version)
        values (:id, :case_id, :cooperative_id, :member_id, :status, :standing, cast(:measures as text[]),
            :deduction_share, :waive_default_interest, :overdue_covered, :default_interest_waived, :proposed_by,
            :proposed_on, :approved_by, :accepted_by, :signed_on, :starts_on, :ends_on, :version)
        """,
        **plan,
    )
    await insert_rows(
        session,
        "plan_instalment",
        {"plan_id": "uuid", "cooperative_id": "uuid", "number": "smallint", "due_on": "date", "amount": "bigint"},
        [(plan["id"], plan["cooperative_id"], part.number, part.due_on, part.amount) for part in instalments],
    )


async def update_plans(session: WriteSession, plans: Sequence[Mapping[str, Any]]) -> None:
    """Everything of a plan that can change."""
    await update_rows(
        session,
        "plan",
        {"id": "uuid"},
        _CHANGING_TYPES,
        [(plan["id"], *(plan[name] for name in _CHANGING_TYPES)) for plan in plans],
    )


async def find_plan(session: ReadSession, plan_id: UUID) -> Row | None:
    """One plan, or None when there is none within reach."""
    return await session.fetch_one("select * from plan where id = :id", id=plan_id)


async def find_plans(session: ReadSession, plan_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Plans by id."""
    rows = await session.fetch("select * from plan where id = any(cast(:ids as uuid[]))", ids=sorted(set(plan_ids)))
    return {row["id"]: row for row in rows}


async def lock_plan(session: WriteSession, plan_id: UUID) -> dict[str, Any]:
    """A plan that is known to exist, held until the transaction ends."""
    return dict((await session.fetch("select * from plan where id = :id for update", id=plan_id))[0])


async def open_plan_of_case(session: ReadSession, case_id: UUID, states: Collection[str]) -> UUID | None:
    """The id of the case's plan in one of these states."""
    found: UUID | None = await session.scalar(
        "select id from plan where case_id = :id and status = any(cast(:states as text[])) limit 1",
        id=case_id,
        states=sorted(states),
    )
    return found


async def list_plans(
    session: ReadSession,
    *,
    case_id: UUID | None,
    cooperative_id: UUID | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Plans within reach, by id."""
    return await session.fetch(
        """
        select * from plan
        where (cast(:case_id as uuid) is null or case_id = :case_id)
          and (cast(:cooperative_id as uuid) is null or cooperative_id = :cooperative_id)
          and (cast(:status as text) is null or status = :status)
          and (cast(:after as uuid) is null or id > :after)
        order by id limit :limit
        """,
        case_id=case_id,
        cooperative_id=cooperative_id,
        status=status,
        after=after,
        limit=limit,
    )


async def instalments_of_plans(session: ReadSession, plan_ids: Collection[UUID]) -> dict[UUID, list[PlanInstalment]]:
    """What was promised, in order."""
    rows = await session.fetch(
        "select plan_id, number, due_on, amount from plan_instalment where plan_id = any(cast(:ids as uuid[]))"
        " order by plan_id, number",
        ids=sorted(set(plan_ids)),
    )
    found: dict[UUID, list[PlanInstalment]] = {plan_id: [] for plan_id in plan_ids}
    for row in rows:
        found[row["plan_id"]].append(PlanInstalment(row["number"], row["due_on"], row["amount"]))
    return found


async def plans_in_force(session: WriteSession, cooperative_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """The running plans of these co-operatives, held until the transaction ends."""
    rows = await session.fetch(
        "select * from plan where cooperative_id = any(cast(:ids as uuid[])) and status = 'in_force'"
        " order by id for update",
        ids=sorted(cooperative_ids),
    )
    return [dict(row) for row in rows]


async def unsigned_plans(session: WriteSession, case_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """The plans of these cases that still wait for a signature, held until the transaction ends."""
    rows = await session.fetch(
        "select * from plan where case_id = any(cast(:ids as uuid[])) and status in ('proposed', 'approved')"
        " order by id for update",
        ids=sorted(case_ids),
    )
    return [dict(row) for row in rows]


async def paid_under_plans(session: ReadSession, plan_ids: Collection[UUID], on: date) -> dict[UUID, int]:
    """What payments made since each plan was proposed took of its member's overdue debt, posted up to a day.

    What the plan covers was overdue at its proposal, less every payment known then: ids, which sort by time, say which
    these are. What a later posting moves or undoes of those belongs to them and not to the plan.
    """
    rows = await session.fetch(
        """
        select plan.id, cast(sum(a.principal + a.interest) as bigint) as paid
        from plan
        join loan on loan.member_id = plan.member_id and loan.cooperative_id = plan.cooperative_id
        join allocation a on a.loan_id = loan.id and a.payment_id > plan.id and a.posted_on <= :on
        join instalment i on i.loan_id = a.loan_id and i.number = a.number and i.overdue_from <= a.posted_on
        where plan.id = any(cast(:ids as uuid[])) group by plan.id
        """,
        ids=sorted(plan_ids),
        on=on,
    )
    return {row["id"]: row["paid"] for row in rows}


async def overdue_of_member(session: ReadSession, member_id: UUID, cooperative_id: UUID, on: date) -> int:
    """What a member has overdue at the co-operative on a day, principal and scheduled interest."""
    amount: int = await session.scalar(
        """
        select cast(coalesce(sum(i.principal - i.paid_principal + i.interest - i.paid_interest), 0) as bigint)
        from loan l join instalment i on i.loan_id = l.id
        where l.member_id = :member_id and l.cooperative_id = :cooperative_id and i.overdue_from <= :on
        """,
        member_id=member_id,
        cooperative_id=cooperative_id,
        on=on,
    )
    return amount


def every_plan(session: ReadSession) -> AsyncIterator[Row]:
    """All plans as they are now."""
    return session.stream("select * from plan order by id")
