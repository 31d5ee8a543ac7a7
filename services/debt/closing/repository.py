"""All SQL of closes and baselines: set-based, over some co-operatives at a time.

The figures of a day are always taken from the instalments as they stood at the close of that day: what is paid now,
less what was posted later. So it does not matter in which order postings and closes came.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.debt.closing.domain import ClassTable
from shared.chassis.database import ReadSession, Row, WriteSession

# How loans stood at the close of :on, for the co-operatives :ids, once they are restated for that day. Only of a loan
# that is ahead of it already, by something posted later, the lines posted since are taken back.
_STANDING = """
    ahead as materialized (
        select id from loan where cooperative_id = any(cast(:ids as uuid[])) and as_of > :on and opened_on <= :on
    ),
    later as materialized (
        select a.loan_id, a.number, sum(a.principal) as principal, sum(a.interest) as interest
        from ahead join allocation a on a.loan_id = ahead.id and a.posted_on > :on group by a.loan_id, a.number
    ),
    standing as (
        select loan_id, cast(sum(principal) as bigint) as overdue_principal,
               cast(sum(interest) as bigint) as overdue_interest, min(due_on) as oldest_due_on
        from (
            select i.loan_id, i.due_on, i.principal - i.paid_principal + coalesce(later.principal, 0) as principal,
                   i.interest - i.paid_interest + coalesce(later.interest, 0) as interest
            from ahead join instalment i on i.loan_id = ahead.id and i.overdue_from <= :on
            left join later on later.loan_id = i.loan_id and later.number = i.number
        ) unpaid
        where principal + interest > 0 group by loan_id
    ),
    returned as (select loan_id, cast(sum(principal) as bigint) as principal from later group by loan_id),
    balance as materialized (
        select id, cooperative_id, member_id, outstanding_principal, status = 'active' as active,
               overdue_principal, overdue_interest, oldest_unpaid_due_on as oldest_due_on
        from loan where cooperative_id = any(cast(:ids as uuid[])) and as_of <= :on
        union all
        select loan.id, loan.cooperative_id, loan.member_id,
               loan.outstanding_principal + coalesce(returned.principal, 0),
               loan.status = 'active' or returned.loan_id is not null,
               coalesce(standing.overdue_principal, 0), coalesce(standing.overdue_interest, 0),
               standing.oldest_due_on
        from ahead join loan using (id)
        left join returned on returned.loan_id = loan.id
        left join standing on standing.loan_id = loan.id
    )
