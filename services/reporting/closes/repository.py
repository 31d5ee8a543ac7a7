"""All SQL of what debt states at a baseline or a close."""

from collections.abc import Sequence
from typing import Any, Final

from shared.chassis.database import WriteSession
from shared.chassis.inbox import to_json

_STANDING_KEY: Final = ("cooperative_id", "fiscal_year_be")
STANDING_COHORT: Final = (
    "cohort_baseline_satang",
    "cohort_overdue_satang",
    "cash_satang",
    "produce_satang",
    "set_off_satang",
    "waived_satang",
    "written_off_satang",
    "rescheduled_satang",
    "left_cohort_satang",
    "newly_overdue_satang",
    "cohort_loans",
    "cohort_loans_cured",
    "participants_debt_baseline_satang",
    "participants_debt_satang",
)
"""Columns of a standing that are empty while its close states no cohort of the year."""


async def insert_statements(session: WriteSession, table: str, rows: Sequence[dict[str, Any]], key: str) -> None:
    """Insert statements; one that is known (by the columns of `key`) changes nothing."""
    if not rows:
        return
    names = ", ".join(rows[0])
    await session.execute(
        f"""
        insert into {table} ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) order by {key}
        on conflict ({key}) do nothing
        """,
        rows=to_json(rows),
    )


async def upsert_standings(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Let the newest close of a fiscal year stand: the later date, and of one date the higher revision."""
    if not rows:
        return
    columns = list(rows[0])
    names = ", ".join(columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in _STANDING_KEY)
    await session.execute(
        f"""
        insert into standing as target ({names})
        select {names} from jsonb_populate_recordset(cast(null as standing), cast(:rows as jsonb))
         order by cooperative_id, fiscal_year_be
        on conflict (cooperative_id, fiscal_year_be) do update set {changes}
        where (target.closed_on, target.revision) < (excluded.closed_on, excluded.revision)
        """,
        rows=to_json(rows),
    )
