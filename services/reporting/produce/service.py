"""What livelihood's events change in the read model."""

from collections.abc import Sequence

from services.reporting.changes import Changes
from services.reporting.measures.repository import store_revisions
from services.reporting.produce.domain import is_reversed, of_delivery, of_settlement
from services.reporting.produce.repository import standing_deliveries
from shared.chassis.database import WriteSession
from shared.chassis.events import InvalidEvent, Received
from shared.chassis.inbox import insert_facts, upsert_state
from shared.contracts.livelihood import OccupationPlanRecorded, ProduceDelivered, ProduceSettled


async def store_deliveries(session: WriteSession, received: Sequence[Received[ProduceDelivered]]) -> Changes:
    """Deliveries as they were taken in; one whose reversal came before it counts nowhere.

    A delivery and its settlements come by one partition, so nobody else changes these meanwhile.

    Raises:
        InvalidEvent: the parts of a delivery are not its gross value.
    """
    for item in received:
        if item.event.gross != item.event.savings + item.event.paid + item.event.held:
            raise InvalidEvent("gross is not savings + paid + held")
    rows = [
        {
            "fact_id": item.event.delivery_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "delivered_on": item.event.delivered_on,
            "crop": item.event.crop,
            "kilograms": item.event.kilograms,
            "gross_satang": item.event.gross,
            "savings_satang": item.event.savings,
            "paid_satang": item.event.paid,
            "held_satang": item.event.held,
        }
        for item in received
    ]
    new = await insert_facts(session, "produce_delivery", rows, key="fact_id")
    standing = await standing_deliveries(session, [row["fact_id"] for row in new])
    return Changes([item for row in standing for item in of_delivery(row)])


async def store_settlements(session: WriteSession, received: Sequence[Received[ProduceSettled]]) -> Changes:
    """How deliveries ended; a reversal settles again with a higher revision, and takes back what the delivery gave.

    Raises:
        InvalidEvent: the parts of a delivery are not its gross value.
    """
    for item in received:
        if item.event.gross != item.event.debt + item.event.savings + item.event.paid:
            raise InvalidEvent("gross is not debt + savings + paid")
    rows = [
        {
            "id": item.event.delivery_id,
            "cooperative_id": item.event.cooperative_id,
            "member_id": item.event.member_id,
            "settled_on": item.event.settled_on,
            "gross_satang": item.event.gross,
            "debt_satang": item.event.debt,
            "savings_satang": item.event.savings,
            "paid_satang": item.event.paid,
            "revision": item.event.revision,
        }
        for item in received
    ]
    reversed_ids = {item.event.delivery_id for item in received if is_reversed(item.event.revision)}
    fallen = await standing_deliveries(session, reversed_ids)
    contributions = await store_revisions(session, "produce_settlement", rows, of_settlement)
    return Changes([*contributions, *(item.taken_back() for row in fallen for item in of_delivery(row))])


async def store_occupation_plans(session: WriteSession, received: Sequence[Received[OccupationPlanRecorded]]) -> None:
    """Expected income and cost of households."""
    await upsert_state(
        session,
        "occupation_plan",
        [
            {
                "id": item.event.occupation_plan_id,
                "cooperative_id": item.event.cooperative_id,
                "member_id": item.event.member_id,
                "household_id": item.event.household_id,
                "fiscal_year_be": item.event.fiscal_year_be,
                "income_satang": sum(month.income for month in item.event.months),
                "cost_satang": sum(month.cost for month in item.event.months),
                "months": [
                    {"month": month.month.isoformat(), "income_satang": month.income, "cost_satang": month.cost}
                    for month in item.event.months
                ],
                **item.guard(),
            }
            for item in received
        ],
    )
