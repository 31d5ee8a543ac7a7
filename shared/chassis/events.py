"""What an event is: a topic of the catalogue, a CloudEvents type, and a frozen Pydantic model as its data.

CloudEvents 1.0 binary mode over Kafka: attributes travel as ``ce_*`` headers, the data is the JSON value, the Kafka
key is the aggregate's id. Consumers route and guard by headers, without parsing the value.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Topic:
    """One row of the topic catalogue.

    A *state* topic holds one type, each event the whole current state of its aggregate; a *fact* topic holds what
    happened, each event once.
    """

    name: str
    kind: Literal["state", "fact"]
    key: str
    description: str
    producer: str
    consumers: tuple[str, ...]


class EventPart(BaseModel):
    """A part of an event's data. What a later release adds to it is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(EventPart):
    """The data of an event. Ids, amounts and reviewed attributes only: never personal data."""

    topic: ClassVar[Topic]
    type: ClassVar[str]
    key_field: ClassVar[str]

    @property
    def key(self) -> str:
        """The aggregate's id: the Kafka key and the CloudEvents subject."""
        return str(getattr(self, self.key_field))


class Withdrawn(Event):
    """A state without data: its owner was restored to a time before the aggregate, and does not know it any more."""

    key_field: ClassVar[str] = "id"

    id: str


@cache
def withdrawn(event: type[Event]) -> type[Withdrawn]:
    """The withdrawal of a state, as a type that a handler is registered for."""
    name = f"{event.__name__}Withdrawn"
    return type(name, (Withdrawn,), {"__module__": __name__, "topic": event.topic, "type": event.type})


class InvalidEvent(Exception):
    """An event that can never be applied: it does not parse, is of no known type, or breaks an invariant."""


EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class Received(Generic[EventT]):
    """An event as a handler sees it, with the attributes of its envelope."""

    event: EventT
    event_id: UUID
    epoch: int
    version: int
    effective_on: date
    topic: str
    partition: int
    offset: int
    key: str
    correlation_id: str | None
    occurred_at: datetime

    @property
    def order(self) -> tuple[int, int]:
        """Orders the states of one aggregate: a restore of the owner's database raises the epoch."""
        return self.epoch, self.version

    def guard(self) -> dict[str, Any]:
        """The columns by which a read model refuses an older state."""
        return {"epoch": self.epoch, "version": self.version}


class Catalogue:
    """The events a process knows, by CloudEvents type."""

    def __init__(self, events: list[type[Event]]) -> None:
        self.by_type = {event.type: event for event in events}

    @property
    def topics(self) -> list[Topic]:
        return sorted({event.topic for event in self.by_type.values()}, key=lambda topic: topic.name)
