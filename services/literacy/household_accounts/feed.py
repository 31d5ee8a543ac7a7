"""The file of household accounts: one row per member, month and category."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.literacy.household_accounts import repository
from services.literacy.household_accounts.domain import CATEGORIES
from services.literacy.household_accounts.service import publish_months
from services.literacy.projections.repository import find_members_by_number
from shared.chassis.database import Row, WriteSession
from shared.chassis.feeds import (
    ACCEPTED,
    OLDER,
    UNCHANGED,
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    member_named,
    reject_out_of_reach,
    rejected,
    waiting,
)
from shared.kernel.identifiers import derived_id


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    members = await find_members_by_number(session, [row.data["member"] for row in rows])
    known = [row for row in rows if row.data["member"] in members]
    accounts = await repository.insert_accounts(
        session,
        [
            {
                "id": derived_id("household-account", member["id"]),
                "cooperative_id": member["cooperative_id"],
                "member_id": member["id"],
                "household_id": member["household_id"],
            }
            for member in {row.data["member"]: members[row.data["member"]] for row in known}.values()
        ],
    )
    wanted = {}
    for row in known:
        keeper = members[row.data["member"]]
        key = (accounts[keeper["id"]], date.fromisoformat(row.data["month"]))
        wanted[key] = _new_month(key, keeper, delivery.as_of)
    months = await repository.lock_months(session, wanted)
    changed: set[tuple[UUID, date]] = set()
    confirmed: set[tuple[UUID, date]] = set()
    outcomes: dict[int, Outcome] = {}
    for row in rows:
        member = members.get(row.data["member"])
        if member is None:
            outcomes[row.row_number] = waiting(f"member:{row.data['member']}")
            continue
        key = (accounts[member["id"]], date.fromisoformat(row.data["month"]))
        before = months[key]["stated_on"]
        outcomes[row.row_number] = _enter(months[key], row.data, delivery.as_of)
        if outcomes[row.row_number] == ACCEPTED:
            changed.add(key)
        elif months[key]["stated_on"] != before:
            confirmed.add(key)  # a figure that stands for a later day now: no older file wins over it
    for key in changed:
        months[key]["version"] += 1
    await repository.store_months(session, [months[key] for key in changed | confirmed])
    await publish_months(session, [months[key] for key in sorted(changed)])
    return outcomes


def _new_month(key: tuple[UUID, date], member: Row, as_of: date) -> dict[str, Any]:
    account_id, month = key
    return {
        "id": derived_id("ledger-month", account_id, month),
        "household_account_id": account_id,
        "cooperative_id": member["cooperative_id"],
        "member_id": member["id"],
        "household_id": member["household_id"],
        "month": month,
        "status": "open",
        "closed_on": None,
        **{f"{category}_satang": 0 for category in CATEGORIES},
        "as_of": as_of,
        "version": 0,
        "stated_on": {},
    }


def _enter(month: dict[str, Any], data: Mapping[str, Any], as_of: date) -> Outcome:
    """Put one amount into its month, unless the month is closed, a later file stated it, or nothing would change.

    Each amount stands for a day of its own: of two files with other categories of one month either may come first.
    """
    column, stated_on = f"{data['category']}_satang", _stated_on(month, data["category"])
    if month["version"] and month[column] == data["amount"]:
        if stated_on is None or stated_on < as_of:
            _stand_for(month, data["category"], as_of)
        return UNCHANGED
    if month["status"] == "closed":
        return rejected("month_closed", "month")
    if stated_on is not None and stated_on > as_of:
        return OLDER
    month[column] = data["amount"]
    _stand_for(month, data["category"], as_of)
    return ACCEPTED


def _stated_on(month: Mapping[str, Any], category: str) -> date | None:
    """The day that a category's amount stands for, None when no file has stated it."""
    if month["stated_on"] is None:  # written when a month had one day for all
        day: date = month["as_of"]
        return day
    text = month["stated_on"].get(category)
    return date.fromisoformat(text) if text else None


def _stand_for(month: dict[str, Any], category: str, day: date) -> None:
    known = month["stated_on"]
    if known is None:
        known = dict.fromkeys(CATEGORIES, month["as_of"].isoformat())
    month.update(stated_on={**known, category: day.isoformat()}, as_of=max(month["as_of"], day))


HOUSEHOLD_ACCOUNTS = FeedKind(
    name="household_accounts",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True, length_max=40),
        Column("month", "เดือน", "month", required=True, not_after_as_of=True),
        Column("category", "หมวด", "code", required=True, choices=CATEGORIES),
        Column("amount", "จำนวนเงิน", "money", required=True),
    ],
    key=("cooperative_code", "member_number", "month", "category"),
    derive=member_named,
    validate=reject_out_of_reach,
    apply=_apply,
)
