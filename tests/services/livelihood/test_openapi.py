"""Goal: whatever is sent to livelihood, its answer is one that its OpenAPI document describes, and never a 5xx."""

import httpx2

from shared.chassis.database import Database
from shared.kernel.identifiers import derived_id
from tests.openapi import Contract, made, send_file
from tests.services.livelihood.conftest import MEMBER, cooperative, hear_all, household, member, plan

KNOWN = {
    "cooperative_id": "select id from cooperative",
    "member_id": "select id from member",
    "delivery_id": "select id from produce_delivery union select id from feed_delivery",
    "kind": "select kind from feed_delivery",
    "job_id": "select id from job",
}


async def _fill(database: Database, client: httpx2.AsyncClient) -> None:
    elsewhere = cooperative(derived_id("test", "C-5001"), "5001")
    await hear_all(database, [cooperative(), elsewhere, member(), household(), plan()])
    delivery = {
        "member_id": str(MEMBER),
        "delivery_number": "D-1",
        "delivered_on": "2022-11-20",
        "crop": "rice_wet",
        "kilograms": "1000.000",
        "price_per_kilogram": "10.00",
        "savings_share": "0.05",
    }
    await made(client.post("/livelihood/v1/produce-deliveries", json=delivery))
    await send_file(client, "livelihood", "produce")


CONTRACT = Contract("livelihood", fill=_fill, known=KNOWN)
api = CONTRACT.api()
test_every_answer_is_in_the_document = CONTRACT.every_answer()
test_every_answer_to_who_may_less_is_in_the_document = CONTRACT.every_answer_to_who_may_less()
test_every_answer_is_in_the_document_at_length = CONTRACT.every_answer_at_length()