"""


async def cooperatives_in_reach(session: ReadSession, wanted: Collection[UUID] | None) -> list[UUID]:
    """Ids of the co-operatives within reach, of those wanted if any are named."""
    rows = await session.fetch(
        "select id from cooperative where cast(:wanted as uuid[]) is null or id = any(cast(:wanted as uuid[]))"
        " order by id",
        wanted=None if wanted is None else sorted(set(wanted)),
    )
    return [row["id"] for row in rows]


async def loans_per_cooperative(session: ReadSession, cooperative_ids: Collection[UUID]) -> Sequence[Row]:
    """Each co-operative with its last closed day and how many loans it has."""
    return await session.fetch(
        """
        select wanted.id, business_day.closed_on, count(loan.id) as loans
        from unnest(cast(:ids as uuid[])) as wanted (id)
        left join business_day on business_day.cooperative_id = wanted.id
        left join loan on loan.cooperative_id = wanted.id
        group by wanted.id, business_day.closed_on order by business_day.closed_on nulls first, wanted.id
        """,
        ids=sorted(cooperative_ids),
    )


async def never_closed(session: ReadSession, cooperative_ids: Collection[UUID]) -> Sequence[Row]:
    """Those co-operatives of which no day is closed, each with the day its oldest loan was opened (None: no loan)."""
    return await session.fetch(
        """
        select wanted.id, oldest.opened_on
        from unnest(cast(:ids as uuid[])) as wanted (id)
        cross join lateral (select min(opened_on) as opened_on from loan where loan.cooperative_id = wanted.id) oldest
        where not exists (select from business_day
                          where business_day.cooperative_id = wanted.id and business_day.closed_on is not null)
        order by wanted.id
        """,
        ids=sorted(cooperative_ids),
    )


async def book_newly_overdue(
    session: WriteSession, cooperative_ids: Collection[UUID], after: date, until: date
) -> None:
    """Book what falls into arrears by time alone, on the day it does: what is unpaid when its day begins."""
    await session.execute(
        """
        with touched as materialized (
            select a.loan_id, a.number,
                   sum(a.principal + a.interest) filter (where a.posted_on >= i.overdue_from) as returned
            from allocation a join instalment i using (loan_id, number)
            where a.cooperative_id = any(cast(:ids as uuid[])) and a.posted_on > :after
              and i.overdue_from > :after and i.overdue_from <= :until
            group by a.loan_id, a.number
        ),
        falling as (
            select i.loan_id, i.cooperative_id, i.overdue_from,
                   i.principal - i.paid_principal + i.interest - i.paid_interest as amount
            from instalment i
            where i.cooperative_id = any(cast(:ids as uuid[])) and i.overdue_from > :after and i.overdue_from <= :until
              and (i.paid_principal < i.principal or i.paid_interest < i.interest)
              and not exists (select from touched t where t.loan_id = i.loan_id and t.number = i.number)
            union all
            select i.loan_id, i.cooperative_id, i.overdue_from,
                   i.principal - i.paid_principal + i.interest - i.paid_interest + coalesce(touched.returned, 0)
            from touched join instalment i using (loan_id, number)
        )
        insert into overdue_movement (loan_id, cooperative_id, posted_on, part, amount_satang)
        select loan_id, cooperative_id, overdue_from, 'newly_overdue', - cast(sum(amount) as bigint)
        from falling group by loan_id, cooperative_id, overdue_from having sum(amount) <> 0
        """,
        ids=sorted(cooperative_ids),
        after=after,
        until=until,
    )


async def restate_loans(
    session: WriteSession, cooperative_ids: Collection[UUID], on: date, table: ClassTable
) -> Sequence[Row]:
    """Bring overdue figures and classes of loans to the close of a day; returns the loans that changed.

    A loan on which something is posted after that day is ahead of it already and stays.
    """
    thresholds = [
        threshold
        for threshold in reversed(table.thresholds)
        if threshold.months_over is not None and threshold.months_over
    ]
    cases = " ".join(
        f"when b.oldest_due_on + make_interval(months => {int(threshold.months_over or 0)}) < :on"
        f" then '{threshold.loan_class}'"
        for threshold in thresholds
    )
    return await session.fetch(
        f"""
        with standing as (
            select loan_id, cast(sum(principal - paid_principal) as bigint) as overdue_principal,
                   cast(sum(interest - paid_interest) as bigint) as overdue_interest, min(due_on) as oldest_due_on
            from instalment
            where cooperative_id = any(cast(:ids as uuid[])) and overdue_from <= :on
              and (paid_principal < principal or paid_interest < interest)
            group by loan_id
        ),
        judged as (
            select loan.id, coalesce(b.overdue_principal, 0) as overdue_principal,
                   coalesce(b.overdue_interest, 0) as overdue_interest, b.oldest_due_on,
                   case {cases} else 'normal' end as judged_class
            from loan left join standing b on b.loan_id = loan.id
            where loan.cooperative_id = any(cast(:ids as uuid[])) and loan.as_of <= :on
        )
        update loan set overdue_principal = judged.overdue_principal, overdue_interest = judged.overdue_interest,
            oldest_unpaid_due_on = judged.oldest_due_on, loan_class = judged.judged_class, as_of = :on,
            version = loan.version + 1
        from judged
        where loan.id = judged.id
          and (loan.overdue_principal, loan.overdue_interest, loan.oldest_unpaid_due_on, loan.loan_class)
              is distinct from
              (judged.overdue_principal, judged.overdue_interest, judged.oldest_due_on, judged.judged_class)
        returning loan.id, loan.cooperative_id, loan.member_id, loan.disbursed_on, loan.principal, loan.annual_rate,
            loan.outstanding_principal, loan.overdue_principal, loan.overdue_interest, loan.oldest_unpaid_due_on,
            loan.loan_class, loan.status, loan.version, loan.as_of
        """,
        ids=sorted(cooperative_ids),
        on=on,
    )


async def stocks(
    session: ReadSession, cooperative_ids: Collection[UUID], on: date, npl_days_past_due: int
) -> dict[UUID, Row]:
    """What stands at the close of a day, per co-operative."""
    rows = await session.fetch(
        f"""
        with {_STANDING},
        signed as (
            select distinct cooperative_id, member_id from plan
            where cooperative_id = any(cast(:ids as uuid[])) and signed_on <= :on
              and status in ('accepted', 'in_force', 'completed')
        ),
        per_loan as (
            select b.cooperative_id,
                   count(*) filter (where active) as loans,
                   count(*) filter (where oldest_due_on is not null) as loans_overdue,
                   sum(outstanding_principal) as outstanding_principal,
                   sum(overdue_principal) as overdue_principal,
                   sum(overdue_interest) as overdue_interest,
                   sum(outstanding_principal) filter (where oldest_due_on < :npl_before) as npl_principal
            from balance b group by b.cooperative_id
        ),
        per_member as (
            select cooperative_id,
                   count(*) filter (where outstanding > 0) as members_borrowing,
                   count(*) filter (where overdue) as members_overdue,
                   count(*) filter (where overdue and has_plan) as members_overdue_with_plan
            from (
                select b.cooperative_id, b.member_id, sum(b.outstanding_principal) as outstanding,
                       bool_or(b.oldest_due_on is not null) as overdue, bool_or(s.member_id is not null) as has_plan
                from balance b
                left join signed s on s.cooperative_id = b.cooperative_id and s.member_id = b.member_id
                group by b.cooperative_id, b.member_id
            ) member group by cooperative_id
        ),
        cases as (
            select cooperative_id, count(*) as cases_active from debt_case
            where cooperative_id = any(cast(:ids as uuid[])) and opened_on <= :on
              and (resolved_on is null or resolved_on > :on) and stage <> 'dropped'
            group by cooperative_id
        )
        select wanted.id as cooperative_id,
               coalesce(loans, 0) as loans, coalesce(loans_overdue, 0) as loans_overdue,
               cast(coalesce(outstanding_principal, 0) as bigint) as outstanding_principal,
               cast(coalesce(overdue_principal, 0) as bigint) as overdue_principal,
               cast(coalesce(overdue_interest, 0) as bigint) as overdue_interest,
               cast(coalesce(npl_principal, 0) as bigint) as npl_principal,
               coalesce(members_borrowing, 0) as members_borrowing, coalesce(members_overdue, 0) as members_overdue,
               coalesce(members_overdue_with_plan, 0) as members_overdue_with_plan,
               coalesce(cases_active, 0) as cases_active
        from unnest(cast(:ids as uuid[])) as wanted (id)
        left join per_loan on per_loan.cooperative_id = wanted.id
        left join per_member on per_member.cooperative_id = wanted.id
        left join cases on cases.cooperative_id = wanted.id
        """,
        ids=sorted(cooperative_ids),
        on=on,
        npl_before=date.fromordinal(max(1, on.toordinal() - npl_days_past_due)),
    )
    return {row["cooperative_id"]: row for row in rows}


async def cohort_stocks(
    session: ReadSession, cooperative_ids: Collection[UUID], on: date, years: Collection[int]
) -> dict[tuple[UUID, int], Row]:
    """What is left of each cohort, and what its participants owe, at the close of a day."""
    if not years:
        return {}
    rows = await session.fetch(
        f"""
        with {_STANDING},
        cohort as (
            select c.cooperative_id, c.fiscal_year_be, count(*) as loans,
                   count(*) filter (where b.oldest_due_on is null) as loans_cured,
                   sum(b.overdue_principal + b.overdue_interest) as overdue
            from cohort_loan c join balance b on b.id = c.loan_id
            where c.fiscal_year_be = any(cast(:years as integer[])) group by c.cooperative_id, c.fiscal_year_be
        ),
        participants as (
            select d.cooperative_id, d.fiscal_year_be, sum(b.outstanding_principal + b.overdue_interest) as debt
            from debt_case d join balance b on b.cooperative_id = d.cooperative_id and b.member_id = d.member_id
            where d.fiscal_year_be = any(cast(:years as integer[])) group by d.cooperative_id, d.fiscal_year_be
        )
        select baseline.cooperative_id, baseline.fiscal_year_be, baseline.baseline_on,
               baseline.cohort_overdue as overdue_at_baseline,
               baseline.participants_debt as participants_debt_at_baseline,
               coalesce(cohort.loans, 0) as loans, coalesce(cohort.loans_cured, 0) as loans_cured,
               cast(coalesce(cohort.overdue, 0) as bigint) as overdue,
               cast(coalesce(participants.debt, 0) as bigint) as participants_debt
        from baseline
        left join cohort using (cooperative_id, fiscal_year_be)
        left join participants using (cooperative_id, fiscal_year_be)
        where baseline.cooperative_id = any(cast(:ids as uuid[]))
          and baseline.fiscal_year_be = any(cast(:years as integer[])) and baseline.baseline_on < :on
        order by baseline.cooperative_id, baseline.fiscal_year_be
        """,
        ids=sorted(cooperative_ids),
        on=on,
        years=sorted(years),
    )
    return {(row["cooperative_id"], row["fiscal_year_be"]): row for row in rows}


async def movements(
    session: ReadSession, cooperative_ids: Collection[UUID], after: date, until: date
) -> dict[UUID, int]:
    """Σ parts of all loans from the day after `after` up to `until`, per co-operative."""
    rows = await session.fetch(
        """
        select cooperative_id, cast(sum(amount_satang) as bigint) as amount from overdue_movement
        where cooperative_id = any(cast(:ids as uuid[])) and posted_on > :after and posted_on <= :until
        group by cooperative_id
        """,
        ids=sorted(cooperative_ids),
        after=after,
        until=until,
    )
    return {row["cooperative_id"]: row["amount"] for row in rows}


async def cohort_movements(
    session: ReadSession, cooperative_ids: Collection[UUID], year: int, after: date, until: date
) -> dict[UUID, dict[str, int]]:
    """Σ by part of one cohort's loans from the day after `after` up to `until`, per co-operative."""
    rows = await session.fetch(
        """
        select m.cooperative_id, m.part, cast(sum(m.amount_satang) as bigint) as amount
        from overdue_movement m join cohort_loan c on c.loan_id = m.loan_id and c.fiscal_year_be = :year
        where m.cooperative_id = any(cast(:ids as uuid[])) and m.posted_on > :after and m.posted_on <= :until
        group by m.cooperative_id, m.part
        """,
        ids=sorted(cooperative_ids),
        year=year,
        after=after,
        until=until,
    )
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["cooperative_id"], {})[row["part"]] = row["amount"]
    return found


