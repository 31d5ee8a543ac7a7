"""All SQL of loans and their instalments."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.loans.domain import Instalment
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.rows import insert_rows

LOAN_TYPES: Mapping[str, str] = {
    "id": "uuid",
    "cooperative_id": "uuid",
    "member_id": "uuid",
    "loan_number": "text",
    "loan_type": "text",
    "principal": "bigint",
    "annual_rate": "numeric",
    "disbursed_on": "date",
    "method": "text",
    "frequency": "text",
    "harvest_months": "text",
    "instalments": "smallint",
    "first_due_on": "date",
    "day_count": "text",
    "cut_over_on": "date",
    "opening_principal": "bigint",
    "opening_interest": "bigint",
    "opening_fee": "bigint",
    "opening_overdue_principal": "bigint",
    "opening_last_paid_on": "date",
    "opened_on": "date",
    "outstanding_principal": "bigint",
    "overdue_principal": "bigint",
    "overdue_interest": "bigint",
    "oldest_unpaid_due_on": "date",
    "loan_class": "text",
    "status": "text",
    "as_of": "date",
    "version": "bigint",
}

# In the order of the domain's Instalment, so that a row becomes one without naming its parts.
INSTALMENT_COLUMNS = ", ".join(Instalment._fields)


async def find_by_number(session: ReadSession, numbers: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """Ids of the loans that these co-operatives know under these numbers."""
    wanted = sorted(set(numbers))
    rows = await session.fetch(
        """
        select loan.id, loan.cooperative_id, loan.loan_number
        from unnest(cast(:cooperative_ids as uuid[]), cast(:numbers as text[])) as wanted (cooperative_id, loan_number)
        join loan using (cooperative_id, loan_number)
        """,
        cooperative_ids=[cooperative_id for cooperative_id, _ in wanted],
        numbers=[number for _, number in wanted],
    )
    return {(row["cooperative_id"], row["loan_number"]): row["id"] for row in rows}


async def find_loans(session: ReadSession, loan_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Loans by id, those within reach."""
    rows = await session.fetch("select * from loan where id = any(cast(:ids as uuid[]))", ids=sorted(set(loan_ids)))
    return {row["id"]: row for row in rows}


async def find_loan(session: ReadSession, loan_id: UUID) -> Row | None:
    """One loan, or None when there is none within reach."""
    return await session.fetch_one("select * from loan where id = :id", id=loan_id)


async def lock_loans(session: WriteSession, loan_ids: Collection[UUID]) -> Sequence[Row]:
    """Loans held until the transaction ends, always locked in the order of their ids."""
    return await session.fetch(
        "select * from loan where id = any(cast(:ids as uuid[])) order by id for update", ids=sorted(set(loan_ids))
    )


async def active_loan_ids(session: ReadSession, members: Collection[tuple[UUID, UUID]]) -> dict[UUID, list[UUID]]:
    """Ids of the open loans by member, of (member, co-operative) pairs."""
    wanted = sorted(set(members))
    rows = await session.fetch(
        """
        select loan.id, loan.member_id
        from unnest(cast(:member_ids as uuid[]), cast(:cooperative_ids as uuid[])) as wanted (member_id, cooperative_id)
        join loan using (member_id, cooperative_id) where loan.status = 'active' order by loan.id
        """,
        member_ids=[member_id for member_id, _ in wanted],
        cooperative_ids=[cooperative_id for _, cooperative_id in wanted],
    )
    found: dict[UUID, list[UUID]] = {member_id: [] for member_id, _ in wanted}
    for row in rows:
        found[row["member_id"]].append(row["id"])
    return found


async def instalments_of_loans(session: ReadSession, loan_ids: Collection[UUID]) -> dict[UUID, list[Instalment]]:
    """Every instalment of these loans, in due order."""
    rows = await (await session.raw()).fetch(
        f"select loan_id, {INSTALMENT_COLUMNS} from instalment where loan_id = any($1::uuid[])"
        " order by loan_id, due_on, number",
        sorted(set(loan_ids)),
    )
    found: dict[UUID, list[Instalment]] = {loan_id: [] for loan_id in loan_ids}
    for row in rows:
        found[row["loan_id"]].append(Instalment(*tuple(row)[1:]))
    return found


