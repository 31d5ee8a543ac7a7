"""Goal: targets are set nationally, never lost in a race, every version kept; figures follow at once."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from shared.chassis.settings import Settings
from tests.conftest import ClientOf

TARGETS = "/reporting/v1/targets"
GIVEN = {"value": "25", "source": "นโยบายรัฐมนตรี ปี 2568", "decided_on": "2024-10-01"}


@pytest_asyncio.fixture
async def client(client_of: ClientOf, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The analyst's client; the targets that a test sets are removed after it, as the seeded ones stay."""
    yield await client_of("reporting", scopes="report:read programme:write", areas=["TH"])
    owner = await asyncpg.connect(settings.database_url("reporting", "owner"))
    await owner.execute("delete from kpi_target where recorded_by <> 'plodnee'")
    await owner.close()


async def put(client: httpx2.AsyncClient, kpi_id: str, given: dict[str, Any], **headers: str) -> httpx2.Response:
    return await client.put(f"{TARGETS}/{kpi_id}", params={"fiscal_year_be": 2568}, json=given, headers=headers)


async def test_the_defaults_are_seeded_with_their_source(client: httpx2.AsyncClient) -> None:
    found = (await client.get(TARGETS, params={"fiscal_year_be": 2566})).json()
    assert [(one["kpi_id"], one["value"], one["fiscal_year_be"]) for one in found] == [
        ("K01", "10", 0),
        ("K02", "1100", 2566),
    ]
    assert all(one["source"] for one in found)


async def test_a_target_is_versioned_and_guarded(client: httpx2.AsyncClient) -> None:
    first = await put(client, "K01", GIVEN)
    assert (first.status_code, first.json()["version"], first.headers["etag"]) == (200, 1, '"1"')
    assert (await put(client, "K01", GIVEN)).status_code == 428
    second = await put(client, "K01", GIVEN | {"value": "12.50"}, **{"If-Match": '"1"'})
    assert (second.status_code, second.json()["value"]) == (200, "12.50")
    assert (await put(client, "K01", GIVEN, **{"If-Match": '"1"'})).status_code == 412
    versions = await client.get(f"{TARGETS}/K01/versions", params={"fiscal_year_be": 2568})
    assert [one["value"] for one in versions.json()] == ["12.50", "25"]
    own = await client.get(f"{TARGETS}/K01", params={"fiscal_year_be": 2568})
    assert (own.headers["etag"], own.json()["version"]) == ('"2"', 2)
    shown = await client.get("/reporting/v1/kpis/K01", params={"fiscal_year_be": 2568})
    assert shown.json()["target"]["value"] == "12.50"
    common = await client.get(f"{TARGETS}/K01", params={"fiscal_year_be": 2569})
    assert (common.json()["value"], common.headers.get("etag")) == ("10", None)


@pytest.mark.parametrize(
    ("kpi_id", "value", "status"),
    [("K01", "0", 422), ("K01", "100.01", 422), ("K01", "10.001", 422), ("K02", "1.5", 422), ("K06", "5", 404)],
)
async def test_what_cannot_be_a_target_is_refused(
    client: httpx2.AsyncClient, kpi_id: str, value: str, status: int
) -> None:
    assert (await put(client, kpi_id, GIVEN | {"value": value})).status_code == status


async def test_a_province_sets_no_target(client_of: ClientOf) -> None:
    chief = await client_of("reporting", scopes="report:read programme:write", areas=["52"])
    refused = await put(chief, "K01", GIVEN)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:plodnee:problem:target-needs-nation")
    reader = await client_of("reporting", scopes="report:read", areas=["TH"])
    assert (await put(reader, "K01", GIVEN)).status_code == 403
