"""Goal: whatever is sent to literacy, its answer is one that its OpenAPI document describes, and never a 5xx."""

from collections.abc import Iterator

import httpx2
import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.kernel.identifiers import derived_id
from tests.openapi import A_FEW, MANY, Api, Case, document_of, every_operation, made, send_file, served_api
from tests.services.literacy.test_literacy import COOPERATIVE, cooperative, hear, member

DOCUMENT = document_of("literacy")
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


@pytest.fixture(scope="module")
def api(settings: Settings, token_issuer: TokenIssuer) -> Iterator[Api]:
    with served_api("literacy", settings, token_issuer, fill=_fill, known=KNOWN) as api:
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
