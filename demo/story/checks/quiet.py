"""Nothing is left on its way: outboxes empty, events applied, none set aside; and a rebuild equals what is live."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from demo.story.checks import Check, verdict
from demo.story.client import StoryFailed, until
from demo.story.owners import read_as_owner
from shared.chassis.kafka import read_ends, topic_name
from shared.chassis.settings import SERVICES, Settings
from shared.contracts.catalogue import CATALOGUE

QUIET_SECONDS_MAX = 60.0
Rebuild = Callable[[], Awaitable[Mapping[str, int]]]
"""Rebuilds reporting's read model beside the live one; rows of each table when all are equal, else it raises."""

Partitions = dict[tuple[str, int], int]


async def check_quiet(settings: Settings) -> list[Check]:
    """Wait for what is on its way, then look for what is not."""
    left = ""
    try:
        await until("every event to be applied", lambda: _quiet(settings), seconds_max=QUIET_SECONDS_MAX)
    except StoryFailed as error:
        left = str(error)
    outboxes = {service: await _count(settings, service, "outbox") for service in SERVICES}
    dead = {service: await _count(settings, service, "dead_letter") for service in SERVICES}
    ends = await _ends(settings)
    behind = unread(await _offsets(settings), ends, _listened(settings))
    return [
        verdict("no outbox row is left", _named(outboxes, "outbox rows"), "all five are empty"),
        verdict(
            "every event is applied",
            [left, *behind] if left else behind,
            f"{sum(ends.values())} events in {len({topic for topic, _ in ends})} topics",
        ),
        verdict("no dead letter", _named(dead, "dead letters"), "in no service"),
    ]


async def check_rebuild(rebuild: Rebuild) -> Check:
    """Reporting's read model made again from the log is the live one, row for row."""
    try:
        rows = await rebuild()
    except Exception as error:  # whatever stops it, the check has failed and says why
        return Check("a rebuild equals the live read model", ok=False, detail=f"{type(error).__name__}: {error}")
    faults = [] if sum(rows.values()) else ["the read model is empty"]
    detail = f"{sum(rows.values())} rows of {len(rows)} tables are equal"
    return verdict("a rebuild equals the live read model", faults, detail)


async def _quiet(settings: Settings) -> bool | None:
    """Whether nothing moves: empty outboxes, then everything read to the end, then both still so."""
    if await _outbox_rows(settings):
        return None
    ends = await _ends(settings)
    if unread(await _offsets(settings), ends, _listened(settings)) or await _outbox_rows(settings):
        return None
    return True if await _ends(settings) == ends else None


async def _outbox_rows(settings: Settings) -> int:
    return sum([await _count(settings, service, "outbox") for service in SERVICES])


async def _count(settings: Settings, service: str, table: str) -> int:
    async with read_as_owner(settings, service) as session:
        return int(await session.scalar(f"select count(*) from {table}"))


async def _offsets(settings: Settings) -> dict[str, Partitions]:
    """By consumer: the next offset of each partition it reads."""
    found: dict[str, Partitions] = {}
    for service in SERVICES:
        async with read_as_owner(settings, service) as session:
            rows = await session.fetch(
                "select consumer, topic, partition, next_offset from consumer_offset where consumer = :consumer",
                consumer=service,
            )
        for row in rows:
            found.setdefault(row["consumer"], {})[row["topic"], row["partition"]] = row["next_offset"]
    return found


async def _ends(settings: Settings) -> Partitions:
    partitions = {partition for read in (await _offsets(settings)).values() for partition in read}
    return await read_ends(settings, sorted(partitions))


def _listened(settings: Settings) -> list[tuple[str, str]]:
    """(consumer, topic on the broker) of everything that one service hears of another."""
    return [(consumer, topic_name(settings, topic.name)) for topic in CATALOGUE.topics for consumer in topic.consumers]


def unread(offsets: Mapping[str, Partitions], ends: Partitions, listened: Iterable[tuple[str, str]]) -> list[str]:
    """What was not read to its end, or not at all; nothing said at all is a fault too.

    Args:
        offsets: by consumer, the next offset of each partition it reads.
        ends: the next offset that each partition will give.
        listened: consumers and the topics that each must have read.
    """
    never = [
        f"{consumer} has never read {topic}"
        for consumer, topic in listened
        if topic not in {name for name, _ in offsets.get(consumer, {})}
    ]
    behind = [
        f"{consumer} has read {topic}-{partition} to {offset} of {ends[topic, partition]}"
        for consumer, read in offsets.items()
        for (topic, partition), offset in read.items()
        if offset < ends[topic, partition]
    ]
    return [*never, *behind, *(["nothing was said"] if not sum(ends.values()) else [])]


def _named(counts: Mapping[str, int], what: str) -> list[str]:
    return [f"{count} {what} in {service}" for service, count in counts.items() if count]
