"""Goal: whatever is sent to reporting, its answer is one that its OpenAPI document describes, and never a 5xx."""

import httpx2

from shared.chassis.database import Database
from tests.openapi import Contract
from tests.services.reporting.conftest import apply_batches
from tests.services.reporting.world import World

KNOWN = {
    "cooperative_id": "select id from cooperative",
    "area": "select 'TH'",
}


async def _fill(database: Database, _client: httpx2.AsyncClient) -> None:
    await apply_batches(database, [World(seed=7).said])


CONTRACT = Contract("reporting", fill=_fill, known=KNOWN)
api = CONTRACT.api()
test_every_answer_is_in_the_document = CONTRACT.every_answer()
test_every_answer_to_who_may_less_is_in_the_document = CONTRACT.every_answer_to_who_may_less()
test_every_answer_is_in_the_document_at_length = CONTRACT.every_answer_at_length()