async def cohorts_of_loans(session: ReadSession, loan_ids: Collection[UUID]) -> dict[UUID, list[tuple[int, date]]]:
    """(fiscal year, baseline date) of the cohorts these loans belong to."""
    rows = await session.fetch(
        """
        select cohort_loan.loan_id, cohort_loan.fiscal_year_be, baseline.baseline_on
        from cohort_loan join baseline using (cooperative_id, fiscal_year_be)
        where cohort_loan.loan_id = any(cast(:ids as uuid[])) order by fiscal_year_be
        """,
        ids=sorted(set(loan_ids)),
    )
    found: dict[UUID, list[tuple[int, date]]] = {}
    for row in rows:
        found.setdefault(row["loan_id"], []).append((row["fiscal_year_be"], row["baseline_on"]))
    return found


async def insert_loans(
    session: WriteSession, loans: Sequence[Mapping[str, Any]], instalments: Sequence[Sequence[Instalment]]
) -> None:
    """New loans, each with its opening instalments.

    Ten instalments come with a loan, so they travel as plain integers; what follows from their loan is put in here.
    """
    await insert_rows(session, "loan", LOAN_TYPES, [[loan[column] for column in LOAN_TYPES] for loan in loans])
    parts = [
        (place, part.number, part.due_on.toordinal(), part.principal, part.interest, part.fee)
        for place, own in enumerate(instalments, 1)
        for part in own
    ]
    if not parts:
        return
    await (await session.raw()).execute(
        """
        insert into instalment (loan_id, number, cooperative_id, due_on, overdue_from, principal, interest, fee,
                                accrued_to)
        select l.id, p.number, l.cooperative_id, p.due_on, greatest(p.due_on + 1, l.opened_on), p.principal, p.interest,
               p.fee, case when p.due_on < l.cut_over_on then l.cut_over_on end
        from (select place, number, date '0001-01-01' + ordinal - 1 as due_on, principal, interest, fee
              from unnest($1::integer[], $2::smallint[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
                   as sent (place, number, ordinal, principal, interest, fee)) p
        join (select * from unnest($7::uuid[], $8::uuid[], $9::date[], $10::date[]) with ordinality
                   as own (id, cooperative_id, opened_on, cut_over_on, place)) l on l.place = p.place
        """,
        *(list(column) for column in zip(*parts, strict=True)),
        *([loan[name] for loan in loans] for name in ("id", "cooperative_id", "opened_on", "cut_over_on")),
    )


async def replace_differences(
    session: WriteSession, loan_ids: Collection[UUID], as_of: date, rows: Sequence[Sequence[Any]]
) -> None:
    """What a later file states otherwise of loans. The newest telling of a day stands: what an older one said of these
    loans goes, also where the newer one agrees."""
    await session.execute(
        "delete from loan_difference where loan_id = any(cast(:ids as uuid[])) and as_of = :as_of",
        ids=sorted(loan_ids),
        as_of=as_of,
    )
    types = {
        "loan_id": "uuid",
        "as_of": "date",
        "field": "text",
        "cooperative_id": "uuid",
        "ours": "text",
        "theirs": "text",
        "delivery_id": "uuid",
    }
    await insert_rows(
        session,
        "loan_difference",
        types,
        rows,
    )


async def list_loans(
    session: ReadSession,
    *,
    member_id: UUID | None,
    cooperative_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Loans of a member or a co-operative, by id."""
    return await session.fetch(
        """
        select * from loan
        where (cast(:member_id as uuid) is null or member_id = :member_id)
          and (cast(:cooperative_id as uuid) is null or cooperative_id = :cooperative_id)
          and (cast(:after as uuid) is null or id > :after)
        order by id limit :limit
        """,
        member_id=member_id,
        cooperative_id=cooperative_id,
        after=after,
        limit=limit,
    )


async def list_differences(session: ReadSession, loan_id: UUID, limit: int) -> Sequence[Row]:
    """What later files stated otherwise of a loan, newest first."""
    return await session.fetch(
        "select as_of, field, ours, theirs from loan_difference where loan_id = :id"
        " order by as_of desc, field limit :limit",
        id=loan_id,
        limit=limit,
    )


def every_loan(session: ReadSession) -> AsyncIterator[Row]:
    """All loans as they are now."""
    return session.stream("select * from loan order by id")
