"""Closing business dates, and freezing the baseline of a fiscal year."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.debt.business_days.domain import ONE_DAY
from services.debt.business_days.repository import hold_days
from services.debt.cases.service import open_cases
from services.debt.closing import repository
from services.debt.closing.domain import (
    NPL_DAYS_PAST_DUE,
    baseline_day,
    class_table,
    earliest_first_close,
    identity_gap,
    next_day_to_state,
)
from services.debt.closing.schemas import CloseRead
from services.debt.errors import CloseUnbalanced, FirstCloseTooEarly
from services.debt.loans.events import loan_recorded
from services.debt.plans.review import review_plans
from shared.chassis import outbox
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.jobs import enqueue
from shared.chassis.replay import Outgoing
from shared.contracts.debt import BaselineRecorded, BusinessDateClosed, CohortStanding, ControlTotals, PartsOfChange
from shared.kernel.calendar import fiscal_year_be as fiscal_year_of
from shared.kernel.calendar import fiscal_year_bounds
from shared.kernel.errors import FieldProblem, Invalid, NotFound

COHORT_STATED_DAYS = 731
"""A cohort is stated for its own year and the one after; later closes leave it out."""


class Step(NamedTuple):
    """What one transaction of a close or a baseline came to: how many co-operatives it finished, and whether some of
    those it was asked for have days left."""

    done: int
    left: bool


# The movement's part of a cohort that left is called so in the event.
_PART_NAMES = {"left": "left_cohort"}


async def request_close(
    session: WriteSession, caller: Caller, close_to: date, cooperative_ids: Sequence[UUID] | None
) -> UUID:
    """Queue the close of all co-operatives within reach, or of those named, up to a day.

    Raises:
        NotFound: of the co-operatives that are named some are unknown or out of reach; which, its fields say.
        FirstCloseTooEarly: the day lies before the earliest one of a co-operative that was never closed.
    """
    found = await repository.cooperatives_in_reach(session, cooperative_ids)
    _refuse_unknown(cooperative_ids or (), found)
    too_early = await _first_close_too_early(session, found, close_to)
    if too_early is not None:
        cooperative_id, earliest = too_early
        problem = FieldProblem(
            "close_to", "too_early", f"{earliest} or later for a first close", f"ปิดครั้งแรกได้ตั้งแต่วันที่ {earliest}"
        )
        raise FirstCloseTooEarly(cooperative_id, earliest, [problem])
    return await enqueue(
        session,
        "close",
        {"close_to": close_to, "cooperative_ids": None if cooperative_ids is None else [str(one) for one in found]},
        requested_by=caller.subject,
        total=len(found),
    )


async def request_baseline(session: WriteSession, caller: Caller, fiscal_year_be: int) -> UUID:
    """Queue the baseline of a fiscal year for all co-operatives within reach.

    Raises:
        Invalid: its day has not come.
        FirstCloseTooEarly: its day lies before the earliest one of a co-operative that was never closed.
    """
    baseline_on = baseline_day(fiscal_year_be)
    if baseline_on > today_in_bangkok():
        raise Invalid(
            f"the baseline's day is {baseline_on}",
            f"วันฐานคือวันที่ {baseline_on}",
            [FieldProblem("fiscal_year_be", "in_the_future", "has not begun", "ยังไม่เริ่มต้น")],
        )
    found = await repository.cooperatives_in_reach(session, None)
    too_early = await _first_close_too_early(session, found, baseline_on)
    if too_early is not None:
        cooperative_id, earliest = too_early
        first_year = fiscal_year_of(earliest + ONE_DAY)
        problem = FieldProblem(
            "fiscal_year_be",
            "too_early",
            f"{first_year} or later, or close the co-operative to {earliest} first",
            f"ระบุปี {first_year} เป็นต้นไป หรือปิดวันของสหกรณ์ถึงวันที่ {earliest} ก่อน",
        )
        raise FirstCloseTooEarly(cooperative_id, earliest, [problem])
    return await enqueue(session, "baseline", {"fiscal_year_be": fiscal_year_be}, requested_by=caller.subject)


def _refuse_unknown(wanted: Sequence[UUID], found: Collection[UUID]) -> None:
    known = set(found)
    unknown = [place for place, cooperative_id in enumerate(wanted) if cooperative_id not in known]
    if unknown:
        raise NotFound(
            fields=[
                FieldProblem(
                    f"cooperative_ids.{place}",
                    "unknown_cooperative",
                    "unknown or out of reach; take it out",
                    "ไม่พบสหกรณ์หรืออยู่นอกขอบเขตสิทธิ์ ให้นำออก",
                )
                for place in unknown
            ]
        )


async def _first_close_too_early(
    session: ReadSession, cooperative_ids: Sequence[UUID], close_to: date
) -> tuple[UUID, date] | None:
    """Of the co-operatives whose first close this day would be, the one that must wait longest, if it lies too early.

    What a first close begins, every later one goes on with, month by month: nobody could take it back.
    """
    earliest = {
        row["id"]: earliest_first_close(row["opened_on"])
        for row in await repository.never_closed(session, cooperative_ids)
    }
    last = max(earliest.items(), key=lambda pair: pair[1], default=None)
    return last if last is not None and close_to < last[1] else None


async def list_closes(session: ReadSession, page: PageRequest, cooperative_id: UUID) -> Page[CloseRead]:
    """What was stated of a co-operative's days, the newest first."""
    after = page.after(date, int)
    rows = await repository.list_statements(
        session, cooperative_id, (after[0], after[1]) if after else None, page.fetch_limit
    )
    return page_of(
        rows,
        page,
        lambda row: (row["closed_on"], row["revision"]),
        lambda row: CloseRead.model_validate_json(row["statement"]),
    )


