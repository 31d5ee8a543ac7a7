"""Goal: several services live in one process as if alone, say truly whether they are ready, and drain on SIGTERM."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from shared.chassis.http.app import create_app
from shared.chassis.http.dispatch import Dispatcher
from shared.chassis.http.serve import make_server
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http.conftest import address_of
from tests.shared.chassis.http.example import NAME, SERVICE, Gate, gates


def client_for(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1")


async def test_paths_reach_their_service_unchanged(app: FastAPI, token_issuer: TokenIssuer) -> None:
    async def identity(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    headers = {"authorization": f"Bearer {token_issuer.token(scopes='note:read', areas=['TH'])}"}
    async with client_for(Dispatcher({NAME: app, "identity": identity}, home=NAME)) as client:
        assert (await client.get(f"/{NAME}/v1/notes", headers=headers)).json() == {"items": [], "next_cursor": None}
        assert (await client.get("/identity/token")).text == "/identity/token"
        assert (await client.get("/livez")).text == "ok"
        assert (await client.get("/readyz")).json() == {"ready": True, "services": {NAME: "ready"}}
        assert f'route="/{NAME}/v1/notes"' in (await client.get("/metrics")).text
        assert (await client.get("/")).headers["location"] == f"/{NAME}"
        nowhere = await client.get("/elsewhere")
        assert nowhere.status_code == 404
        assert nowhere.json()["type"] == "urn:plodnee:problem:unknown-route"


async def test_every_lifespan_runs_once_and_in_reverse_at_the_end() -> None:
    seen: list[str] = []

    def made(name: str) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            seen.append(f"{name} up")
            yield
            seen.append(f"{name} down")

        return FastAPI(lifespan=lifespan)

    first, second = made("first"), made("second")
    told: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        told.append(message["type"])

    await Dispatcher({"a": first, "b": second, "c": first})({"type": "lifespan"}, receive, send)
    assert seen == ["first up", "second up", "second down", "first down"]
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_failed_start_is_told_and_undone() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def good(_app: FastAPI) -> AsyncIterator[None]:
        yield
        seen.append("closed")

    @asynccontextmanager
    async def bad(_app: FastAPI) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    told: list[str] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message["type"])

    dispatcher = Dispatcher({"a": FastAPI(lifespan=good), "b": FastAPI(lifespan=bad)})
    with pytest.raises(RuntimeError, match="no database"):
        await dispatcher({"type": "lifespan"}, receive, send)
    assert told == ["lifespan.startup.failed"]
    assert seen == ["closed"]


async def test_not_ready_while_draining_or_without_its_database(
    app: FastAPI, example_settings: Settings, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_for(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        app.state.runtime.draining = True
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["services"][NAME]) == (503, "draining")
        assert (await client.get("/livez")).status_code == 200
    monkeypatch.setenv(f"PLODNEE_{NAME.upper()}_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    lost = create_app(SERVICE, settings=example_settings)
    async with client_for(lost) as client:
        assert (await client.get("/readyz")).json()["services"][NAME] == "database does not answer"


async def test_not_ready_at_another_migration(
    example_settings: Settings, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.chassis.http.health.head_revision", lambda _name: "0002")
    await owner.execute("create table if not exists alembic_version (version_num text primary key)")
    await owner.execute(f"grant select on alembic_version to plodnee_{NAME}_api")
    await owner.execute("insert into alembic_version values ('0001')")
    app = create_app(Service(NAME, "Notes", "บันทึก", []), settings=example_settings)
    async with app.router.lifespan_context(app), client_for(app) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "another migration" in answer.json()["services"][NAME]
        await owner.execute("update alembic_version set version_num = '0002'")
        assert (await client.get("/readyz")).status_code == 200


async def test_drain_finishes_the_request_under_way(
    app: FastAPI, example_settings: Settings, token_issuer: TokenIssuer
) -> None:
    """SIGTERM: no new work is taken, the request under way is answered, and the server ends."""
    gates["slow"] = Gate()
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    server = make_server(app, port=0, settings=example_settings)
    serving = asyncio.create_task(server.serve())
    host, port = await address_of(server)
    headers = {"authorization": f"Bearer {token_issuer.token(scopes='note:read', areas=['TH'])}"}
    async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", headers=headers) as client:
        under_way = asyncio.create_task(client.get(f"/{NAME}/v1/slow-answer"))
        await gates["slow"].entered.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert app.state.runtime.draining
        with pytest.raises(httpx2.ConnectError):
            async with httpx2.AsyncClient() as late:
                await late.get(f"http://{host}:{port}/livez")
        gates["slow"].may_leave.set()
        assert (await under_way).status_code == 200
    await asyncio.wait_for(serving, 10)
    signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]  # handed on once drained, so that the process ends as it was told to
