"""Goal: whatever is sent to the registry, its answer is one that its OpenAPI document describes, and never a 5xx."""

import httpx2

from shared.chassis.database import Database
from tests.openapi import Contract, made, send_file
from tests.services.registry.deliveries import deliver
from tests.services.registry.households.test_feed import HOUSEHOLDS, household
from tests.services.registry.people import OTHER_PROVINCE, add_cooperative, add_member

KNOWN = {
    "cooperative_id": "select id from cooperative",
    "household_number": "select household_number from household",
    "member_id": "select id from member",
    "household_id": "select id from household",
    "programme_id": "select id from programme",
    "enrolment_id": "select id from enrolment",
    "programme_code": "select code from programme",
    "delivery_id": "select id from feed_delivery",
    "kind": "select kind from feed_delivery",
    "job_id": "select id from job",
}


async def _fill(database: Database, client: httpx2.AsyncClient) -> None:
    cooperative_id = await add_cooperative(client, "C1")
    await add_cooperative(client, "C2", OTHER_PROVINCE)
    await add_member(client, cooperative_id, "1", 1)
    await deliver(client, database, "farm_households", HOUSEHOLDS, [household()])
    programme = {
        "code": "A",
        "name_th": "โครงการ",
        "name_en": "Programme",
        "phases": [{"phase": 1, "starts_on": "2022-10-01"}],
    }
    await made(client.post("/registry/v1/programmes", json=programme))
    enrolment = {"programme_code": "A", "phase": 1, "cooperative_id": cooperative_id, "from": "2022-10-01"}
    await made(client.post("/registry/v1/enrolments", json={"items": [enrolment]}))
    await send_file(client, "registry", "members")


CONTRACT = Contract("registry", fill=_fill, known=KNOWN)
api = CONTRACT.api()
test_every_answer_is_in_the_document = CONTRACT.every_answer()
test_every_answer_to_who_may_less_is_in_the_document = CONTRACT.every_answer_to_who_may_less()
test_every_answer_is_in_the_document_at_length = CONTRACT.every_answer_at_length()