async def control_totals(
    session: ReadSession, cooperative_ids: Collection[UUID], after: date, until: date
) -> dict[UUID, Row]:
    """Count and sum of what was posted after a day up to another, per co-operative."""
    rows = await session.fetch(
        """
        with posted as (
            select cooperative_id, kind, amount from payment
            where cooperative_id = any(cast(:ids as uuid[])) and posted_on > :after and posted_on <= :until
            union all
            select cooperative_id, 'waiver', default_interest from waiver
            where cooperative_id = any(cast(:ids as uuid[])) and posted_on > :after and posted_on <= :until
            union all
            select cooperative_id, 'deduction', applied from deduction
            where cooperative_id = any(cast(:ids as uuid[])) and settled_on > :after and settled_on <= :until
        )
        select cooperative_id,
               count(*) filter (where kind in ('payment', 'correction')) as payments,
               cast(coalesce(sum(amount) filter (where kind = 'payment'), 0) as bigint) as payments_amount,
               count(*) filter (where kind = 'reversal') as reversals,
               cast(coalesce(sum(amount) filter (where kind = 'reversal'), 0) as bigint) as reversals_amount,
               count(*) filter (where kind = 'waiver') as waivers,
               cast(coalesce(sum(amount) filter (where kind = 'waiver'), 0) as bigint) as waivers_amount,
               count(*) filter (where kind = 'deduction') as deductions_settled,
               cast(coalesce(sum(amount) filter (where kind = 'deduction'), 0) as bigint) as deductions_applied
        from posted group by cooperative_id
        """,
        ids=sorted(cooperative_ids),
        after=after,
        until=until,
    )
    return {row["cooperative_id"]: row for row in rows}


