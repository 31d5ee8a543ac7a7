"""Stands a consumer still at fixed offsets, while something compares or mends what it wrote."""

from shared.chassis.batches import PAUSE_LOCK
from shared.chassis.database import WriteSession


async def pause_consumer(session: WriteSession, consumer: str) -> None:
    """Hold every member of a consumer between two batches until this transaction ends."""
    await session.fetch(
        "select pg_advisory_xact_lock(cast(:lock as integer), hashtext(:consumer))", lock=PAUSE_LOCK, consumer=consumer
    )
