"""Goal: no caller is ever told of a write that is not committed."""

from typing import Any

import asyncpg
import httpx2
from fastapi import FastAPI

from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http.conftest import ClientOf, key, note
from tests.shared.chassis.http.example import NAME


async def test_promise_1_commit_before_answer(
    app: FastAPI, owner: asyncpg.Connection, token_issuer: TokenIssuer
) -> None:
    """Another connection sees the row, and who read it, at the moment the answer's first byte is sent."""
    seen_at_start: list[list[int]] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def watching_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                counts = [await owner.fetchval(f"select count(*) from {table}") for table in ("note", "access_log")]
                seen_at_start.append(counts)
            await send(message)

        await app(scope, receive, watching_send)

    token = token_issuer.token(scopes="note:read note:write", areas=["52"])
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=watched), base_url="http://127.0.0.1") as client:
        answer = await client.post(f"/{NAME}/v1/notes", json=note("first"), headers={**headers, **key()})
        assert answer.status_code == 201
        assert (await client.get(answer.headers["location"], headers=headers)).status_code == 200
    assert seen_at_start == [[1, 0], [1, 1]]


async def test_promise_1_a_commit_that_fails_is_answered_as_a_failure(client: httpx2.AsyncClient) -> None:
    """A write that only the commit refuses is told as refused."""
    answer = await client.post("/deferred", headers=key())
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plodnee:problem:refused"


async def test_promise_1_a_refusal_keeps_nothing(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    answer = await client.post("/notes", json=note("closed case"), headers=key())
    assert answer.status_code == 409
    assert await owner.fetchval("select count(*) from note") == 0


async def test_access_is_logged_in_the_reads_own_transaction(
    client: httpx2.AsyncClient, owner: asyncpg.Connection, client_of: ClientOf
) -> None:
    written = (await client.post("/notes", json=note("private"), headers=key())).json()
    assert (await client.get(f"/notes/{written['id']}")).status_code == 200
    assert (await client_of(areas=["10"]).get(f"/notes/{written['id']}")).status_code == 404
    rows = await owner.fetch("select subject, client_id, what, subject_ids, purpose from access_log")
    assert [(row["subject"], row["client_id"], row["what"], row["purpose"]) for row in rows] == [
        ("tester", "test-client", "note-read", "test")
    ]
    assert str(rows[0]["subject_ids"][0]) == written["id"]