async def cohort_years(session: ReadSession, cooperative_ids: Collection[UUID], on: date) -> dict[int, date]:
    """The fiscal years with a cohort frozen before a day, and their baseline dates."""
    rows = await session.fetch(
        """
        select distinct fiscal_year_be, baseline_on from baseline
        where cooperative_id = any(cast(:ids as uuid[])) and baseline_on < :on
        """,
        ids=sorted(cooperative_ids),
        on=on,
    )
    return {row["fiscal_year_be"]: row["baseline_on"] for row in rows}


async def last_statements(session: ReadSession, cooperative_ids: Collection[UUID]) -> dict[UUID, str]:
    """The newest statement of each co-operative, as it was published (JSON)."""
    rows = await session.fetch(
        """
        select distinct on (cooperative_id) cooperative_id, cast(statement as text) as statement from close_statement
        where cooperative_id = any(cast(:ids as uuid[])) order by cooperative_id, closed_on desc, revision desc
        """,
        ids=sorted(cooperative_ids),
    )
    return {row["cooperative_id"]: row["statement"] for row in rows}


async def statements_between(
    session: ReadSession, cooperative_ids: Collection[UUID], after: date, until: date
) -> list[str]:
    """The newest statement of each day after a day up to another, as it was published (JSON)."""
    rows = await session.fetch(
        """
        select distinct on (cooperative_id, closed_on) cast(statement as text) as statement from close_statement
        where cooperative_id = any(cast(:ids as uuid[])) and closed_on > :after and closed_on <= :until
        order by cooperative_id, closed_on, revision desc
        """,
        ids=sorted(cooperative_ids),
        after=after,
        until=until,
    )
    return [row["statement"] for row in rows]


