"""The produce file of a co-operative: weighing slips become deliveries."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.livelihood.code_lists.domain import CODE_LISTS
from services.livelihood.deliveries.service import NewDelivery, record_deliveries
from services.livelihood.errors import DeliveryNumberTaken, SharesOverGross, WorthOutOfBounds
from services.livelihood.projections.repository import find_members_by_number
from shared.chassis.database import Row, WriteSession
from shared.chassis.feeds import (
    ACCEPTED,
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
from shared.kernel.errors import DomainError


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    members = await find_members_by_number(session, [row.data["member"] for row in rows])
    outcomes = {row.row_number: waiting(f"member:{row.data['member']}") for row in rows}
    known = [row for row in rows if row.data["member"] in members]
    recorded = await record_deliveries(session, [_new_delivery(row.data, members[row.data["member"]]) for row in known])
    for row, outcome in zip(known, recorded, strict=True):
        if isinstance(outcome, DomainError):
            outcomes[row.row_number] = rejected(*_REJECTS[type(outcome)])
        else:
            outcomes[row.row_number] = ACCEPTED if outcome else UNCHANGED
    return outcomes


_REJECTS: Mapping[type[DomainError], tuple[str, str]] = {
    SharesOverGross: ("out_of_range", "savings_share"),
    WorthOutOfBounds: ("out_of_range", "kilograms"),
    DeliveryNumberTaken: ("delivery_number_taken", "delivery_number"),
}


def _new_delivery(data: Mapping[str, Any], member: Row) -> NewDelivery:
    return NewDelivery(
        cooperative_id=member["cooperative_id"],
        member_id=member["id"],
        delivery_number=data["delivery_number"],
        delivered_on=date.fromisoformat(data["delivered_on"]),
        crop=data["crop"],
        kilograms=Decimal(data["kilograms"]),
        price_satang_per_kilogram=data["price_per_kilogram"],
        savings_share=Decimal(data.get("savings_share") or 0),
    )


PRODUCE = FeedKind(
    name="produce",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True, length_max=40),
        Column("delivery_number", "เลขที่ใบชั่ง", "code", required=True, length_max=60),
        Column("delivered_on", "วันที่ส่งผลผลิต", "date", required=True, not_after_as_of=True),
        Column("crop", "ชนิดผลผลิต", "code", required=True, choices=tuple(CODE_LISTS["crop"])),
        Column("kilograms", "น้ำหนัก (กก.)", "decimal", required=True, places_max=3, minimum=0, maximum=99_999_999_999),
        Column("price_per_kilogram", "ราคาต่อกก.", "money", required=True),
        Column("savings_share", "สัดส่วนเงินออม", "decimal", places_max=4, minimum=0, maximum=1),
    ],
    key=("cooperative_code", "delivery_number"),
    derive=member_named,
    validate=reject_out_of_reach,
    apply=_apply,
)
