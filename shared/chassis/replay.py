"""`plodnee replay`: an owner says again all that it knows, every fact and the present state of every aggregate.

From its own tables, into its own outbox; listeners know a fact by the business's ids and a state by its version, so
what they have changes nothing. After a restore of the owner's database the epoch is raised first: its states then win
over those of the future that was taken back, and what was said only there no longer counts.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date

import structlog

from shared.chassis import outbox
from shared.chassis.database import Database, ReadSession
from shared.chassis.events import Event

log = structlog.get_logger(__name__)

Outgoing = tuple[Event, int, date]
TellAgain = Callable[[ReadSession], AsyncIterator[Outgoing]]

_CHUNK_EVENTS = 2_000


async def replay(
    database: Database,
    tell_again: Sequence[TellAgain],
    *,
    new_epoch: bool,
    report: Callable[[int], None] = lambda done: None,
) -> int:
    """Put everything into the outbox, in chunks; returns how many events. Safe to repeat, also after it was killed.

    Args:
        database: the owner's, in the worker role.
        tell_again: each reads some of the owner's tables, one after the other.
        new_epoch: raise the epoch first, because the database was restored to an earlier point.
        report: told how many events are done.
    """
    epoch = await _raise_epoch(database) if new_epoch else None
    done = 0
    chunk: list[Outgoing] = []
    async with database.unscoped() as reading:
        await reading.execute("set local idle_in_transaction_session_timeout = 0")  # it waits while a chunk is written
        for tell in tell_again:
            async for outgoing in tell(reading):
                chunk.append(outgoing)
                if len(chunk) == _CHUNK_EVENTS:
                    done += await _write(database, chunk)
                    report(done)
                    chunk = []
    done += await _write(database, chunk)
    log.info("replayed", service=database.service, events=done, epoch=epoch)
    return done


async def _raise_epoch(database: Database) -> int:
    """A number above every one there has been: the clock knows of epochs that the restored database forgot."""
    async with database.unscoped() as session:
        return int(
            await session.scalar(
                """
                update outbox_epoch
                set epoch = greatest(epoch + 1, cast(extract(epoch from now() - cast('2020-01-01Z' as timestamptz)) / 60
                                                     as integer))
                returning epoch
                """
            )
        )


async def _write(database: Database, events: list[Outgoing]) -> int:
    async with database.unscoped() as session:
        await outbox.add_many(session, events)
    return len(events)
