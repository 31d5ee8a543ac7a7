"""Goal: whatever is sent to literacy, its answer is one that its OpenAPI document describes, and never a 5xx."""

import httpx2

from shared.chassis.database import Database
from shared.kernel.identifiers import derived_id
from tests.openapi import Contract, made, send_file
from tests.services.literacy.test_literacy import COOPERATIVE, cooperative, hear, member

KNOWN = {
    "cooperative_id": "select id from cooperative",
    "member_id": "select id from member",
    "course_id": "select id from course",
    "session_id": "select id from course_session",
    "pledge_id": "select id from savings_pledge",
    "delivery_id": "select id from feed_delivery",
    "kind": "select kind from feed_delivery",
    "job_id": "select id from job",
}


async def _fill(database: Database, client: httpx2.AsyncClient) -> None:
    elsewhere = {
        "cooperative_id": derived_id("test", "C-2"),
        "cooperative_code": "C-2",
        "province_code": "50",
        "district_code": "5001",
    }
    await hear(database, [cooperative(), cooperative().model_copy(update=elsewhere), member("1")])
    course = await made(
        client.post("/literacy/v1/courses", json={"cooperative_id": str(COOPERATIVE), "code": "K1", "title": "บัญชี"})
    )
    await made(client.post(f"/literacy/v1/courses/{course['id']}/sessions", json={"held_on": "2022-11-05"}))
    member_id = str(derived_id("test", "1"))
    pledge = {"member_id": member_id, "amount_per_month": "100.00", "starts_on": "2022-11-01"}
    await made(client.post("/literacy/v1/savings-pledges", json=pledge))
    await send_file(client, "literacy", "household_accounts")


CONTRACT = Contract("literacy", fill=_fill, known=KNOWN)
api = CONTRACT.api()
test_every_answer_is_in_the_document = CONTRACT.every_answer()
test_every_answer_to_who_may_less_is_in_the_document = CONTRACT.every_answer_to_who_may_less()
test_every_answer_is_in_the_document_at_length = CONTRACT.every_answer_at_length()
