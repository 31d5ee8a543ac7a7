"""All SQL of cases, their moves and assessments."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.rows import insert_rows, update_rows

CASE_TYPES: Mapping[str, str] = {
    "id": "uuid",
    "cooperative_id": "uuid",
    "member_id": "uuid",
    "fiscal_year_be": "integer",
    "stage": "text",
    "segment": "text",
    "dsr": "numeric",
    "dscr": "numeric",
    "residual_ratio": "numeric",
    "overdue_at_opening": "bigint",
    "debt_at_opening": "bigint",
    "opened_on": "date",
    "resolved_on": "date",
    "resolution": "text",
    "version": "bigint",
}

_CHANGING_TYPES: Mapping[str, str] = {
    name: CASE_TYPES[name]
    for name in ("stage", "segment", "dsr", "dscr", "residual_ratio", "resolved_on", "resolution", "version")
}

_MOVE_TYPES: Mapping[str, str] = {
    "id": "uuid",
    "case_id": "uuid",
    "cooperative_id": "uuid",
    "moved_from": "text",
    "moved_to": "text",
    "moved_on": "date",
    "actor": "text",
    "reason": "text",
    "resolution": "text",
}


async def insert_cases(session: WriteSession, cases: Sequence[Mapping[str, Any]]) -> None:
    """New cases."""
    await insert_rows(session, "debt_case", CASE_TYPES, [[case[name] for name in CASE_TYPES] for case in cases])


async def update_cases(session: WriteSession, cases: Sequence[Mapping[str, Any]]) -> None:
    """Everything of a case that can change."""
    await update_rows(
        session,
        "debt_case",
        {"id": "uuid"},
        _CHANGING_TYPES,
        [(case["id"], *(case[name] for name in _CHANGING_TYPES)) for case in cases],
    )


async def insert_moves(session: WriteSession, moves: Sequence[Mapping[str, Any]]) -> None:
    """The history of cases."""
    await insert_rows(session, "case_move", _MOVE_TYPES, [[move[name] for name in _MOVE_TYPES] for move in moves])


async def find_case(session: ReadSession, case_id: UUID) -> Row | None:
    """One case, or None when there is none within reach."""
    return await session.fetch_one("select * from debt_case where id = :id", id=case_id)


async def lock_cases(session: WriteSession, case_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Cases held until the transaction ends, in the order of their ids."""
    rows = await session.fetch(
        "select * from debt_case where id = any(cast(:ids as uuid[])) order by id for update",
        ids=sorted(set(case_ids)),
    )
    return [dict(row) for row in rows]