async def close_cooperatives(session: WriteSession, cooperative_ids: Sequence[UUID], close_to: date) -> Step:
    """Take each of these co-operatives one stated day nearer to the day to close, in this transaction.

    Every month-end on the way is stated, and the last day. Whoever catches up on years comes back until nothing is
    left, so that a day which is stated stays so whatever happens to the next.

    Raises:
        CloseUnbalanced: the books of some do not balance; nothing of this transaction may stand.
    """
    closed = await hold_days(session, cooperative_ids)
    by_day: dict[date | None, list[UUID]] = {}
    for cooperative_id, closed_on in closed.items():
        if closed_on is None or closed_on < close_to:
            by_day.setdefault(closed_on, []).append(cooperative_id)
    done, left = 0, False
    for closed_on, together in by_day.items():
        on = next_day_to_state(closed_on, close_to)
        await _close_to(session, together, closed_on, on)
        await repository.mark_closed(session, together, on if closed_on is None else closed_on + ONE_DAY, on)
        if on == close_to:
            done += len(together)
        else:
            left = True
    return Step(done, left)


async def freeze_baseline(session: WriteSession, cooperative_ids: Sequence[UUID], fiscal_year_be: int) -> Step:
    """Freeze the cohort of a fiscal year as of the day before it, and open a case for every member overdue then.

    Co-operatives that are not closed that far are closed first, a stated day at a time; what is closed beyond it is
    stated again, with the cohort. The step counts the baselines that are new.
    """
    opened_on = fiscal_year_bounds(fiscal_year_be)[0]
    baseline_on = baseline_day(fiscal_year_be)
    if (await close_cooperatives(session, cooperative_ids, baseline_on)).left:
        return Step(0, left=True)
    fresh = await repository.without_baseline(session, cooperative_ids, fiscal_year_be)
    if not fresh:
        return Step(0, left=False)
    await repository.freeze_cohort(session, fresh, fiscal_year_be, baseline_on)
    members = await repository.members_without_case(session, fresh, fiscal_year_be, baseline_on)
    await open_cases(session, members, fiscal_year_be, opened_on)
    rows = [
        {**row, "fiscal_year_be": fiscal_year_be, "baseline_on": baseline_on}
        for row in await repository.baseline_figures(session, fresh, fiscal_year_be, baseline_on)
    ]
    await repository.insert_baselines(session, rows)
    await outbox.add_many(session, [(BaselineRecorded.model_validate(row), 1, baseline_on) for row in rows])
    await _restate_with_cohort(session, fresh, fiscal_year_be, baseline_on)
    return Step(len(rows), left=False)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every baseline and every statement of a closed day."""
    async for baseline in repository.every_baseline(session):
        yield BaselineRecorded.model_validate(dict(baseline)), 1, baseline["baseline_on"]
    async for close in repository.every_close(session):
        statement = BusinessDateClosed.model_validate_json(close["statement"])
        yield statement, statement.revision, statement.closed_on


async def _restate_with_cohort(
    session: WriteSession, cooperative_ids: Sequence[UUID], year: int, baseline_on: date
) -> None:
    """State again the days that were closed before their cohort was frozen: what stood then stands, and the cohort is
    added.

    Raises:
        CloseUnbalanced: the parts of a cohort's change do not sum to it.
    """
    until = baseline_on + timedelta(days=COHORT_STATED_DAYS)
    by_day: dict[date, dict[UUID, BusinessDateClosed]] = {}
    for text in await repository.statements_between(session, cooperative_ids, baseline_on, until):
        statement = BusinessDateClosed.model_validate_json(text)
        by_day.setdefault(statement.closed_on, {})[statement.cooperative_id] = statement
    for on, before in sorted(by_day.items()):
        now = await repository.stocks(session, before, on, NPL_DAYS_PAST_DUE)
        stocks = await repository.cohort_stocks(session, before, on, [year])
        moved = await repository.cohort_movements(session, before, year, baseline_on, on)
        again = []
        for cooperative_id, statement in before.items():
            parts = _added(PartsOfChange(), moved.get(cooperative_id, {}))
            cohorts = (*statement.cohorts, _cohort_standing(stocks[cooperative_id, year], parts))
            change = {
                "revision": statement.revision + 1,
                "cases_active": now[cooperative_id]["cases_active"],
                "cohorts": tuple(sorted(cohorts, key=lambda cohort: cohort.fiscal_year_be)),
                "cause": "correction",
            }
            again.append(statement.model_copy(update=change))
        _refuse_unbalanced(again)
        await _publish(session, again)


def _refuse_unbalanced(statements: Sequence[BusinessDateClosed]) -> None:
    gaps = {
        statement.cooperative_id: gap
        for statement in statements
        for cohort in statement.cohorts
        if (gap := _gap_of(cohort))
    }
    if gaps:
        raise CloseUnbalanced(gaps)


async def _publish(session: WriteSession, statements: Sequence[BusinessDateClosed]) -> None:
    """Keep statements as they are published; all revisions stay."""
    await repository.insert_statements(
        session,
        [
            {
                "cooperative_id": statement.cooperative_id,
                "closed_on": statement.closed_on,
                "revision": statement.revision,
                "covers_from": statement.covers_from,
                "statement": statement.model_dump_json(),
                "cause": statement.cause,
            }
            for statement in statements
        ],
    )
    await outbox.add_many(session, [(one, one.revision, one.closed_on) for one in statements])


async def _close_to(session: WriteSession, cooperative_ids: list[UUID], after: date | None, on: date) -> None:
    """One stated day: what fell into arrears, classes, plans and cases, then the statement of each co-operative."""
    start = after or date.min
    await repository.book_newly_overdue(session, cooperative_ids, start, on)
    altered = await repository.restate_loans(session, cooperative_ids, on, class_table(on))
    await outbox.add_many(session, [loan_recorded(row) for row in altered])
    await review_plans(session, cooperative_ids, on)
    await _publish(session, await _statements(session, cooperative_ids, after, on))


async def _statements(
    session: WriteSession, cooperative_ids: list[UUID], after: date | None, on: date
) -> list[BusinessDateClosed]:
    """What stands at the close of a day.

    Raises:
        CloseUnbalanced: overdue debt by the instalments is not overdue debt by its movements.
    """
    start = after or date.min
    last = {
        cooperative_id: BusinessDateClosed.model_validate_json(text)
        for cooperative_id, text in (await repository.last_statements(session, cooperative_ids)).items()
    }
    stocks = await repository.stocks(session, cooperative_ids, on, NPL_DAYS_PAST_DUE)
    moved = await repository.movements(session, cooperative_ids, start, on)
    control = await repository.control_totals(session, cooperative_ids, start, on)
    cohorts = await _cohorts(session, cooperative_ids, last, on)
    gaps = {}
    statements = []
    for cooperative_id in cooperative_ids:
        stock = stocks[cooperative_id]
        before = last.get(cooperative_id)
        overdue_before = 0 if before is None else before.overdue_principal + before.overdue_interest
        overdue_now = stock["overdue_principal"] + stock["overdue_interest"]
        gap = overdue_before - overdue_now - moved.get(cooperative_id, 0)
        gap = gap or next((_gap_of(cohort) for cohort in cohorts[cooperative_id] if _gap_of(cohort)), 0)
        if gap:
            gaps[cooperative_id] = gap
        totals = control.get(cooperative_id)
        statements.append(
            BusinessDateClosed(
                **{name: stock[name] for name in stock},
                closed_on=on,
                revision=1,
                covers_from=None if after is None else after + ONE_DAY,
                control=_NO_TOTALS if totals is None else ControlTotals.model_validate(totals),
                cohorts=tuple(cohorts[cooperative_id]),
            )
        )
    if gaps:
        raise CloseUnbalanced(gaps)
    return statements


_NO_TOTALS = ControlTotals(
    payments=0, payments_amount=0, reversals=0, reversals_amount=0, waivers=0, waivers_amount=0,
    deductions_settled=0, deductions_applied=0,
)  # fmt: skip


async def _cohorts(
    session: WriteSession, cooperative_ids: list[UUID], last: Mapping[UUID, BusinessDateClosed], on: date
) -> dict[UUID, list[CohortStanding]]:
    """How each cohort stands, with the parts of its change since the baseline.

    The parts stated last are added up further, so that a night reads a night's movements and not a year's.
    """
    frozen = await repository.cohort_years(session, cooperative_ids, on)
    years = {year: day for year, day in frozen.items() if on <= day + timedelta(days=COHORT_STATED_DAYS)}
    stocks = await repository.cohort_stocks(session, cooperative_ids, on, years)
    found: dict[UUID, list[CohortStanding]] = {cooperative_id: [] for cooperative_id in cooperative_ids}
    for year, baseline_on in sorted(years.items()):
        stated, since = _stated_parts(last, year, baseline_on)
        for start in set(since.values()) | {baseline_on}:
            together = [one for one in cooperative_ids if since.get(one, baseline_on) == start]
            moved = await repository.cohort_movements(session, together, year, start, on)
            for cooperative_id in together:
                stock = stocks.get((cooperative_id, year))
                if stock is not None:
                    parts = _added(stated.get(cooperative_id, PartsOfChange()), moved.get(cooperative_id, {}))
                    found[cooperative_id].append(_cohort_standing(stock, parts))
    return found


def _stated_parts(
    last: Mapping[UUID, BusinessDateClosed], year: int, baseline_on: date
) -> tuple[dict[UUID, PartsOfChange], dict[UUID, date]]:
    """The parts of a cohort that were stated last, and up to which day, per co-operative."""
    stated: dict[UUID, PartsOfChange] = {}
    since: dict[UUID, date] = {}
    for cooperative_id, statement in last.items():
        for cohort in statement.cohorts:
            if cohort.fiscal_year_be == year and cohort.baseline_on == baseline_on:
                stated[cooperative_id], since[cooperative_id] = cohort.parts, statement.closed_on
    return stated, since


def _added(parts: PartsOfChange, moved: Mapping[str, int]) -> PartsOfChange:
    sums = parts.model_dump()
    for part, amount in moved.items():
        sums[_PART_NAMES.get(part, part)] += amount
    return PartsOfChange.model_validate(sums)


def _cohort_standing(stock: Row, parts: PartsOfChange) -> CohortStanding:
    values: dict[str, Any] = {name: stock[name] for name in stock if name != "cooperative_id"}
    return CohortStanding(**values, parts=parts)


def _gap_of(cohort: CohortStanding) -> int:
    parts = {name.removesuffix("_cohort"): amount for name, amount in cohort.parts.model_dump().items()}
    return identity_gap(cohort.overdue_at_baseline, cohort.overdue, parts)
