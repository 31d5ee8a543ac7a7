"""Starts jobs over HTTP and waits for their end."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx2

SECONDS_MAX = 900.0


async def run(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> float:
    """Ask for a job and wait until it has succeeded; returns the seconds from request to end."""
    started = time.perf_counter()
    accepted = await client.post(path, json=body, headers={"idempotency-key": uuid4().hex})
    accepted.raise_for_status()
    while (job := (await client.get(accepted.headers["location"])).json())["status"] != "succeeded":
        if job["status"] in ("failed", "cancelled") or time.perf_counter() - started > SECONDS_MAX:
            raise RuntimeError(f"{path}: {job}")
        await asyncio.sleep(0.1)
    return time.perf_counter() - started
