"""Goal: whatever is sent to livelihood, its answer is one that its OpenAPI document describes, and never a 5xx."""

from collections.abc import Iterator

import httpx2
import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.kernel.identifiers import derived_id
from tests.openapi import A_FEW, MANY, Api, Case, document_of, every_operation, made, send_file, served_api
from tests.services.livelihood.conftest import MEMBER, cooperative, hear_all, household, member, plan

DOCUMENT = document_of("livelihood")
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


@pytest.fixture(scope="module")
def api(settings: Settings, token_issuer: TokenIssuer) -> Iterator[Api]:
    with served_api("livelihood", settings, token_issuer, fill=_fill, known=KNOWN) as api:
        yield api


@every_operation(DOCUMENT, A_FEW)
def test_every_answer_is_in_the_document(case: Case, api: Api) -> None:
    api.check(case)


@every_operation(DOCUMENT, 1)
def test_every_answer_to_who_may_less_is_in_the_document(case: Case, api: Api) -> None:
    api.check_who_may_less(case)


@pytest.mark.slow
@every_operation(DOCUMENT, MANY, found_again=False)
def test_every_answer_is_in_the_document_at_length(case: Case, api: Api) -> None:
    api.check(case)
    api.check_who_may_less(case)
