"""All SQL of household accounts and their months."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.literacy.household_accounts.domain import CATEGORIES
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.inbox import to_json

_AMOUNTS = tuple(f"{category}_satang" for category in CATEGORIES)


async def insert_accounts(session: WriteSession, accounts: Sequence[dict[str, Any]]) -> dict[UUID, UUID]:
    """Open accounts for members that have none; returns the account of every member named."""
    await session.execute(
        """
        insert into household_account
        select * from jsonb_populate_recordset(cast(null as household_account), cast(:rows as jsonb)) order by id
        on conflict do nothing
        """,
        rows=to_json(accounts),
    )
    rows = await session.fetch(
        "select id, member_id from household_account where member_id = any(cast(:members as uuid[]))",
        members=[account["member_id"] for account in accounts],
    )
    return {row["member_id"]: row["id"] for row in rows}


async def lock_months(
    session: WriteSession, months: Mapping[tuple[UUID, date], dict[str, Any]]
) -> dict[tuple[UUID, date], dict[str, Any]]:
    """Months of accounts by account and month, locked in the order of their ids; those that are missing are made.

    Made first, then locked: of two files with figures of one new month, the second finds what the first wrote.
    """
    await session.execute(
        """
        insert into ledger_month
        select * from jsonb_populate_recordset(cast(null as ledger_month), cast(:rows as jsonb)) order by id
        on conflict do nothing
        """,
        rows=to_json(list(months.values())),
    )
    rows = await session.fetch(
        """
        select ledger_month.* from ledger_month
        join unnest(cast(:accounts as uuid[]), cast(:months as date[])) as wanted (account, wanted_month)
            on household_account_id = wanted.account and month = wanted.wanted_month
        order by ledger_month.id for update of ledger_month
        """,
        accounts=[account for account, _ in months],
        months=[month for _, month in months],
    )
    return {(row["household_account_id"], row["month"]): dict(row) for row in rows}


async def store_months(session: WriteSession, months: Sequence[dict[str, Any]]) -> None:
    """Write the figures of months that are locked."""
    changes = ", ".join(f"{column} = new.{column}" for column in (*_AMOUNTS, "as_of", "stated_on", "version"))
    await session.execute(
        f"""
        update ledger_month set {changes}
        from jsonb_populate_recordset(cast(null as ledger_month), cast(:rows as jsonb)) as new
        where ledger_month.id = new.id
        """,
        rows=to_json(months),
    )


async def close_months(session: WriteSession, cooperative_id: UUID, month: date, closed_on: date) -> Sequence[Row]:
    """Close the open months of a co-operative's accounts; returns the rows closed now."""
    return await session.fetch(
        """
        with closing as (
            select id from ledger_month where cooperative_id = :cooperative and month = :month and status = 'open'
            order by id for update
        )
        update ledger_month set status = 'closed', closed_on = :closed_on, version = version + 1
        from closing where ledger_month.id = closing.id
        returning ledger_month.*
        """,
        cooperative=cooperative_id,
        month=month,
        closed_on=closed_on,
    )


async def list_months(session: ReadSession, member_id: UUID, after: date, limit: int) -> Sequence[Row]:
    """A member's months in order."""
    return await session.fetch(
        "select * from ledger_month where member_id = :member and month > :after order by month limit :limit",
        member=member_id,
        after=after,
        limit=limit,
    )


def every_month(session: ReadSession) -> AsyncIterator[Row]:
    """All months of all accounts."""
    return session.stream("select * from ledger_month order by month, id")
