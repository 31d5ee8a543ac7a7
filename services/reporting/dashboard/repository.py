"""All SQL that is the dashboard's own; figures come from the KPIs."""

from collections.abc import Sequence

from shared.chassis.database import ReadSession


async def fiscal_years(session: ReadSession) -> Sequence[int]:
    """Fiscal years with a baseline within reach, newest first."""
    rows = await session.fetch("select distinct fiscal_year_be from baseline order by 1 desc limit 20")
    return [row["fiscal_year_be"] for row in rows]


async def applied_offsets(session: ReadSession, consumer: str) -> tuple[int, int]:
    """How much the read model has applied and how many targets people have set: when neither moves, no figure does."""
    row = await session.fetch_one(
        """
        select (select coalesce(sum(next_offset), 0) from consumer_offset where consumer = :consumer) as applied,
               (select count(*) from kpi_target) as targets
        """,
        consumer=consumer,
    )
    return (0, 0) if row is None else (int(row["applied"]), int(row["targets"]))


async def places_of(session: ReadSession, cooperative_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Province and district codes of co-operatives within reach, by id."""
    rows = await session.fetch(
        "select id, province_code, district_code from cooperative where id = any(cast(:ids as uuid[]))",
        ids=list(cooperative_ids),
    )
    return {str(row["id"]): (row["province_code"], row["district_code"]) for row in rows}
