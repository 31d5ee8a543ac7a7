"""The head of a request is bounded in size and in time, as its body is (:mod:`shared.chassis.http.body_limit`).

uvicorn's fast protocol gathers request line and headers for as long as they come: one connection without a token could
fill the process' memory, and a thousand that send a byte a minute could hold its descriptors.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.chassis.http.problems import status_response

HEAD_BYTES_MAX = 65_536  # a token may have 16 kB, and a session of the dashboard 18 kB of cookies
HEAD_SECONDS_MAX = 15.0
FIRST_BYTE_SECONDS_MAX = 65.0  # as long as a connection may rest between two requests


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools: 431 for a head that is too large, and the end for one that is too slow."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._expect_within(FIRST_BYTE_SECONDS_MAX)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_within(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        begins = self._in_head and self._head_bytes == 0
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Asked afterwards: what came may hold the end of the head, as it nearly always does, and a body behind it.
        if not self._in_head or self.transport.is_closing():
            return
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse()
        elif begins and self._head_bytes:
            self._expect_within(HEAD_SECONDS_MAX)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._expect_within(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _expect_within(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        answer = status_response(431, {"Connection": "close"})
        lines = [b"HTTP/1.1 431 Request Header Fields Too Large"]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()
