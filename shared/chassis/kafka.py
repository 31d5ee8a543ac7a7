"""Kafka clients with every option that has a dangerous default stated, hidden here so that they can be swapped."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from ssl import create_default_context
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from shared.chassis.events import Topic
from shared.chassis.settings import Settings

_HEADERS_BYTES_MAX = 65_536
_TOPICS_KNOWN_SECONDS_MAX = 30.0
_IDLE_POLLS_MAX = 60
# Kept for ever and never compacted; with these two an acknowledged event survives the loss of any one broker.
_KEPT = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
_SAFE = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}


class TopicsDiffer(RuntimeError):
    """The broker's topics are not what the catalogue asks for; the message lists each difference."""


def topic_name(settings: Settings, name: str) -> str:
    """The name on the broker: the catalogue's, behind the prefix that keeps test runs apart."""
    return settings.kafka_topic_prefix + name


def _connection(settings: Settings) -> dict[str, Any]:
    """How every client reaches the broker and signs in there."""
    protocol = settings.kafka_security_protocol
    options: dict[str, Any] = {
        "bootstrap_servers": settings.require("kafka_bootstrap_servers"),
        "request_timeout_ms": settings.kafka_request_timeout_ms,
        "security_protocol": protocol,
    }
    if protocol.endswith("SSL"):
        options["ssl_context"] = create_default_context(cafile=settings.kafka_ca_file or None)
    if protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.require("kafka_username")
        options["sasl_plain_password"] = settings.require("kafka_password")
    return options


