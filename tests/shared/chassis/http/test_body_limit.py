"""Goal: a body is bounded, declared or chunked, fast or slow, whether or not a route reads it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI

from shared.chassis.http.body_limit import BodyLimitMiddleware
from shared.chassis.http.serve import make_server
from shared.chassis.settings import Settings
from shared.chassis.telemetry import TelemetryMiddleware
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http.conftest import address_of, key, note
from tests.shared.chassis.http.example import NAME, effects

TOO_LARGE = "urn:plodnee:problem:too-large"


async def test_promise_8_bounded_body_declared(client: httpx2.AsyncClient, example_settings: Settings) -> None:
    size = example_settings.request_body_bytes_max + 1
    answer = await client.post("/notes", content=b"x" * size, headers={"content-type": "application/json", **key()})
    assert answer.status_code == 413
    assert answer.json()["type"] == TOO_LARGE
    assert effects == []


async def test_promise_8_bounded_body_chunked(client: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 65_536
            yield b"x" * 65_536

    headers = {"content-type": "application/json", **key()}
    answer = await client.post("/notes", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["type"] == TOO_LARGE


async def test_promise_8_bounded_body_is_not_read_where_no_route_wants_it(client: httpx2.AsyncClient) -> None:
    for path, status in (("/notes", 200), ("/nowhere", 404)):
        answer = await client.request("GET", path, content=b"x" * 2_000_000)
        assert answer.status_code == status


@pytest_asyncio.fixture
async def address(
    app: FastAPI, example_settings: Settings, owner: asyncpg.Connection
) -> AsyncIterator[tuple[str, int]]:
    """The example behind a real server, with half a second for a body and a second more for every 64 bytes."""
    for middleware in app.user_middleware:
        if "bytes_max" in middleware.kwargs:
            middleware.kwargs.update(seconds_base=0.5, bytes_per_second_min=64)
    server = make_server(app, port=0, settings=example_settings)
    serving = asyncio.create_task(server.serve())
    yield await address_of(server)
    server.should_exit = True
    await serving


def head(token: str, length: int | None) -> bytes:
    framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return (
        f"POST /{NAME}/v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: slow\r\n"
        f"content-type: application/json\r\n{framing}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("chunked", [False, True])
async def test_promise_8_bounded_body_that_trickles_in(
    address: tuple[str, int], token_issuer: TokenIssuer, chunked: bool
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    token = token_issuer.token(scopes="note:write", areas=["52"])
    writer.write(head(token, None if chunked else 1000))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def trickle() -> None:
        while True:
            writer.write(b"1\r\n{\r\n" if chunked else b"{")
            await writer.drain()
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    answer = await reader.readuntil(b"\r\n\r\n")
    trickling.cancel()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert loop.time() - begun < 3
    assert effects == []


async def test_body_that_comes_in_pieces_is_taken_though_the_base_is_over(
    address: tuple[str, int], token_issuer: TokenIssuer
) -> None:
    body = orjson.dumps(note("in pieces")).ljust(1500)
    reader, writer = await asyncio.open_connection(*address)
    # The first piece is there with the head, so that only what the bytes earn has to be waited for.
    writer.write(head(token_issuer.token(scopes="note:write", areas=["52"]), len(body)) + body[:300])
    for start in range(300, len(body), 300):
        await asyncio.sleep(0.15)
        writer.write(body[start : start + 300])
        await writer.drain()
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201")
    writer.close()


def test_middleware_is_pure_asgi() -> None:
    """Starlette's BaseHTTPMiddleware costs ten times as much on a small request."""
    from starlette.middleware.base import BaseHTTPMiddleware

    assert not any(issubclass(kind, BaseHTTPMiddleware) for kind in (BodyLimitMiddleware, TelemetryMiddleware))
