"""Goal: the catalogue says the truth about who publishes and who listens, and what is said can be read."""

from importlib import import_module

import orjson
import pytest

from docs.event_examples import example_of
from shared.chassis.events import Event, Topic
from shared.chassis.inbox import Inbox
from shared.chassis.service import Service
from shared.chassis.settings import SERVICES
from shared.contracts.catalogue import CATALOGUE

EVENTS = sorted(CATALOGUE.by_type.values(), key=lambda event: event.type)


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    return {name: import_module(f"services.{name}.app").SERVICE for name in SERVICES}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_type_is_named_after_its_service_and_its_topic(event: type[Event]) -> None:
    product, service, *_, version = event.type.split(".")
    assert (product, service) == ("plodnee", event.topic.producer)
    assert version.startswith("v")
    assert event.topic.name.startswith(f"plodnee.{service}.")
    assert event.key_field in event.model_fields


@pytest.mark.parametrize("topic", CATALOGUE.topics, ids=lambda topic: topic.name)
def test_a_state_topic_holds_one_type(topic: Topic) -> None:
    types = [event.type for event in EVENTS if event.topic == topic]
    assert types
    assert topic.kind == "fact" or len(types) == 1


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_type_is_published_by_the_service_that_its_topic_names(
    event: type[Event], services: dict[str, Service]
) -> None:
    assert [name for name, service in services.items() if event in service.events] == [event.topic.producer]


@pytest.mark.parametrize("topic", CATALOGUE.topics, ids=lambda topic: topic.name)
def test_the_consumers_of_a_topic_are_those_that_listen(topic: Topic, services: dict[str, Service]) -> None:
    listening = {name for name, service in services.items() if service.inbox and topic in service.inbox.topics}
    assert set(topic.consumers) == listening


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_the_example_is_read_as_it_was_written(event: type[Event]) -> None:
    document = example_of(event)
    assert event.model_validate_json(_text(document)).model_dump(mode="json") == document


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_reader_ignores_what_it_does_not_know(event: type[Event]) -> None:
    assert event.model_validate_json(_text({**example_of(event), "said_by_a_later_release": 1}))


def test_a_handler_is_given_the_example_of_every_type(services: dict[str, Service]) -> None:
    """What a producer writes passes the door of every consumer that listens to it."""
    for service in services.values():
        if service.inbox is None:
            continue
        parsed = [_parse(service.inbox, event) for event in EVENTS if event.topic in service.inbox.topics]
        assert parsed


def _parse(inbox: Inbox, event: type[Event]) -> object:
    document = example_of(event)
    key = str(document[event.key_field])
    headers = {
        "ce_id": "0198c0de-0000-7000-8000-000000000001",
        "ce_type": event.type,
        "ce_time": "2022-10-31T17:00:00+00:00",
        "ce_effectiveon": "2022-10-31",
        "ce_aggregateversion": "1.1",
    }
    return inbox.parse(
        topic=event.topic.name, partition=0, offset=0, key=key.encode(), headers=headers, value=_text(document)
    )


def _text(document: object) -> bytes:
    return orjson.dumps(document)