async def list_cases(
    session: ReadSession,
    *,
    cooperative_id: UUID | None,
    member_id: UUID | None,
    stage: str | None,
    fiscal_year_be: int | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Cases within reach, by id."""
    return await session.fetch(
        """
        select * from debt_case
        where (cast(:cooperative_id as uuid) is null or cooperative_id = :cooperative_id)
          and (cast(:member_id as uuid) is null or member_id = :member_id)
          and (cast(:stage as text) is null or stage = :stage)
          and (cast(:fiscal_year_be as integer) is null or fiscal_year_be = :fiscal_year_be)
          and (cast(:after as uuid) is null or id > :after)
        order by id limit :limit
        """,
        cooperative_id=cooperative_id,
        member_id=member_id,
        stage=stage,
        fiscal_year_be=fiscal_year_be,
        after=after,
        limit=limit,
    )


async def moves_of_case(session: ReadSession, case_id: UUID, limit: int) -> Sequence[Row]:
    """The newest moves of a case, oldest first."""
    rows = await session.fetch(
        "select moved_from, moved_to, moved_on, actor, reason, resolution from case_move where case_id = :id"
        " order by id desc limit :limit",
        id=case_id,
        limit=limit,
    )
    return rows[::-1]


async def insert_assessment(session: WriteSession, row: Mapping[str, Any]) -> None:
    """One assessment, with everything it was made from."""
    await session.execute(
        """
        insert into assessment (id, case_id, cooperative_id, assessed_by, assessed_on, inputs, creditors, figures,
                                segment, flags)
        values (:id, :case_id, :cooperative_id, :assessed_by, :assessed_on, cast(:inputs as jsonb),
                cast(:creditors as jsonb), cast(:figures as jsonb), :segment, cast(:flags as text[]))
        """,
        **row,
    )


async def assessors_of_case(session: ReadSession, case_id: UUID) -> set[str]:
    """Everybody who ever assessed a case."""
    rows = await session.fetch("select distinct assessed_by from assessment where case_id = :id", id=case_id)
    return {row["assessed_by"] for row in rows}


async def last_assessment(session: ReadSession, case_id: UUID) -> Row | None:
    """The newest assessment of a case; its JSON parts as text."""
    return await session.fetch_one(
        """
        select id, case_id, assessed_by, assessed_on, cast(inputs as text) as inputs,
               cast(creditors as text) as creditors, cast(figures as text) as figures, segment, flags
        from assessment where case_id = :id order by id desc limit 1
        """,
        id=case_id,
    )


async def assessment_days(session: ReadSession, case_ids: Collection[UUID]) -> dict[UUID, date]:
    """The days of the newest assessments of those cases that have one."""
    rows = await session.fetch(
        """
        select wanted.id, newest.assessed_on from unnest(cast(:ids as uuid[])) as wanted (id)
        cross join lateral
            (select assessed_on from assessment where case_id = wanted.id order by id desc limit 1) newest
        """,
        ids=sorted(case_ids),
    )
    return {row["id"]: row["assessed_on"] for row in rows}


async def lock_open_cases(session: WriteSession, member_ids: Collection[UUID]) -> Sequence[Row]:
    """The cases of these members that have not ended, held until the transaction ends."""
    return await session.fetch(
        """
        select * from debt_case
        where member_id = any(cast(:ids as uuid[])) and stage not in ('resolved', 'dropped')
        order by id for update
        """,
        ids=sorted(member_ids),
    )


async def income_of_member(session: ReadSession, member_id: UUID, fiscal_year_be: int) -> Row | None:
    """The expected income of a member's household by month (JSON text), of that year or the nearest before it."""
    return await session.fetch_one(
        """
        select id, fiscal_year_be, cast(months as text) as months from income_plan
        where member_id = :member_id and fiscal_year_be <= :fiscal_year_be
        order by fiscal_year_be desc, id desc limit 1
        """,
        member_id=member_id,
        fiscal_year_be=fiscal_year_be,
    )


async def own_debt(session: ReadSession, member_id: UUID, cooperative_id: UUID, on: date, until: date) -> Row:
    """What a member owes at the co-operative: outstanding, overdue, due up to a day, and since when.

    Outstanding is principal, and the interest of what is overdue.
    """
    rows = await session.fetch(
        """
        select * from debt_of_loans(
            array(select id from loan
                  where member_id = :member_id and cooperative_id = :cooperative_id and status = 'active'),
            :on, :until)
        """,
        member_id=member_id,
        cooperative_id=cooperative_id,
        on=on,
        until=until,
    )
    return rows[0]


async def debt_elsewhere(session: ReadSession, member_id: UUID, on: date, until: date) -> Row:
    """The same sums of what the member's person owes at other co-operatives, whoever may see those."""
    rows = await session.fetch(
        "select * from person_debt_elsewhere(:member_id, :on, :until)", member_id=member_id, on=on, until=until
    )
    return rows[0]


async def external_debts(session: ReadSession, member_id: UUID) -> Sequence[Row]:
    """What the member's person owes to other lenders."""
    return await session.fetch(
        """
        select e.creditor, e.outstanding, e.annual_payment, e.as_of
        from member m join external_debt e on e.person_id = m.person_id where m.id = :member_id
        order by e.creditor, e.id
        """,
        member_id=member_id,
    )


def every_case(session: ReadSession) -> AsyncIterator[Row]:
    """All cases as they are now."""
    return session.stream("select * from debt_case order by id")
