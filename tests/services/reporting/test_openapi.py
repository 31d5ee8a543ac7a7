"""Goal: whatever is sent to reporting, its answer is one that its OpenAPI document describes, and never a 5xx."""

from collections.abc import Iterator

import httpx2
import pytest

from shared.chassis.database import Database
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.openapi import A_FEW, MANY, Api, Case, document_of, every_operation, served_api
from tests.services.reporting.conftest import apply_batches
from tests.services.reporting.world import World

DOCUMENT = document_of("reporting")
KNOWN = {
    "cooperative_id": "select id from cooperative",
    "area": "select 'TH'",
}


async def _fill(database: Database, _client: httpx2.AsyncClient) -> None:
    await apply_batches(database, [World(seed=7).said])


@pytest.fixture(scope="module")
def api(settings: Settings, token_issuer: TokenIssuer) -> Iterator[Api]:
    with served_api("reporting", settings, token_issuer, fill=_fill, known=KNOWN) as api:
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
