"""Goal: whoever needs the days of several co-operatives waits for others who do, and no more, also the first time."""

import asyncio
from collections.abc import Awaitable, Callable

from services.debt.business_days.repository import hold_days, share_days
from shared.kernel.identifiers import derived_id
from tests.locks import until_they_wait_or_end
from tests.services.debt.world import World

NEW, KNOWN = sorted((derived_id("test-cooperative", "C1"), derived_id("test-cooperative", "C2")))


async def test_a_day_that_is_made_while_others_are_locked_does_not_deadlock(world: World) -> None:
    async def ask(lock: Callable[..., Awaitable[object]], *cooperatives: object) -> None:
        async with world.database.unscoped() as session:
            await lock(session, cooperatives)

    await ask(share_days, KNOWN)
    async with world.database.unscoped() as session:
        await hold_days(session, [KNOWN])
        posting = asyncio.create_task(ask(share_days, NEW, KNOWN))  # it looks before the new day is there
        await until_they_wait_or_end(world.database, posting)
        making = asyncio.create_task(ask(share_days, NEW))
        await until_they_wait_or_end(world.database, posting, making)
        closing = asyncio.create_task(ask(hold_days, NEW, KNOWN))
        await until_they_wait_or_end(world.database, posting, making, closing)
    await asyncio.gather(posting, making, closing)
    assert await world.value("select count(*) from business_day") == 2
