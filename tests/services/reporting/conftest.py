"""Events as reporting hears them, applied by its own inbox to a real database."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

import pytest

from services.reporting.inbox import INBOX
from shared.chassis.database import Database
from tests.services.reporting.world import Said, World, received

Hear = Callable[[Database, Iterable[Sequence[Said]]], Awaitable[None]]


async def apply_batches(database: Database, batches: Iterable[Sequence[Said]]) -> None:
    """Apply batches of events, each in a transaction of its own."""
    for batch in batches:
        async with database.unscoped() as session:
            await INBOX.apply(session, [received(said, offset) for offset, said in enumerate(batch)])


@pytest.fixture
def hear() -> Hear:
    """`await hear(database, [batch, …])` applies events as the consumer would."""
    return apply_batches


@pytest.fixture(scope="session")
def world() -> World:
    return World(seed=7)
