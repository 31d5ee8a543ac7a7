"""Use cases of household accounts: figures come in by file, months are closed, and what was closed stays."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from uuid import UUID

from services.literacy.errors import UnknownCooperative, UnknownMember
from services.literacy.household_accounts import repository
from services.literacy.household_accounts.domain import CATEGORIES
from services.literacy.household_accounts.schemas import CloseMonths, LedgerMonthRead, MonthsClosed
from services.literacy.projections.repository import find_cooperative, find_member
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.literacy import CategoryTotals, LedgerMonthRecorded


async def close_months(session: WriteSession, sent: CloseMonths) -> MonthsClosed:
    """Close one month of a co-operative's accounts; a second call closes nothing more. Raises UnknownCooperative."""
    if await find_cooperative(session, sent.cooperative_id) is None:
        raise UnknownCooperative
    rows = await repository.close_months(session, sent.cooperative_id, sent.month, sent.closed_on)
    await publish_months(session, rows)
    return MonthsClosed(closed=len(rows))


async def list_months(
    session: WriteSession, caller: Caller, page: PageRequest, member_id: UUID
) -> Page[LedgerMonthRead]:
    """The months of a member's household account; who was shown is logged. Raises UnknownMember."""
    if await find_member(session, member_id) is None:
        raise UnknownMember
    await log_access(session, caller, "household-month-list", [member_id])
    (after,) = page.after(date) or (date.min,)
    rows = await repository.list_months(session, member_id, after, page.fetch_limit)
    return page_of(rows, page, lambda row: (row["month"],), _shown)


async def publish_months(session: WriteSession, months: Sequence[Row]) -> None:
    """Say what months of accounts now hold."""
    await outbox.add_many(session, [_recorded(month) for month in months])


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every month as it is now."""
    async for month in repository.every_month(session):
        yield _recorded(month)


def _recorded(month: Row) -> Outgoing:
    event = LedgerMonthRecorded(
        ledger_month_id=month["id"],
        household_account_id=month["household_account_id"],
        cooperative_id=month["cooperative_id"],
        member_id=month["member_id"],
        household_id=month["household_id"],
        month=month["month"],
        status=month["status"],
        closed_on=month["closed_on"],
        totals=CategoryTotals(**{category: month[f"{category}_satang"] for category in CATEGORIES}),
    )
    return event, month["version"], month["closed_on"] or month["as_of"]


def _shown(row: Row) -> LedgerMonthRead:
    return LedgerMonthRead.model_validate({**row, **{name: row[f"{name}_satang"] for name in CATEGORIES}})
