"""Sending a file, and waiting until every row of it has found its place."""

import asyncio
from datetime import date
from pathlib import Path

from demo.generator.split import MonthlyPart, Reject
from demo.story.client import Caller, StoryFailed, until
from demo.story.played import SentFile
from demo.story.telling import Bar

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def send_whole(
    caller: Caller, service: str, path: Path, rejects: list[Reject], rows: int, as_of: date
) -> SentFile:
    """Send one of the generator's files as it is; its kind is its name."""
    delivery_id = await _send(caller, service, path.stem, path, as_of)
    return SentFile(service, path.name, path, delivery_id, rows, rejects)


async def send_part(caller: Caller, service: str, part: MonthlyPart) -> SentFile:
    """Send one month of a file, as of the month's end."""
    delivery_id = await _send(caller, service, Path(part.feed).stem, part.path, part.as_of)
    return SentFile(service, part.feed, part.path, delivery_id, part.rows, part.rejects, part)


async def _send(caller: Caller, service: str, kind: str, path: Path, as_of: date) -> str:
    content = await asyncio.to_thread(path.read_bytes)
    sent = await caller.post_file(
        f"/{service}/v1/feed-deliveries",
        content,
        XLSX_TYPE if path.suffix == ".xlsx" else CSV_TYPE,
        step=f"send {path.name} as of {as_of}",
        kind=kind,
        as_of=as_of.isoformat(),
    )
    return str(sent["id"])


async def wait_for_file(caller: Caller, sent: SentFile, bar: Bar | None = None) -> None:
    """Wait until the file is taken in and none of its rows waits for somebody unknown.

    Raises:
        StoryFailed: the whole file was refused, or rows still wait after a long time.
    """
    address = f"/{sent.service}/v1/feed-deliveries/{sent.delivery_id}"

    async def settled() -> bool | None:
        found = await caller.get(address)
        if found["status"] == "failed":
            raise StoryFailed(f"{sent.path.name} was refused: {found['error']}")
        if bar is not None:
            done = found["accepted"] + found["unchanged"] + found["older"] + found["rejected"]
            bar.reach(done, sent.rows)
        return True if found["status"] == "completed" and not found["waiting"] else None

    await until(f"{sent.path.name} to be taken in with nobody waiting", settled)
