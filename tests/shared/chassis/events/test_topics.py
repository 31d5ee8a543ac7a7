"""Goal: a topic that could lose, forget or refuse an event is refused before anything is written to it."""

from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.chassis.kafka import TopicsDiffer, check_topics, create_topics, make_admin, read_ends, topic_name
from shared.chassis.settings import Settings
from tests.shared.chassis.events.conftest import BALANCE, DEPOSIT, until


async def test_topics_of_our_making_pass_and_are_made_once(kafka_settings: Settings) -> None:
    assert len(await create_topics(kafka_settings, [BALANCE, DEPOSIT])) == 2
    assert await create_topics(kafka_settings, [BALANCE, DEPOSIT]) == []
    await check_topics(kafka_settings, [BALANCE, DEPOSIT])


async def test_of_no_partitions_there_are_no_ends(kafka_settings: Settings) -> None:
    assert await read_ends(kafka_settings, []) == {}


async def test_a_topic_that_forgets_or_refuses_is_named_with_every_fault(kafka_settings: Settings) -> None:
    admin = make_admin(kafka_settings, "test")
    await admin.start()
    try:
        wrong = {
            "retention.ms": "1000",
            "retention.bytes": "1000000",
            "cleanup.policy": "compact",
            "max.message.bytes": "100000",
        }
        name = topic_name(kafka_settings, BALANCE.name)
        await admin.create_topics([NewTopic(name=name, num_partitions=1, replication_factor=1, topic_configs=wrong)])
        await until(partial(_is_known, admin, name))
    finally:
        await admin.close()
    with pytest.raises(TopicsDiffer) as refused:
        await check_topics(kafka_settings, [BALANCE, DEPOSIT])
    text = str(refused.value)
    for fault in ("1 partitions", "retention.ms=1000", "retention.bytes=1000000", "compact", "100000 bytes"):
        assert fault in text
    assert f"{DEPOSIT.name} is missing" in text


async def test_in_production_an_event_must_survive_the_loss_of_a_broker(kafka_settings: Settings) -> None:
    await create_topics(kafka_settings, [BALANCE])
    production = kafka_settings.model_copy(update={"environment": "production"})
    with pytest.raises(TopicsDiffer, match=r"1 replicas.*min\.insync\.replicas=1, expected 2"):
        await check_topics(production, [BALANCE])


async def _is_known(admin: AIOKafkaAdminClient, name: str) -> bool:
    return name in await admin.list_topics()
