"""Goal: whatever is sent to debt, its answer is one that its OpenAPI document describes, and never a 5xx."""

import httpx2

from shared.chassis.database import Database
from tests.openapi import Contract, made
from tests.services.debt.world import World, loan_row

KNOWN = {
    "cooperative_id": "select id from cooperative",
    "member_id": "select id from member",
    "loan_id": "select id from loan",
    "case_id": "select id from debt_case",
    "plan_id": "select id from plan",
    "payment_id": "select id from payment",
    "delivery_id": "select id from feed_delivery",
    "kind": "select kind from feed_delivery",
    "job_id": "select id from job",
}


async def _fill(database: Database, client: httpx2.AsyncClient) -> None:
    """A member with two loans, of which one is paid on, a case and a plan for it."""
    world = World(database)
    cooperative_id = await world.cooperative()
    await world.cooperative("C2", district="5001")
    await world.members("C1", "1")
    await world.send(client, "loans", [loan_row(), loan_row(number="L2")])
    await made(client.post("/debt/v1/baselines", json={"fiscal_year_be": 2566}))
    await world.run_jobs()
    loan = (await made(client.get(f"/debt/v1/loans?cooperative_id={cooperative_id}")))["items"][0]
    payment = {"loan_id": loan["id"], "receipt_number": "R1", "value_on": "2022-10-05", "amount": "10.00"}
    await made(client.post("/debt/v1/payments", json=payment))
    case_id = (await made(client.get("/debt/v1/cases")))["items"][0]["id"]
    household = {"household_expense": "60000.00", "household_size": 4, "nonfarm_income": "240000.00"}
    await made(client.post(f"/debt/v1/cases/{case_id}/assessments", json=household))
    plan = {"case_id": case_id, "deduction_share": "0.30", "instalments": 2}
    await made(client.post("/debt/v1/plans", json=plan))


CONTRACT = Contract("debt", fill=_fill, known=KNOWN)
api = CONTRACT.api()
test_every_answer_is_in_the_document = CONTRACT.every_answer()
test_every_answer_to_who_may_less_is_in_the_document = CONTRACT.every_answer_to_who_may_less()
test_every_answer_is_in_the_document_at_length = CONTRACT.every_answer_at_length()
