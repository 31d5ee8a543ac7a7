"""All SQL by which debt reads again what it has said."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from shared.chassis.database import ReadSession

Rows = AsyncIterator[Mapping[str, Any]]


def every_loan(session: ReadSession) -> Rows:
    """All loans as they are now."""
    return session.stream("select * from loan order by id")


def every_case(session: ReadSession) -> Rows:
    """All cases as they are now."""
    return session.stream("select * from debt_case order by id")


def every_plan(session: ReadSession) -> Rows:
    """All plans as they are now."""
    return session.stream("select * from plan order by id")


def every_payment(session: ReadSession) -> Rows:
    """All postings in their order, each with the fiscal years of the cohorts that its loan belonged to."""
    return session.stream(
        """
        select payment.*, array(
            select fiscal_year_be from cohort_loan join baseline using (cooperative_id, fiscal_year_be)
            where cohort_loan.loan_id = payment.loan_id and baseline_on < payment.posted_on order by fiscal_year_be
        ) as cohort_years
        from payment order by payment.id
        """
    )


def every_waiver(session: ReadSession) -> Rows:
    """All waivers and corrections of them, in their order."""
    return session.stream("select * from waiver order by id")


def every_baseline(session: ReadSession) -> Rows:
    """All frozen cohorts."""
    return session.stream("select * from baseline order by fiscal_year_be, cooperative_id")


def every_close(session: ReadSession) -> Rows:
    """All that was stated of closed days, every revision."""
    return session.stream(
        "select closed_on, cast(statement as text) as statement from close_statement"
        " order by closed_on, cooperative_id, revision"
    )