async def insert_statements(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Statements as they are published: co-operative, day, revision, covered days, JSON and cause."""
    await session.execute_many(
        """
        insert into close_statement (cooperative_id, closed_on, revision, covers_from, statement, cause)
        values (:cooperative_id, :closed_on, :revision, :covers_from, cast(:statement as jsonb), :cause)
        """,
        rows,
    )


async def mark_closed(session: WriteSession, cooperative_ids: Collection[UUID], first: date, closed_on: date) -> None:
    """A record for each day from `first` on, and the new end of what is closed."""
    await session.execute(
        """
        insert into close_day (cooperative_id, closed_on)
        select cooperative.id, cast(day as date)
        from unnest(cast(:ids as uuid[])) as cooperative (id)
        cross join generate_series(cast(:first as date), cast(:closed_on as date), interval '1 day') as day
        """,
        ids=sorted(cooperative_ids),
        first=first,
        closed_on=closed_on,
    )
    await session.execute(
        "update business_day set closed_on = :closed_on where cooperative_id = any(cast(:ids as uuid[]))",
        ids=sorted(cooperative_ids),
        closed_on=closed_on,
    )


async def list_statements(
    session: ReadSession, cooperative_id: UUID, before: tuple[date, int] | None, limit: int
) -> Sequence[Row]:
    """Statements of a co-operative, the newest first."""
    return await session.fetch(
        """
        select closed_on, revision, cast(statement as text) as statement from close_statement
        where cooperative_id = :cooperative_id
          and (cast(:closed_on as date) is null or (closed_on, revision) < (cast(:closed_on as date), :revision))
        order by closed_on desc, revision desc limit :limit
        """,
        cooperative_id=cooperative_id,
        closed_on=before[0] if before else None,
        revision=before[1] if before else 0,
        limit=limit,
    )


async def freeze_cohort(session: WriteSession, cooperative_ids: Collection[UUID], year: int, baseline_on: date) -> None:
    """Keep which loans are overdue at the close of a day, and how much of each."""
    await session.execute(
        f"""
        with {_STANDING}
        insert into cohort_loan (fiscal_year_be, loan_id, cooperative_id, member_id, overdue)
        select :year, id, cooperative_id, member_id, overdue_principal + overdue_interest
        from balance where oldest_due_on is not null
        on conflict do nothing
        """,
        ids=sorted(cooperative_ids),
        on=baseline_on,
        year=year,
    )


async def members_without_case(
    session: ReadSession, cooperative_ids: Collection[UUID], year: int, baseline_on: date
) -> Sequence[Row]:
    """Members overdue at the baseline who have no case of the year yet, with what they owe then."""
    return await session.fetch(
        f"""
        with {_STANDING}
        select b.cooperative_id, b.member_id,
               cast(sum(b.overdue_principal + b.overdue_interest) as bigint) as overdue,
               cast(sum(b.outstanding_principal + b.overdue_interest) as bigint) as debt
        from balance b
        where not exists (select from debt_case d where d.member_id = b.member_id
                          and d.cooperative_id = b.cooperative_id and d.fiscal_year_be = :year)
        group by b.cooperative_id, b.member_id having bool_or(b.oldest_due_on is not null)
        order by b.cooperative_id, b.member_id
        """,
        ids=sorted(cooperative_ids),
        on=baseline_on,
        year=year,
    )


async def baseline_figures(
    session: ReadSession, cooperative_ids: Collection[UUID], year: int, baseline_on: date
) -> Sequence[Row]:
    """What a baseline states of each co-operative that has none of the year yet."""
    return await session.fetch(
        f"""
        with {_STANDING},
        whole as (
            select cooperative_id, sum(overdue_principal + overdue_interest) as overdue_all,
                   sum(outstanding_principal) as outstanding_all
            from balance group by cooperative_id
        ),
        cohort as (
            select cooperative_id, count(*) as loans, count(distinct member_id) as members, sum(overdue) as overdue
            from cohort_loan where fiscal_year_be = :year group by cooperative_id
        ),
        participants as (
            select cooperative_id, count(*) as members, sum(debt_at_opening) as debt
            from debt_case where fiscal_year_be = :year group by cooperative_id
        )
        select wanted.id as cooperative_id,
               coalesce(cohort.loans, 0) as cohort_loans, coalesce(cohort.members, 0) as cohort_members,
               cast(coalesce(cohort.overdue, 0) as bigint) as cohort_overdue,
               cast(coalesce(whole.overdue_all, 0) as bigint) as overdue_all,
               cast(coalesce(whole.outstanding_all, 0) as bigint) as outstanding_all,
               coalesce(participants.members, 0) as participants,
               cast(coalesce(participants.debt, 0) as bigint) as participants_debt
        from unnest(cast(:ids as uuid[])) as wanted (id)
        left join whole on whole.cooperative_id = wanted.id
        left join cohort on cohort.cooperative_id = wanted.id
        left join participants on participants.cooperative_id = wanted.id
        """,
        ids=sorted(cooperative_ids),
        on=baseline_on,
        year=year,
    )


async def without_baseline(session: ReadSession, cooperative_ids: Collection[UUID], year: int) -> list[UUID]:
    """Those co-operatives whose baseline of the year is not frozen yet."""
    rows = await session.fetch(
        """
        select wanted.id from unnest(cast(:ids as uuid[])) as wanted (id)
        where not exists (select from baseline where cooperative_id = wanted.id and fiscal_year_be = :year)
        order by wanted.id
        """,
        ids=sorted(cooperative_ids),
        year=year,
    )
    return [row["id"] for row in rows]


async def insert_baselines(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The baselines as they are published."""
    await session.execute_many(
        """
        insert into baseline (cooperative_id, fiscal_year_be, baseline_on, cohort_loans, cohort_members,
            cohort_overdue, overdue_all, outstanding_all, participants, participants_debt)
        values (:cooperative_id, :fiscal_year_be, :baseline_on, :cohort_loans, :cohort_members, :cohort_overdue,
            :overdue_all, :outstanding_all, :participants, :participants_debt)
        """,
        rows,
    )


async def settled_members(session: ReadSession, cooperative_ids: Collection[UUID], on: date) -> set[UUID]:
    """Of the members with an open case or a running plan, those who have nothing overdue at the close of a day."""
    rows = await session.fetch(
        f"""
        with {_STANDING},
        concerned as (
            select member_id from debt_case
            where cooperative_id = any(cast(:ids as uuid[])) and stage not in ('resolved', 'dropped')
            union
            select member_id from plan where cooperative_id = any(cast(:ids as uuid[])) and status = 'in_force'
        )
        select member_id from concerned
        except
        select member_id from balance where oldest_due_on is not null
        """,
        ids=sorted(cooperative_ids),
        on=on,
    )
    return {row["member_id"] for row in rows}


def every_baseline(session: ReadSession) -> AsyncIterator[Row]:
    """All frozen cohorts."""
    return session.stream("select * from baseline order by fiscal_year_be, cooperative_id")


def every_close(session: ReadSession) -> AsyncIterator[Row]:
    """All that was stated of closed days, every revision."""
    return session.stream(
        "select cast(statement as text) as statement from close_statement order by closed_on, cooperative_id, revision"
    )
