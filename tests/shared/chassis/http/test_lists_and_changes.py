"""Goal: nobody overwrites what he has not read, and a list is walked whole, page by page, without leaking its keys."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.http.app import create_app
from shared.chassis.http.concurrency import etag_of, honour_match, require_match
from shared.chassis.settings import Settings
from shared.chassis.telemetry import AnswerBroken
from shared.chassis.testing.tokens import TokenIssuer
from shared.kernel.errors import PreconditionFailed, PreconditionRequired
from tests.shared.chassis.bare_service import until
from tests.shared.chassis.http.conftest import FAR, NEAR, ClientOf, key, note
from tests.shared.chassis.http.example import NAME, SERVICE


async def test_change_needs_the_version_that_was_read(client: httpx2.AsyncClient) -> None:
    note_id = (await client.post("/notes", json=note("draft"), headers=key())).json()["id"]
    tag = (await client.get(f"/notes/{note_id}")).headers["etag"]
    path, body = f"/notes/{note_id}", note("final")
    assert (await client.patch(path, json=body)).status_code == 428
    assert (await client.patch(path, json=body, headers={"If-Match": '"99"'})).status_code == 412
    assert (await client.patch(path, json=body, headers={"If-Match": f"W/{tag}"})).status_code == 412
    assert (await client.patch(path, json=body, headers={"If-Match": tag})).status_code == 200
    assert (await client.patch(path, json=body, headers={"If-Match": tag})).status_code == 412


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=1, max_value=10**9))
def test_a_tag_matches_its_own_version_only(read: int, present: int) -> None:
    if read == present:
        require_match(f'"0", {etag_of(read)}', present)
    else:
        with pytest.raises(PreconditionFailed):
            require_match(etag_of(read), present)


def test_any_version_and_no_version() -> None:
    require_match("*", 3)
    for nothing in (None, "", "  "):
        with pytest.raises(PreconditionRequired):
            require_match(nothing, 3)


def test_an_act_needs_no_version_but_no_other_one_passes() -> None:
    for passing in (None, "", "  ", "*", '"3"', '"2", "3"'):
        honour_match(passing, 3)
    for other in ('"2"', 'W/"3"', "3"):
        with pytest.raises(PreconditionFailed):
            honour_match(other, 3)


async def test_pages_walk_the_whole_list_once(client: httpx2.AsyncClient, client_of: ClientOf) -> None:
    titles = [f"note {number:02}" for number in range(7)]
    for title in titles:
        await client.post("/notes", json=note(title), headers=key())
    await client_of(areas=["10"]).post("/notes", json=note("note 03.5", FAR), headers=key())
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        answer = await client.get("/notes", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += [item["title"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        pages += 1
    assert seen == titles
    assert pages == 3


async def test_cursor_says_nothing_and_cannot_be_made_or_moved(client: httpx2.AsyncClient) -> None:
    for title in ("สมชาย ใจดี", "สมหญิง ใจงาม"):
        await client.post("/notes", json=note(title), headers=key())
    cursor = (await client.get("/notes?limit=1")).json()["next_cursor"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert "สมชาย".encode() not in raw
    forged = base64.urlsafe_b64encode(b'["a", "b"]').decode().rstrip("=")
    for bad in (forged, cursor[:-2], cursor + "A", "not base64 ☺", "", "x" * 1999):
        answer = await client.get("/notes", params={"cursor": bad})
        assert answer.status_code == 422, bad
        assert answer.json()["type"] == "urn:plodnee:problem:bad-cursor"
    assert (await client.get("/notes", params={"cursor": cursor})).status_code == 200
    assert (await client.get("/kept-notes", params={"cursor": cursor})).status_code == 422


@pytest.mark.parametrize("limit", [0, -1, 501, 10**30])
async def test_promise_8_page_size_is_bounded(client: httpx2.AsyncClient, limit: int) -> None:
    answer = await client.get("/notes", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "limit"


async def test_bulk_gives_each_item_its_result_and_keeps_the_good(
    client: httpx2.AsyncClient, owner: asyncpg.Connection
) -> None:
    body = [note("a"), note("a"), note("closed"), note("far", FAR), note("b")]
    answer = await client.post("/notes/bulk", json=body, headers=key())
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 409, 409, 409, 201]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert results[0]["item"]["title"] == "a"
    assert results[2]["problem"]["type"] == "urn:plodnee:problem:note-closed"
    # Taken in sight and out of reach look alike.
    assert results[1]["problem"] == results[3]["problem"]
    rows = await owner.fetch("select title from note where cooperative_id = $1 order by title", NEAR)
    assert [row["title"] for row in rows] == ["a", "b"]


async def test_promise_8_bulk_is_bounded(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/notes/bulk", json=[note(str(number)) for number in range(1001)], headers=key())
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["code"] == "too_long"


@pytest.mark.parametrize("rows", [0, 1, 200_000])
async def test_export_proves_that_it_is_whole(client: httpx2.AsyncClient, rows: int) -> None:
    answer = await client.get("/notes.csv", params={"rows": rows})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="notes.csv"'
    before, last = answer.content.rstrip(b"\n").rsplit(b"\n", 1)
    checksum = hashlib.sha256(before + b"\n").hexdigest()
    assert last.decode() == f"# rows={rows} sha256={checksum}"
    lines = before.decode("utf-8-sig").splitlines()
    assert lines[0] == "number,title,share"
    assert len(lines) == rows + 1


@asynccontextmanager
async def asking(settings: Settings, token_issuer: TokenIssuer) -> AsyncIterator[httpx2.AsyncClient]:
    """A reader before an app with settings of its own."""
    app = create_app(SERVICE, settings=settings)
    headers = {"authorization": f"Bearer {token_issuer.token(scopes='note:read', areas=['52'])}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=f"http://127.0.0.1/{NAME}/v1", headers=headers
        ) as client,
    ):
        yield client


async def test_export_may_take_longer_than_any_other_request(
    example_settings: Settings, owner: asyncpg.Connection, token_issuer: TokenIssuer
) -> None:
    async with asking(example_settings.model_copy(update={"statement_timeout_api_ms": 100}), token_issuer) as client:
        answer = await client.get("/notes.csv", params={"pause_seconds": 5.5})
    assert "# rows=3 " in answer.text


async def exports_under_way(settings: Settings) -> int:
    """How many queries of exports the database runs; only a superuser is told what others run."""
    admin = await asyncpg.connect(settings.require("admin_database_url"))
    try:
        database = urlsplit(settings.database_url(NAME, "owner")).path.removeprefix("/")
        sql = "select count(*) from pg_stat_activity where datname = $1 and query like 'COPY%' and state = 'active'"
        return int(await admin.fetchval(sql, database))
    finally:
        await admin.close()


@asynccontextmanager
async def unread_export(client: httpx2.AsyncClient, settings: Settings) -> AsyncIterator[None]:
    """An export of a minute, whose reader leaves at the end of the block."""
    export = asyncio.create_task(client.get("/notes.csv", params={"pause_seconds": 60}))

    async def is_under_way() -> bool:
        return await exports_under_way(settings) == 1

    await until(is_under_way)
    try:
        yield
    finally:
        export.cancel()
        await asyncio.wait({export})


async def test_slow_exports_leave_connections_to_other_requests(
    example_settings: Settings, owner: asyncpg.Connection, token_issuer: TokenIssuer
) -> None:
    bounds = {"database_pool_size": 2, "database_pool_wait_seconds": 1.0}
    async with asking(example_settings.model_copy(update=bounds), token_issuer) as client:
        async with unread_export(client, example_settings):
            assert (await client.get("/notes.csv")).status_code == 503
            assert (await client.get("/notes")).status_code == 200
        assert (await client.get("/notes.csv")).status_code == 200


async def test_export_that_fails_midway_has_no_last_line(client: httpx2.AsyncClient) -> None:
    received = b""
    with pytest.raises(AnswerBroken):  # noqa: PT012 - over a socket: the connection breaks in the middle
        async with client.stream("GET", "/notes.csv", params={"rows": 300_000}) as answer:
            async for chunk in answer.aiter_bytes():
                received += chunk
    assert b"# rows=" not in received


async def test_reader_who_leaves_an_export_ends_its_query(
    client: httpx2.AsyncClient, example_settings: Settings
) -> None:
    async with unread_export(client, example_settings):
        pass
    assert await exports_under_way(example_settings) == 0
