"""What an operator does with events that were set aside: look, try again, or drop with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.chassis.batches import reason_of, standing
from shared.chassis.database import Database, Row, WriteSession, is_transient
from shared.chassis.inbox import Inbox
from shared.chassis.pause import pause_consumer

_BATCH_EVENTS = 100  # each may have what the broker takes, nearly 1 MB; the live consumer stands still for so many
_BEFORE_ALL = ("", -1, -1)


@dataclass(frozen=True)
class Retried:
    """How many events were applied, and the reason of the first that still cannot be, if any."""

    applied: int
    remaining: int
    reason: str | None


async def list_dead_letters(database: Database, consumer: str, limit: int = 200) -> list[dict[str, Any]]:
    """The oldest events set aside, without their values."""
    async with database.unscoped() as session:
        rows = await session.fetch(
            'select id, topic, partition, "offset", key, reason, parked, first_seen_at from dead_letter'
            " where consumer = :consumer order by id limit :limit",
            consumer=consumer,
            limit=limit,
        )
    return [dict(row) for row in rows]


async def show_dead_letter(database: Database, dead_letter_id: int) -> dict[str, Any] | None:
    """One event whole: headers and value (events hold no personal data)."""
    async with database.unscoped() as session:
        row = await session.fetch_one("select * from dead_letter where id = :id", id=dead_letter_id)
    return dict(row) if row else None


async def retry_dead_letters(
    database: Database,
    inbox: Inbox,
    topic_prefix: str,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Retried:
    """Apply what was set aside, in order, key by key. Safe to repeat, also after it was interrupted.

    Each batch is a transaction of its own, and the live consumer stands still for its time alone. What comes meanwhile
    of a key that is parked is set aside behind the others, and has its turn here too. A key whose first event still
    fails stays parked whole. What its producer took back meanwhile, by a restore, is let go without effect, as it would
    be if it came now.

    Args:
        database: of the worker role.
        inbox: what applies the events.
        topic_prefix: what the topics' names begin with on the broker.
        report: told how many events are done, and how many there were at the start.
    """
    total = await _count(database, inbox.consumer)
    done, applied, reason = 0, 0, None
    place: tuple[str, int, int] = _BEFORE_ALL
    while True:
        async with database.unscoped() as session:
            await pause_consumer(session, inbox.consumer)
            rows = await _next_batch(session, inbox.consumer, place)
            batch = await _apply_batch(session, inbox, rows, topic_prefix)
        if not rows:
            return Retried(applied=applied, remaining=await _count(database, inbox.consumer), reason=reason)
        done, applied, reason = done + len(rows), applied + batch.applied, reason or batch.reason
        place = rows[-1]["topic"], rows[-1]["partition"], rows[-1]["offset"]
        report(done, max(done, total))


async def drop_dead_letter(database: Database, dead_letter_id: int, reason: str) -> bool:
    """Decide never to apply one event; recorded by its place in the log, so that a rebuild honours it."""
    async with database.unscoped() as session:
        row = await session.fetch_one(
            'delete from dead_letter where id = :id returning topic, partition, "offset"', id=dead_letter_id
        )
        if row is None:
            return False
        await session.execute(
            'insert into dead_letter_drop (topic, partition, "offset", reason) values (:t, :p, :o, :reason)'
            " on conflict do nothing",
            t=row["topic"],
            p=row["partition"],
            o=row["offset"],
            reason=reason,
        )
        return True


async def _count(database: Database, consumer: str) -> int:
    async with database.unscoped() as session:
        return int(await session.scalar("select count(*) from dead_letter where consumer = :c", c=consumer))


async def _next_batch(session: WriteSession, consumer: str, place: tuple[str, int, int]) -> Sequence[Row]:
    """The events after a place, each with whether one of its key that was tried before has failed."""
    topic, partition, offset = place
    return await session.fetch(
        """
        select waiting.*, exists (
            select from dead_letter failed
            where failed.consumer = waiting.consumer and failed.topic = waiting.topic and failed.key = waiting.key
              and (failed.topic, failed.partition, failed."offset") <= (:topic, :partition, :offset)
        ) as is_behind
        from dead_letter waiting
        where consumer = :consumer and (topic, partition, "offset") > (:topic, :partition, :offset)
        order by topic, partition, "offset" limit :limit
        """,
        consumer=consumer,
        topic=topic,
        partition=partition,
        offset=offset,
        limit=_BATCH_EVENTS,
    )


async def _apply_batch(session: WriteSession, inbox: Inbox, rows: Sequence[Row], topic_prefix: str) -> Retried:
    """Apply these events, and forget those that could be."""
    applied, reason = 0, None
    failed: set[tuple[str, str]] = set()
    for row in rows:
        if row["is_behind"] or (row["topic"], row["key"]) in failed:
            continue
        fault = await _apply(session, inbox, dict(row), topic_prefix)
        if fault is None:
            await session.execute("delete from dead_letter where id = :id", id=row["id"])
            applied += 1
        else:
            reason = reason or fault
            failed.add((row["topic"], row["key"]))
    return Retried(applied=applied, remaining=len(rows) - applied, reason=reason)


async def _apply(session: WriteSession, inbox: Inbox, row: dict[str, Any], topic_prefix: str) -> str | None:
    """Apply one stored event under a savepoint; the reason when it cannot be."""
    try:
        async with session.savepoint():
            item = inbox.parse(
                topic=row["topic"].removeprefix(topic_prefix),
                partition=row["partition"],
                offset=row["offset"],
                key=row["key"].encode(),
                headers=row["headers"],
                value=row["value"],
            )
            if item is not None:
                await inbox.apply(session, await standing(session, inbox.consumer, [item]))
    except Exception as error:
        if is_transient(error):
            raise
        return reason_of(error)
    return None
