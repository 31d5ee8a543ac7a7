"""Sends files as a partner does, and waits for their end."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx2

from bench.people import CUT_OVER

SECONDS_MAX = 900.0
SCOPES = "feed:write job:read"


async def send(client: httpx2.AsyncClient, service: str, kind: str, content: bytes) -> tuple[Mapping[str, Any], float]:
    """Deliver a file; returns its counts, and the seconds from its first byte to the last commit.

    Raises:
        RuntimeError: the file failed, or not every row of it was applied.
    """
    started = time.perf_counter()
    sent = await client.post(
        f"/{service}/v1/feed-deliveries?kind={kind}&as_of={CUT_OVER}",
        content=content,
        headers={"content-type": "text/csv", "idempotency-key": uuid4().hex},
    )
    sent.raise_for_status()
    while True:
        shown = (await client.get(sent.headers["location"])).json()
        if shown["status"] in ("completed", "failed"):
            break
        if time.perf_counter() - started > SECONDS_MAX:
            raise TimeoutError(f"{kind}: {shown}")
        await asyncio.sleep(0.1)
    seconds = time.perf_counter() - started
    if shown["status"] == "failed" or shown["waiting"] or shown["rejected"]:
        raise RuntimeError(f"{kind}: {shown}")
    return shown, seconds
