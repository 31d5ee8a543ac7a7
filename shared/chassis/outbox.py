"""The one way an event leaves a service: a row in the transaction that made it true.

The event is serialised once, here, as bytes. What the broker would refuse is refused here, so that no row can block
its shard.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zlib import crc32

import orjson
import structlog

from shared.chassis.database import WriteSession
from shared.chassis.events import Event, Received, Withdrawn
from shared.chassis.settings import get_settings
from shared.chassis.tracing import TRACEPARENT_HEADER, traceparent
from shared.kernel.identifiers import uuid7

SHARDS = 16  # fixed for ever: a key must always meet the same relay

_COLUMNS = ("shard", "topic", "key", "aggregate_version", "headers", "value")


class EventRefused(ValueError):
    """The event could not be published: it is too large, or its topic belongs to another service."""


async def add(session: WriteSession, event: Event, *, version: int, effective_on: date) -> None:
    """Publish one event with this transaction.

    Args:
        session: the transaction that writes what the event says; its aggregate's row is already locked.
        event: the data.
        version: the aggregate's version after the change (1 for a fact).
        effective_on: the business date the event belongs to.

    Raises:
        EventRefused: the broker would not take it.
    """
    await add_many(session, [(event, version, effective_on)])


async def add_many(
    session: WriteSession,
    events: Sequence[tuple[Event, int, date]],
    *,
    answering: Sequence[Received[Any]] = (),
) -> None:
    """Publish events (event, version, effective date) with this transaction, in this order, by one COPY.

    Args:
        session: the transaction that writes what the events say.
        events: the data.
        answering: what was heard: it caused those of the events that have its key.
    """
    if not events:
        return
    shared = _shared_headers()
    limit = get_settings().event_bytes_max
    causes = {item.key: _cause_headers(item) for item in answering}
    await session.copy(
        "outbox",
        _COLUMNS,
        [
            _row(session.service, event, version, day, {**shared, **causes.get(event.key, {})}, limit)
            for event, version, day in events
        ],
    )


def _shared_headers() -> dict[str, str]:
    """What all events published at once have in common: when, in which request or job, and in which trace."""
    headers = {"ce_time": datetime.now(UTC).isoformat()}
    correlation_id = structlog.contextvars.get_contextvars().get("correlation_id")
    if correlation_id is not None:
        headers["ce_correlationid"] = correlation_id
    place = traceparent()
    if place is not None:
        headers[TRACEPARENT_HEADER] = place
    return headers


def _cause_headers(cause: Received[Any]) -> dict[str, str]:
    headers = {"ce_causationid": str(cause.event_id)}
    if cause.correlation_id is not None:
        headers["ce_correlationid"] = cause.correlation_id
    return headers


def _row(
    service: str, event: Event, version: int, effective_on: date, shared: dict[str, str], limit: int
) -> tuple[Any, ...]:
    if event.topic.producer != service:
        raise EventRefused(f"{event.type} belongs to {event.topic.producer}, not to {service}")
    key = event.key
    value = b"" if isinstance(event, Withdrawn) else event.model_dump_json().encode()
    if len(value) > limit:
        raise EventRefused(f"{event.type} of {len(value)} bytes is over the limit of {limit}")
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid7()),
        "ce_source": f"/{service}",
        "ce_type": event.type,
        "ce_subject": key,
        "ce_effectiveon": effective_on.isoformat(),
        "content-type": "application/json",
        **shared,
    }
    return shard_of(key), event.topic.name, key, version, orjson.dumps(headers).decode(), value


def shard_of(key: str) -> int:
    """The shard whose relay publishes this key, so that one key keeps its order."""
    return crc32(key.encode()) % SHARDS
