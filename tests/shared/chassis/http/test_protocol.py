"""Goal: a connection without a token costs the process neither memory nor a place for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from fastapi import FastAPI

from shared.chassis.http import protocol
from shared.chassis.http.serve import make_server
from shared.chassis.settings import Settings
from tests.shared.chassis.http.conftest import address_of

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MEGABYTES = 20


@asynccontextmanager
async def connected(app: FastAPI, settings: Settings) -> AsyncIterator[Streams]:
    """A plain connection to a server of the app."""
    server = make_server(app, port=0, settings=settings)
    serving = asyncio.create_task(server.serve())
    reader, writer = await asyncio.open_connection(*await address_of(server))
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await asyncio.wait_for(serving, 30)


@pytest.mark.parametrize("line", [b"X-A: " + b"y" * 1000 + b"\r\n", b"y" * 1000], ids=["many headers", "one header"])
async def test_head_that_never_ends_is_refused_early(app: FastAPI, example_settings: Settings, line: bytes) -> None:
    async with connected(app, example_settings) as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-B: ")
        sent = 0
        try:
            for _ in range(MEGABYTES * 1000):
                writer.write(line)
                await writer.drain()
                sent += len(line)
        except ConnectionError:
            pass
        assert sent < MEGABYTES * 1_000_000 / 2
        try:
            answer = await reader.read()
        except ConnectionError:
            return  # what was still under way reset the connection before the answer was read
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "urn:plodnee:problem:header-too-large"


@pytest.mark.parametrize("begun", [b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n"], ids=["nothing sent", "half a head"])
async def test_head_that_does_not_come_ends_the_connection(
    app: FastAPI, example_settings: Settings, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS_MAX", 0.3)
    monkeypatch.setattr(protocol, "FIRST_BYTE_SECONDS_MAX", 0.3)
    async with connected(app, example_settings) as (reader, writer):
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_head_that_trickles_in_ends_the_connection(
    app: FastAPI, example_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS_MAX", 0.5)
    async with connected(app, example_settings) as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ")
        ended = asyncio.create_task(reader.read())
        for _ in range(100):
            if ended.done():
                break
            writer.write(b"y")
            await asyncio.sleep(0.1)
        assert ended.done()


async def test_requests_on_one_connection_have_a_head_each(
    app: FastAPI, example_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large but allowed heads, bodies behind heads, and a rest between requests hurt nobody."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS_MAX", 0.5)
    async with connected(app, example_settings) as (reader, writer):
        head = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + b"y" * 40_000 + b"\r\nContent-Length: 400000\r\n\r\n"
        for _ in range(3):
            writer.write(head + b"z" * 400_000)
            answer = await asyncio.wait_for(reader.readuntil(b"ok"), 30)
            assert answer.startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.7)
