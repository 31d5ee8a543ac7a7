"""Goal: whoever knows Kafka and CloudEvents reads every topic, with a client and an SDK that are not ours.

One example of each type goes through its owner's outbox and relay onto the run's broker; librdkafka reads it back.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jsonschema
import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from confluent_kafka import Consumer, Message

from docs.event_documents import SCHEMA_FOLDER
from docs.event_examples import example_of
from shared.chassis import outbox
from shared.chassis.database import Database
from shared.chassis.kafka import create_topics, topic_name
from shared.chassis.relay import Relay
from shared.chassis.settings import SERVICES, Settings
from shared.chassis.testing.databases import drop_database, make_bare_database
from shared.contracts.catalogue import CATALOGUE
from tests.shared.chassis.events.conftest import count, running, until

ROOT = Path(__file__).parent.parent.parent.parent
DAY = date(2022, 10, 1)
SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Read:
    """A message as the partner's client hands it over, and the event as the SDK reads it."""

    topic: str
    key: str
    event: BaseCloudEvent


@pytest.fixture(scope="module")
def read(settings: Settings, bootstrap_servers: str) -> dict[str, Read]:
    """What the partner reads, by type."""
    prefix = f"t{uuid4().hex[:12]}."
    here = settings.model_copy(
        update={"kafka_bootstrap_servers": bootstrap_servers, "kafka_topic_prefix": prefix, "kafka_partitions": 2}
    )
    asyncio.run(_publish_one_of_each(here))
    topics = {topic_name(here, topic.name): topic.name for topic in CATALOGUE.topics}
    return {str(one.event.get_type()): one for one in _read_all(bootstrap_servers, topics, len(CATALOGUE.by_type))}


async def _publish_one_of_each(settings: Settings) -> None:
    await create_topics(settings, CATALOGUE.topics)
    server = urlsplit(settings.require("admin_database_url")).netloc.rpartition("@")[2]
    for service in SERVICES:
        events = [event for event in CATALOGUE.by_type.values() if event.topic.producer == service]
        with pytest.MonkeyPatch.context() as patch:
            url = f"postgresql://{server}/partner_{uuid4().hex[:12]}"
            patch.setenv(f"PLODNEE_{service.upper()}_DATABASE_URL", url)
            await make_bare_database(settings, service, "")
            database = Database(settings, service, "worker", "test")
            try:
                async with database.unscoped() as session:
                    examples = [event.model_validate(example_of(event)) for event in events]
                    await outbox.add_many(session, [(example, 3, DAY) for example in examples])
                async with running(Relay(settings, database)):
                    await until(lambda held=database: _is_empty(held))  # type: ignore[misc]
            finally:
                await database.close()
                await drop_database(settings, service)


async def _is_empty(database: Database) -> bool:
    return await count(database, "select count(*) from outbox") == 0


def _read_all(bootstrap_servers: str, topics: dict[str, str], wanted: int) -> list[Read]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"partner-{uuid4().hex}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(list(topics))
    found: list[Read] = []
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while len(found) < wanted and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is not None:
                assert message.error() is None, message.error()
                found.append(_as_read(message, topics))
    finally:
        consumer.close()
    return found


def _as_read(message: Message, topics: dict[str, str]) -> Read:
    headers: Any = message.headers()
    key, value = message.key(), message.value()
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    event = from_kafka_event(KafkaMessage(headers=dict(headers), key=key, value=value))
    return Read(topics[str(message.topic())], key.decode(), event)


def test_every_topic_is_read_by_another_client(read: dict[str, Read]) -> None:
    assert read.keys() == CATALOGUE.by_type.keys()
    assert {one.topic for one in read.values()} == {topic.name for topic in CATALOGUE.topics}


@pytest.mark.parametrize("name", sorted(CATALOGUE.by_type))
def test_every_event_is_a_cloud_event(read: dict[str, Read], name: str) -> None:
    event, declared = read[name].event, CATALOGUE.by_type[name]
    assert event.get_specversion() == "1.0"
    assert UUID(str(event.get_id())).version == 7
    assert event.get_source() == f"/{declared.topic.producer}"
    assert event.get_subject() == read[name].key
    assert event.get_datacontenttype() == "application/json"
    occurred = event.get_time()
    assert occurred is not None
    assert occurred.tzinfo is not None
    assert event.get_extension("aggregateversion") == "1.3"
    assert event.get_extension("effectiveon") == DAY.isoformat()


@pytest.mark.parametrize("name", sorted(CATALOGUE.by_type))
def test_every_event_follows_the_published_schema(read: dict[str, Read], name: str) -> None:
    schema = json.loads((ROOT / SCHEMA_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    data = read[name].event.get_data()
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(data)
    assert data == example_of(CATALOGUE.by_type[name])
