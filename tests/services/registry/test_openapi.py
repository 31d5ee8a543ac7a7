"""Goal: whatever is sent to the registry, its answer is one that its OpenAPI document describes, and never a 5xx."""

from collections.abc import Iterator

import httpx2
import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.openapi import A_FEW, MANY, Api, Case, document_of, every_operation, made, send_file, served_api
from tests.services.registry.deliveries import deliver
from tests.services.registry.households.test_feed import HOUSEHOLDS, household
from tests.services.registry.people import OTHER_PROVINCE, add_cooperative, add_member

DOCUMENT = document_of("registry")
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


@pytest.fixture(scope="module")
def api(settings: Settings, token_issuer: TokenIssuer) -> Iterator[Api]:
    with served_api("registry", settings, token_issuer, fill=_fill, known=KNOWN) as api:
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
