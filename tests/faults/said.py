"""What the owners stand for, as it is in the log: the newest state of each aggregate, and every fact."""

from typing import Any

from shared.chassis.events import Event
from shared.chassis.kafka import read_log
from shared.chassis.settings import Settings
from shared.contracts.catalogue import CATALOGUE
from shared.contracts.debt import BusinessDateClosed

Said = dict[tuple[Any, ...], Event]


async def read_said(settings: Settings) -> Said:
    """By what each is about; of what is said again in a higher version or revision, the highest.

    Facts that a restored owner did not say again in its newest epoch are of the future that was taken back.
    """
    newest: dict[tuple[Any, ...], tuple[tuple[int, int], Event]] = {}
    epochs: dict[str, int] = {}
    async for record in read_log(settings, CATALOGUE.topics):
        headers = {name: text.decode() for name, text in record.headers}
        if not record.value:  # a state that its owner, restored to an earlier point, has withdrawn
            newest.pop((headers["ce_type"], record.key.decode()), None)
            continue
        event = CATALOGUE.by_type[headers["ce_type"]].model_validate_json(record.value)
        epoch, version = map(int, headers["ce_aggregateversion"].split("."))
        epochs[event.topic.producer] = max(epoch, epochs.get(event.topic.producer, 0))
        order = (epoch, version if event.topic.kind == "state" else getattr(event, "revision", 1))
        known = newest.get(_about(event))
        if known is None or known[0] <= order:
            newest[_about(event)] = order, event
    return {
        about: event
        for about, ((epoch, _), event) in newest.items()
        if event.topic.kind == "state" or epoch == epochs[event.topic.producer]
    }


def differences(before: Said, after: Said) -> list[str]:
    """What was said and is not any more, is new, or is said otherwise."""
    return [
        f"{about}: {before.get(about)} became {after.get(about)}"
        for about in sorted({*before, *after}, key=str)
        if before.get(about) != after.get(about)
    ]


def _about(event: Event) -> tuple[Any, ...]:
    if event.topic.kind == "state":
        return event.type, event.key
    names = [name for name in type(event).model_fields if name.endswith("_id") or name == "fiscal_year_be"]
    names += ["closed_on", "revision"] if isinstance(event, BusinessDateClosed) else []
    return event.type, event.key, *(str(getattr(event, name)) for name in names)
