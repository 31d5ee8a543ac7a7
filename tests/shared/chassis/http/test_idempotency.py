"""Goal: a request that is sent again, for whatever reason, has one effect and one answer."""

import asyncio
import hashlib
from dataclasses import replace

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request, Response

from shared.chassis.http.app import create_app
from shared.chassis.http.idempotency import (
    IdempotentRoute,
    delete_expired_answers,
    find_answer,
    hashes_its_own_body,
    input_hash_of,
    keep_answer,
    make_claim,
)
from shared.chassis.http.runtime import runtime_of
from shared.chassis.http.sealing import Sealer
from shared.chassis.http.sessions import Writing
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http.conftest import FAR, ClientOf, key, note
from tests.shared.chassis.http.example import NAME, Gate, effects, gates


async def test_replay_repeats_status_headers_and_body(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    first = await client.post("/notes", json=note("once"), headers=key("k1"))
    again = await client.post("/notes", json=note("once"), headers=key("k1"))
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    for name in ("etag", "location", "content-type", "content-length"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert effects == ["once"]
    assert await owner.fetchval("select count(*) from note") == 1


async def test_missing_or_endless_key_is_refused_by_name(client: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Idempotency-Key": " "}, {"Idempotency-Key": "x" * 201}):
        answer = await client.post("/notes", json=note("no key"), headers=headers)
        assert answer.status_code == 400
        assert "Idempotency-Key" in answer.json()["detail"]
    assert effects == []


async def test_another_body_with_the_same_key_is_422(client: httpx2.AsyncClient) -> None:
    await client.post("/notes", json=note("one"), headers=key("k"))
    answer = await client.post("/notes", json=note("two"), headers=key("k"))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:plodnee:problem:idempotency-key-reused"
    other_query = await client.post("/notes?x=1", json=note("one"), headers=key("k"))
    assert other_query.status_code == 422


async def test_the_same_key_for_another_resource_is_422(client: httpx2.AsyncClient) -> None:
    ids = [(await client.post("/notes", json=note(title), headers=key())).json()["id"] for title in ("a", "b")]
    headers = {**key("touch"), "If-Match": '"1"'}
    assert (await client.post(f"/notes/{ids[0]}/touch", headers=headers)).status_code == 200
    assert (await client.post(f"/notes/{ids[1]}/touch", headers=headers)).status_code == 422


async def test_keys_are_scoped_to_client_subject_and_route(client_of: ClientOf) -> None:
    """Two people of one frontend never see each other's answers."""
    callers = [client_of(), client_of(client_id="other"), client_of(subject="somebody else")]
    answers = [
        await caller.post("/notes", json=note(f"n{number}"), headers=key("same"))
        for number, caller in enumerate(callers)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    bulk = await callers[0].post("/notes/bulk", json=[note("by another route")], headers=key("same"))
    assert bulk.status_code == 207


async def test_rolled_back_refusal_is_not_kept(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    for _ in range(2):
        answer = await client.post("/notes", json=note("closed"), headers=key("k"))
        assert answer.status_code == 409
        assert "idempotency-replayed" not in answer.headers
    assert await owner.fetchval("select count(*) from idempotency_key") == 0
    assert (await client.post("/notes", json=note("mended"), headers=key("k"))).status_code == 201


async def test_replay_comes_before_if_match(client: httpx2.AsyncClient) -> None:
    """The first answer raised the version, so the repeated If-Match is old by then: it is answered all the same."""
    note_id = (await client.post("/notes", json=note("versions"), headers=key())).json()["id"]
    headers = {**key("touch"), "If-Match": '"1"'}
    first = await client.post(f"/notes/{note_id}/touch", headers=headers)
    again = await client.post(f"/notes/{note_id}/touch", headers=headers)
    assert first.status_code == again.status_code == 200
    assert again.json()["version"] == 2
    assert (await client.post(f"/notes/{note_id}/touch", headers={**headers, **key()})).status_code == 412


async def test_replayed_207_repeats_its_result(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    body = [note("good"), note("closed"), note("also good")]
    first = await client.post("/notes/bulk", json=body, headers=key("bulk"))
    again = await client.post("/notes/bulk", json=body, headers=key("bulk"))
    assert first.status_code == again.status_code == 207
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await owner.fetchval("select count(*) from note") == 2


async def test_concurrent_equal_requests_have_one_effect(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    gates["raced"] = Gate()
    racing = [asyncio.create_task(client.post("/notes", json=note("raced"), headers=key("race"))) for _ in range(5)]
    await gates["raced"].entered.wait()
    await asyncio.sleep(0.2)  # the others are waiting at the unique key
    assert effects == ["raced"]
    gates["raced"].may_leave.set()
    answers = await asyncio.gather(*racing)
    assert effects == ["raced"]
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "no") for answer in answers) == ["no"] + ["true"] * 4
    assert await owner.fetchval("select count(*) from note") == 1


async def test_concurrent_equal_request_takes_over_when_the_first_rolls_back(client: httpx2.AsyncClient) -> None:
    gates["cut"] = Gate()
    first = asyncio.create_task(client.post("/notes", json=note("cut"), headers=key("k")))
    await gates["cut"].entered.wait()
    second = asyncio.create_task(client.post("/notes", json=note("cut"), headers=key("k")))
    await asyncio.sleep(0.2)
    first.cancel()
    gates["cut"].may_leave.set()
    answer = await second
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers


async def test_answer_is_not_repeated_to_a_caller_who_lost_the_right(client_of: ClientOf) -> None:
    assert (await client_of().post("/notes", json=note("mine"), headers=key("k"))).status_code == 201
    answer = await client_of(scopes="note:read").post("/notes", json=note("mine"), headers=key("k"))
    assert answer.status_code == 403


async def test_answers_are_sealed_at_rest(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    await client.post("/notes", json=note("สมชาย ใจดี"), headers=key())
    kept = await owner.fetchrow("select body, headers::text as headers from idempotency_key")
    assert kept is not None
    assert "สมชาย".encode() not in kept["body"]
    assert b"title" not in kept["body"]


async def test_moved_answer_does_not_open(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    """Whoever can write the table cannot hand one caller another's answer."""
    await client.post("/notes", json=note("mine"), headers=key("k1"))
    await client.post("/notes", json=note("yours"), headers=key("k2"))
    await owner.execute(
        "update idempotency_key set body = (select body from idempotency_key where key = 'k2') where key = 'k1'"
    )
    answer = await client.post("/notes", json=note("mine"), headers=key("k1"))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:plodnee:problem:answer-out-of-sight")


async def test_act_is_not_done_again_when_the_session_key_was_changed(
    client: httpx2.AsyncClient, owner: asyncpg.Connection, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/notes", json=note("once"), headers=key("k"))
    runtime = replace(app.state.runtime, answers=Sealer(b"another session key", "stored answer"))
    monkeypatch.setattr(app.state, "runtime", runtime)
    answer = await client.post("/notes", json=note("once"), headers=key("k"))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:plodnee:problem:answer-out-of-sight")
    assert await owner.fetchval("select count(*) from note") == 1


async def test_key_can_be_used_anew_when_its_time_is_over(
    client: httpx2.AsyncClient, owner: asyncpg.Connection, app: FastAPI
) -> None:
    await client.post("/notes", json=note("old"), headers=key("k"))
    await owner.execute("update idempotency_key set created_at = now() - interval '73 hours'")
    answer = await client.post("/notes", json=note("new"), headers=key("k"))
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers
    await owner.execute("update idempotency_key set created_at = now() - interval '73 hours'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with app.state.runtime.database.write() as session:
            await delete_expired_answers(session, 72)  # only the worker may delete


async def test_post_that_changes_nothing_takes_no_key(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/note-searches", json=note("x"))).status_code == 200


async def test_refused_reach_leaves_no_key(client: httpx2.AsyncClient, owner: asyncpg.Connection) -> None:
    assert (await client.post("/notes", json=note("out", FAR), headers=key())).status_code == 409
    assert await owner.fetchval("select count(*) from idempotency_key") == 0


async def test_route_that_hashes_its_own_body(
    example_settings: Settings, owner: asyncpg.Connection, token_issuer: TokenIssuer
) -> None:
    """An upload streams, hashes on the way, and repeats its answer like any other route."""
    uploads: list[int] = []
    router = APIRouter(route_class=IdempotentRoute)

    @router.post("/uploads", status_code=202, max_body_size=10_000_000)
    @hashes_its_own_body
    async def upload(request: Request, session: Writing) -> Response:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
        claim = make_claim(request, input_hash_of(request, digest.digest()))
        answer = await find_answer(session, runtime_of(request), claim)
        if answer is not None:
            return answer
        uploads.append(size)
        headers = {"Location": "/there", "Set-Cookie": "of=this-answer"}
        made = Response(b'{"id": 1}', status_code=202, headers=headers, media_type="application/json")
        await keep_answer(session, runtime_of(request), claim, made)
        return made

    app = create_app(Service(NAME, "Uploads", "อัปโหลด", [router], migrated=False), settings=example_settings)
    headers = {"authorization": f"Bearer {token_issuer.token(areas=['TH'])}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=f"http://127.0.0.1/{NAME}/v1", headers=headers
        ) as client,
    ):
        body = b"x" * 3_000_000
        assert (await client.post("/uploads", content=body)).status_code == 400
        first = await client.post("/uploads?kind=a", content=body, headers=key("k"))
        again = await client.post("/uploads?kind=a", content=body, headers=key("k"))
        other = await client.post("/uploads?kind=a", content=body + b"y", headers=key("k"))
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == "/there"
    assert "set-cookie" in first.headers
    assert "set-cookie" not in again.headers  # headers are kept in clear
    assert uploads == [3_000_000]


def test_route_that_writes_is_async() -> None:
    router = APIRouter(route_class=IdempotentRoute)

    def blocking(session: Writing) -> None:
        """Would run in a thread, outside the session's event loop."""

    with pytest.raises(TypeError, match="async"):
        router.post("/x")(blocking)
