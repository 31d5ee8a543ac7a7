"""A request's body is bounded in time as FastAPI bounds it in size (``max_body_size``).

A body that trickles in would hold a request, and with it a place in the drain, for as long as its sender likes. It
gets a base allowance, and more for every byte that arrives, so that a large upload over an honest line is not cut.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.http.problems import MEDIA_TYPE, status_response

BODY_SECONDS_BASE = 15.0
BODY_BYTES_PER_SECOND_MIN = 16_384


class BodyLimitMiddleware:
    """Pure ASGI: 408 for a body that is too slow, and 413 as a problem document also where no route reads the body.

    Args:
        app: the application.
        seconds_base: how long the smallest body may take.
        bytes_per_second_min: every so many bytes allow a second more.
    """

    def __init__(
        self,
        app: ASGIApp,
        seconds_base: float = BODY_SECONDS_BASE,
        bytes_per_second_min: int = BODY_BYTES_PER_SECOND_MIN,
    ) -> None:
        self._app = app
        self._seconds_base = seconds_base
        self._bytes_per_second_min = bytes_per_second_min

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        received = 0
        complete = False
        replaced = False

        async def receive_in_time() -> Message:
            nonlocal received, complete
            if complete:
                # Only a disconnect can follow, and a long answer may wait for it as long as it needs.
                return await receive()
            deadline = begun + self._seconds_base + received / self._bytes_per_second_min
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                complete = not message.get("more_body", False)
            else:
                complete = True
            return message

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413 and not _is_problem(message):
                replaced = True
                await status_response(413, {"Connection": "close"})(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive_in_time, send_problem)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _is_problem(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(MEDIA_TYPE.encode())
        for name, value in message.get("headers", ())
    )
