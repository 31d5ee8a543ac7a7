"""`plodnee replay`: an owner says again all that it knows, every fact and the present state of every aggregate.

From its own tables, into its own outbox; listeners know a fact by the business's ids and a state by its version, so
what they have changes nothing. After a restore of the owner's database the epoch is raised first: its states then win
over those of the future that was taken back, and what was said only there no longer counts. States that only the log
knows are withdrawn, so that nobody keeps a member, a plan or an officer's access that the owner has no more.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

import structlog

from shared.chassis import outbox
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import Database, ReadSession
from shared.chassis.events import Event, withdrawn
from shared.chassis.kafka import read_log
from shared.chassis.settings import Settings

log = structlog.get_logger(__name__)

Outgoing = tuple[Event, int, date]
TellAgain = Callable[[ReadSession], AsyncIterator[Outgoing]]

_CHUNK_EVENTS = 2_000


async def replay(
    database: Database,
    settings: Settings,
    events: Sequence[type[Event]],
    tell_again: Sequence[TellAgain],
    *,
    new_epoch: bool,
    report: Callable[[int], None] = lambda done: None,
) -> int:
    """Put everything into the outbox, in chunks; returns how many events. Safe to repeat, also after it was killed.

    Args:
        database: the owner's, in the worker role.
        settings: where the log is.
        events: every type that the owner publishes.
        tell_again: each reads some of the owner's tables, one after the other.
        new_epoch: raise the epoch first, because the database was restored to an earlier point.
        report: told how many events are done.
    """
    epoch = await _raise_epoch(database) if new_epoch else None
    done = 0
    told: set[tuple[str, str]] = set()
    chunk: list[Outgoing] = []
    async with database.unscoped() as reading:
        await reading.execute("set local idle_in_transaction_session_timeout = 0")  # it waits while a chunk is written
        for tell in tell_again:
            async for outgoing in tell(reading):
                chunk.append(outgoing)
                told.add((outgoing[0].type, outgoing[0].key))
                if len(chunk) == _CHUNK_EVENTS:
                    done += await _write(database, chunk)
                    report(done)
                    chunk = []
    done += await _write(database, chunk)
    if epoch is not None:
        done += await _withdraw(database, settings, events, epoch, told)
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


async def _withdraw(
    database: Database,
    settings: Settings,
    events: Sequence[type[Event]],
    epoch: int,
    told: AbstractSet[tuple[str, str]],
) -> int:
    """Withdraw every state that the log has, of an older epoch only, and that was not told now.

    A withdrawal has version 0: whatever is recorded under the same key in the new epoch wins, sooner or later.
    """
    states = {event.type: event for event in events if event.topic.kind == "state"}
    epochs: dict[tuple[str, str], int] = {}
    async for record in read_log(settings, {event.topic for event in states.values()}):
        headers = dict(record.headers)
        about = headers["ce_type"].decode(), record.key.decode()
        epochs[about] = max(epochs.get(about, 0), int(headers["ce_aggregateversion"].partition(b".")[0]))
    lost = sorted(about for about, newest in epochs.items() if newest < epoch and about not in told)
    gone = [(withdrawn(states[kind])(id=key), 0, today_in_bangkok()) for kind, key in lost]
    for start in range(0, len(gone), _CHUNK_EVENTS):
        await _write(database, gone[start : start + _CHUNK_EVENTS])
    return len(gone)


async def _write(database: Database, events: Sequence[Outgoing]) -> int:
    async with database.unscoped() as session:
        await outbox.add_many(session, events)
    return len(events)
