"""What a service does with the events of others: handlers by event type, each given a batch.

A handler is `async def handle(session, received)`: it writes through the session it is given, never commits and
never reads the clock. For a state topic the batch holds only the newest event of each key; for a fact topic every
event, in order per key. What the handlers of a batch return goes to the inbox's `finish`, which writes it once, after
all of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.chassis.database import WriteSession
from shared.chassis.events import Catalogue, Event, EventT, InvalidEvent, Received, Topic, Withdrawn, withdrawn

Handler: TypeAlias = Callable[[WriteSession, Sequence[Received[Any]]], Awaitable[object]]
Finish: TypeAlias = Callable[[WriteSession, Sequence[object]], Awaitable[None]]


class Inbox:
    """The handlers of one service.

    Args:
        consumer: the consumer's name; its offsets, dead letters and Kafka group carry it.
        catalogue: every event that may stand in a topic. A type that is in it but has no handler here is passed
            over; a type that is not in it is poison.
        finish: writes, at the end of each batch, what its handlers have returned; none when they return nothing.
    """

    def __init__(self, consumer: str, catalogue: Catalogue, finish: Finish | None = None) -> None:
        self.consumer = consumer
        self.catalogue = catalogue
        self._finish = finish
        self._handlers: dict[type[Event], Handler] = {}

    def on(
        self, event: type[EventT]
    ) -> Callable[
        [Callable[[WriteSession, Sequence[Received[EventT]]], Awaitable[object]]],
        Callable[[WriteSession, Sequence[Received[EventT]]], Awaitable[object]],
    ]:
        """Register the handler of an event type."""

        def register(
            handler: Callable[[WriteSession, Sequence[Received[EventT]]], Awaitable[object]],
        ) -> Callable[[WriteSession, Sequence[Received[EventT]]], Awaitable[object]]:
            self._handlers[event] = cast(Handler, handler)
            return handler

        return register

    @property
    def topics(self) -> list[Topic]:
        """The topics this service reads."""
        return sorted({event.topic for event in self._handlers}, key=lambda topic: topic.name)

    def parse(
        self,
        *,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        headers: dict[str, str],
        value: bytes | None,
    ) -> Received[Event] | None:
        """The event of a Kafka record, or None when this service has no handler for its type.

        Raises:
            InvalidEvent: no known type, or one that belongs to another topic (whoever may write to one topic speaks for
                no other), attributes missing, or the value does not fit the type.
        """
        event_type = self.catalogue.by_type.get(headers.get("ce_type", ""))
        if event_type is None:
            raise InvalidEvent(f"unknown type {headers.get('ce_type', '(none)')!r}")
        if topic != event_type.topic.name:
            raise InvalidEvent(f"{event_type.type} stands in another topic than its own")
        is_withdrawal = not value and event_type.topic.kind == "state"
        if is_withdrawal:
            event_type = withdrawn(event_type)
        if event_type not in self._handlers:
            return None
        try:
            epoch, version = headers["ce_aggregateversion"].split(".")
            received = Received(
                event=event_type.model_validate({"id": (key or b"").decode()})
                if is_withdrawal
                else event_type.model_validate_json(value or b""),
                event_id=UUID(headers["ce_id"]),
                epoch=int(epoch),
                version=int(version),
                effective_on=date.fromisoformat(headers["ce_effectiveon"]),
                topic=topic,
                partition=partition,
                offset=offset,
                key=(key or b"").decode(),
                correlation_id=headers.get("ce_correlationid"),
                occurred_at=datetime.fromisoformat(headers["ce_time"]),
            )
        except ValidationError as error:
            # Only where and what kind: the input itself stays out of logs and tables of errors.
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in error.errors())
            raise InvalidEvent(f"{event_type.type} does not parse: {faults}") from None
        except (KeyError, ValueError) as error:
            raise InvalidEvent(f"{event_type.type} has unreadable attributes: {type(error).__name__}") from None
        if received.key != received.event.key:
            raise InvalidEvent(f"{event_type.type} stands under another key than its aggregate's")
        return received

    async def apply(self, session: WriteSession, received: Sequence[Received[Event]]) -> None:
        """Hand events to their handlers: state events newest per key, facts in runs of one type, in order."""
        handed_back = [await self._handlers[event_type](session, batch) for event_type, batch in _runs(received)]
        if self._finish is not None:
            await self._finish(session, handed_back)


def _runs(received: Sequence[Received[Event]]) -> Iterable[tuple[type[Event], list[Received[Event]]]]:
    """Split into batches of one type that keep the order of each key.

    An event joins the round after the last event of its key that had another type, so that alternating types of
    different keys still make large batches.
    """
    newest: dict[tuple[str, str], Received[Event]] = {}
    rounds: list[dict[type[Event], list[Received[Event]]]] = []
    place: dict[tuple[str, str], tuple[int, type[Event]]] = {}
    for item in received:
        kind = type(item.event)
        key = (item.topic, item.key)
        if kind.topic.kind == "state":
            known = newest.get(key)
            if known is None or known.order < item.order:
                newest[key] = item
            continue
        number, last_kind = place.get(key, (0, kind))
        if last_kind is not kind:
            number += 1
        place[key] = (number, kind)
        while len(rounds) <= number:
            rounds.append({})
        rounds[number].setdefault(kind, []).append(item)
    # In the order of their keys, withdrawals among the others, so that a handler that goes one by one locks in order.
    states = sorted(newest.values(), key=lambda item: (type(item.event).type, item.key))
    for kind, items in groupby(states, key=lambda item: type(item.event)):
        yield kind, list(items)
    for batches in rounds:
        yield from batches.items()


async def upsert_state(session: WriteSession, table: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write states into a read model unless it already knows the same or a newer one.

    Args:
        session: the consumer's transaction.
        table: a table with the primary key `id` and columns `epoch` and `version`.
        rows: one row per id, all with the same columns, `epoch` and `version` among them.

    Returns:
        The rows that were really written.
    """
    if not rows:
        return []
    columns = list(rows[0])
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")
    written = await session.fetch(
        f"""
        insert into {table} as target ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) order by id
        on conflict (id) do update set {changes}
        where (target.epoch, target.version) < (excluded.epoch, excluded.version)
        returning target.id
        """,
        rows=to_json(rows),
    )
    ids = {str(row["id"]) for row in written}
    return [row for row in rows if str(row["id"]) in ids]


