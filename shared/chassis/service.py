"""What a service is, as one value: what its api mounts, what its worker runs, what it may publish."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

if TYPE_CHECKING:
    from shared.chassis.events import Event
    from shared.chassis.inbox import Inbox
    from shared.chassis.jobs.registry import Tasks
    from shared.chassis.replay import TellAgain


@dataclass(frozen=True)
class Service:
    """One of the services, assembled in its ``app.py`` and read by the api, the worker and the command line.

    Attributes:
        name: the first path segment, the database's name and the audience ``plodnee-<name>``.
        title_en: the title of the API pages, in English.
        title_th: the same in Thai.
        routers: mounted under ``/<name>/v1``.
        page_routers: mounted at the root and left out of the API pages (the dashboard of reporting).
        inbox: what it does with the events of others; None when it listens to nobody.
        tasks: the registry of its jobs, for the worker.
        feed_kinds: the kinds of file it takes in.
        events: every event type it publishes.
        tell_again: what says its facts and present states again, in this order, for `plodnee replay`.
        migrated: whether ``services/<name>/migrations`` makes its database; readiness then compares the database with
            their head. False for a service that a test makes.
        owns_assignments: true for the service that officers' assignments are written in: its knowledge cannot be old.
    """

    name: str
    title_en: str
    title_th: str
    routers: Sequence[APIRouter] = ()
    page_routers: Sequence[APIRouter] = ()
    inbox: "Inbox | None" = None
    tasks: "Tasks | None" = None
    feed_kinds: Sequence[Any] = ()
    events: "Sequence[type[Event]]" = ()
    tell_again: "Sequence[TellAgain]" = ()
    migrated: bool = True
    owns_assignments: bool = False

    @property
    def prefix(self) -> str:
        """Where the API's routes stand."""
        return f"/{self.name}/v1"

    @property
    def audience(self) -> str:
        """What a token's ``aud`` must name."""
        return f"plodnee-{self.name}"
