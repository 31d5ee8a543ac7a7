"""A request's body is bounded in size and in time, before anything gathers it in memory.

FastAPI's own ``max_body_size`` answers in plain text, so only its declaration is used here: a route that takes more
than ordinary requests says so with ``max_body_size=``, and this layer reads it from the route that was chosen.

A body that trickles in would hold a request, and with it a place in the drain, for as long as its sender likes. It
gets a base allowance, and more for every byte that arrives, so that a large upload over an honest line is not cut.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS_BASE = 15.0
BODY_BYTES_PER_SECOND_MIN = 16_384
_CLOSE = {"Connection": "close"}  # what is left of the body is not worth reading


class BodyLimitMiddleware:
    """Pure ASGI: 413 for a body that is too large, declared or not, and 408 for one that is too slow.

    Args:
        app: the application.
        bytes_max: for routes that do not say otherwise.
        seconds_base: how long the smallest body may take.
        bytes_per_second_min: every so many bytes allow a second more.
    """

    def __init__(
        self,
        app: ASGIApp,
        bytes_max: int,
        seconds_base: float = BODY_SECONDS_BASE,
        bytes_per_second_min: int = BODY_BYTES_PER_SECOND_MIN,
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_base = seconds_base
        self._bytes_per_second_min = bytes_per_second_min

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        declared = headers.get(b"content-length")
        if (declared is None or declared == b"0") and b"transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        begun = asyncio.get_running_loop().time()
        received = 0
        complete = False

        async def receive_bounded() -> Message:
            nonlocal received, complete
            if complete:
                # Only a disconnect can follow, and a long answer may wait for it as long as it needs.
                return await receive()
            bytes_max = getattr(scope.get("route"), "max_body_size", None) or self._bytes_max
            if declared is not None and int(declared) > bytes_max:
                raise HTTPException(413, headers=_CLOSE)
            try:
                async with asyncio.timeout_at(begun + self._seconds_base + received / self._bytes_per_second_min):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers=_CLOSE) from None
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise HTTPException(413, headers=_CLOSE)
            complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_bounded, send)