def forget(table: str) -> Callable[[WriteSession, Sequence[Received[Withdrawn]]], Awaitable[None]]:
    """A handler that removes from a read model the states which their owner withdraws."""

    async def handle(session: WriteSession, received: Sequence[Received[Withdrawn]]) -> None:
        await session.execute(
            f"""
            delete from {table} as target
            using unnest(cast(:ids as uuid[]), cast(:epochs as integer[])) as gone (id, epoch)
            where target.id = gone.id and target.epoch < gone.epoch
            """,
            ids=[item.event.id for item in received],
            epochs=[item.epoch for item in received],
        )

    return handle


async def insert_facts(
    session: WriteSession, table: str, rows: Sequence[dict[str, Any]], *, key: str = "event_id"
) -> list[dict[str, Any]]:
    """Insert facts that are not there yet, by a unique key; returns those that were new, each once."""
    if not rows:
        return []
    once = {str(row[key]): row for row in reversed(rows)}  # a second copy may stand in the same batch
    names = ", ".join(rows[0])
    written = await session.fetch(
        f"""
        insert into {table} ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) order by {key}
        on conflict ({key}) do nothing
        returning {key} as key
        """,
        rows=to_json(list(once.values())),
    )
    return [once[str(row["key"])] for row in written]


def to_json(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a JSON array that ``jsonb_populate_recordset`` reads back exactly."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Decimal | UUID):  # asyncpg's own subclass of UUID is not known to orjson
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, frozenset | set | tuple):
        return list(value)
    raise TypeError(f"cannot store a {type(value).__name__}")