def make_producer(settings: Settings, client_id: str) -> AIOKafkaProducer:
    """A producer that neither loses nor reorders: all replicas acknowledge, and the broker drops its own retries."""
    return AIOKafkaProducer(
        **_connection(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=1,  # the relay already sends in batches; waiting longer only adds latency
        max_batch_size=262_144,
        max_request_size=1_048_576,
        retry_backoff_ms=100,
    )


def make_consumer(settings: Settings, group_id: str | None, client_id: str) -> AIOKafkaConsumer:
    """A consumer whose offsets are ours to keep: nothing is committed that was not applied, no history is skipped."""
    return AIOKafkaConsumer(
        **_connection(settings),
        group_id=group_id,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # only until the assignment seeks to the offsets that PostgreSQL holds
        isolation_level="read_committed",
        max_poll_records=settings.consumer_batch_events_max,
        fetch_max_bytes=16_777_216,
        max_partition_fetch_bytes=2_097_152,
        fetch_max_wait_ms=100,
        session_timeout_ms=settings.consumer_session_timeout_ms,
        heartbeat_interval_ms=settings.consumer_session_timeout_ms // 10,
        rebalance_timeout_ms=60_000,
        max_poll_interval_ms=settings.consumer_poll_interval_max_ms,
        retry_backoff_ms=100,
        metadata_max_age_ms=60_000,
    )


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close the connections, whatever the client was about.

    A fetch that has failed waits a moment before the next. When the client cancels it there, aiokafka's own ``stop``
    ends as cancelled and leaves its connections open; whoever had awaited it would seem to be cancelled himself.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled():
        await consumer._client.close()  # nothing public closes what is left
    else:
        stopping.result()


def make_admin(settings: Settings, client_id: str) -> AIOKafkaAdminClient:
    return AIOKafkaAdminClient(
        **_connection(settings),
        client_id=client_id,
    )


async def read_cluster_id(settings: Settings, client_id: str) -> str:
    """The id of the cluster that answers now: another id is another log."""
    admin = make_admin(settings, client_id)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def read_ends(settings: Settings, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The offset that the next event of each (topic, partition) will have: how much there is to read now.

    Topics carry the names they have on the broker, as in ``consumer_offset``.
    """
    wanted = [TopicPartition(*one) for one in partitions]
    if not wanted:
        return {}  # a client that is stopped as soon as it was started fails
    consumer = make_consumer(settings, None, "plodnee-ends")
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(wanted)
    finally:
        await consumer.stop()
    return {(partition.topic, partition.partition): end for partition, end in ends.items()}


async def read_log(settings: Settings, topics: Iterable[Topic]) -> AsyncIterator[Any]:
    """Every record that stands in these topics now; those of one key in their order.

    Raises:
        TimeoutError: the broker does not give what it says it has.
    """
    consumer = make_consumer(settings, None, "plodnee-log")
    await consumer.start()
    try:
        names = [topic_name(settings, topic.name) for topic in topics]
        wanted = [TopicPartition(name, part) for name in names for part in range(settings.kafka_partitions)]
        beginnings, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
        behind = {partition for partition in wanted if beginnings[partition] < ends[partition]}
        consumer.assign(list(behind))
        idle_polls = 0
        while behind:
            fetched = await consumer.getmany(timeout_ms=500)
            idle_polls = 0 if fetched else idle_polls + 1
            if idle_polls > _IDLE_POLLS_MAX:
                raise TimeoutError("the broker does not give the events that it has")
            for partition, records in fetched.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
                if records[-1].offset + 1 >= ends[partition]:
                    behind.discard(partition)
    finally:
        await stop_consumer(consumer)


async def create_topics(settings: Settings, topics: list[Topic]) -> list[str]:
    """Create the topics that are missing, kept for ever and never compacted; returns the names created."""
    configs = {**_KEPT, **(_SAFE if settings.kafka_replication_factor >= 3 else {})}
    admin = make_admin(settings, "plodnee-init")
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = [topic_name(settings, topic.name) for topic in topics]
        missing = [name for name in wanted if name not in existing]
        if missing:
            response = await admin.create_topics(
                [
                    NewTopic(
                        name=name,
                        num_partitions=settings.kafka_partitions,
                        replication_factor=settings.kafka_replication_factor,
                        topic_configs=configs,
                    )
                    for name in missing
                ]
            )
            for name, code, *_ in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(f"could not create topic {name}")
            await _until_known(admin, missing)
        return missing
    finally:
        await admin.close()


async def _until_known(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """Wait until the broker tells of topics that it has just made: its answers follow its log by a moment."""
    deadline = asyncio.get_running_loop().time() + _TOPICS_KNOWN_SECONDS_MAX
    while unknown := set(names) - set(await admin.list_topics()):
        if asyncio.get_running_loop().time() > deadline:
            raise UnknownTopicOrPartitionError(f"made, but not told of yet: {', '.join(sorted(unknown))}")
        await asyncio.sleep(0.1)


async def check_topics(settings: Settings, topics: list[Topic]) -> None:
    """Refuse topics that could lose or reorder what we keep.

    Raises:
        TopicsDiffer: a topic is missing, forgets, is compacted, has other partitions, refuses our largest event, or,
            in production, can lose an event with one broker.
    """
    admin = make_admin(settings, "plodnee-topics-check")
    await admin.start()
    try:
        names = [topic_name(settings, topic.name) for topic in topics]
        described = {row["topic"]: row for row in await admin.describe_topics(names)}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs: dict[str, dict[str, str]] = {}
        for response in await admin.describe_configs(resources):
            for row in response.resources:
                _, _, _, name, entries = row[:5]
                configs[name] = {entry[0]: entry[1] for entry in entries}
    finally:
        await admin.close()
    faults: list[str] = []
    for name in names:
        faults += _topic_faults(settings, name, described.get(name), configs.get(name, {}))
    if faults:
        raise TopicsDiffer("; ".join(faults))


def _topic_faults(settings: Settings, name: str, described: dict[str, Any] | None, config: dict[str, str]) -> list[str]:
    partitions = (described or {}).get("partitions") or []
    if described is None or described.get("error_code") or not partitions:
        return [f"{name} is missing: run `plodnee init`"]
    faults = []
    if len(partitions) != settings.kafka_partitions:
        faults.append(f"{name} has {len(partitions)} partitions, expected {settings.kafka_partitions}")
    replicas = min(len(partition["replicas"]) for partition in partitions)
    if settings.is_production and replicas < 3:
        faults.append(f"{name} has {replicas} replicas, expected at least 3")
    wanted = {**_KEPT, **(_SAFE if settings.is_production else {})}
    faults += [
        f"{name} has {option}={config.get(option)}, expected {value}"
        for option, value in wanted.items()
        if config.get(option) != value
    ]
    bytes_needed = settings.event_bytes_max + _HEADERS_BYTES_MAX
    if int(config.get("max.message.bytes", 0)) < bytes_needed:
        faults.append(f"{name} takes {config.get('max.message.bytes')} bytes a message, expected {bytes_needed}")
    return faults
