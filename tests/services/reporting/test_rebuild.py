"""Goal: the read model made again from the broker's log equals the live one, takes its place, and still obeys reach.

Method: a made-up country is spoken on a real broker in a random interleaving; two members of the consumer share it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest_asyncio

from services.reporting.inbox import INBOX
from services.reporting.kpis.schemas import KpiRead
from services.reporting.kpis.service import KpiQuery, read_kpis
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database
from shared.chassis.kafka import create_topics, make_producer, topic_name
from shared.chassis.reach import EVERYTHING, Reach
from shared.chassis.rebuild import Rebuild
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database
from shared.contracts.catalogue import CATALOGUE
from shared.kernel.identifiers import uuid7
from tests.conftest import _MADE, DatabaseOf
from tests.services.reporting.test_projections import interleaved
from tests.services.reporting.world import Said, World

PATIENCE_SECONDS = 120


@pytest_asyncio.fixture
async def spoken(kafka_settings: Settings, world: World) -> Settings:
    """Every event of the country on topics of this test, some of them twice."""
    await create_topics(kafka_settings, CATALOGUE.topics)
    producer = make_producer(kafka_settings, "test")
    await producer.start()
    try:
        for batch in interleaved(world.said, Random(11), 500):
            await asyncio.gather(*[await producer.send(**_record(kafka_settings, said)) for said in batch])
    finally:
        await producer.stop()
    return kafka_settings


def _record(settings: Settings, said: Said) -> dict[str, object]:
    headers = {
        "ce_id": str(uuid7()),
        "ce_type": said.event.type,
        "ce_time": "2023-03-20T00:00:00+00:00",
        "ce_effectiveon": said.effective_on.isoformat(),
        "ce_aggregateversion": f"1.{said.version}",
    }
    return {
        "topic": topic_name(settings, said.event.topic.name),
        "key": said.event.key.encode(),
        "value": said.event.model_dump_json().encode(),
        "headers": [(name, value.encode()) for name, value in headers.items()],
    }


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(PATIENCE_SECONDS * 10):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("the events were not all heard in time")


async def _figures(database: Database, reach: Reach, area: str) -> list[KpiRead]:
    async with database.read(reach) as session:
        found = await read_kpis(session, KpiQuery(area=area))
    return [one.model_copy(update={"event_lag_seconds": None}) for one in found]


@pytest_asyncio.fixture
async def database_of_its_own(settings: Settings) -> AsyncIterator[None]:
    """The database is dropped after the test: a swapped read model is no longer the one that the migrations made."""
    yield
    await drop_database(settings, "reporting")
    _MADE.pop("reporting", None)


async def test_promise_6_a_rebuild_equals_the_live_read_model(
    database_of_its_own: None, spoken: Settings, database_of: DatabaseOf, world: World
) -> None:
    worker, api, owner = [await database_of("reporting", role) for role in ("worker", "api", "owner")]
    stop = asyncio.Event()
    members = [Consumer(spoken, worker, INBOX, member=name) for name in ("one", "two")]
    running = [asyncio.create_task(member.run(stop)) for member in members]

    async def heard() -> bool:
        async with worker.unscoped() as session:
            closes = await session.scalar("select count(*) from close_statement")
            pledges = await session.scalar("select count(*) from savings_pledge where status = 'active'")
            postings = await session.scalar("select count(*) from posting")
        return (closes, pledges, postings) == (len(world.closes), 30, len(world.postings))

    try:
        await _until(heard)
        comparison = await Rebuild(spoken, worker, owner, INBOX).run(swap=False)
        assert comparison.is_equal
        before = await _figures(api, EVERYTHING, "TH")
        swapped = await Rebuild(spoken, worker, owner, INBOX).run()
    finally:
        stop.set()
        await asyncio.gather(*running)
    assert swapped.rows["measure_day"] > 0
    assert await _figures(api, EVERYTHING, "TH") == before
    async with api.read(Reach(districts=frozenset({"5203"}))) as session:
        assert await session.scalar("select count(*) from cooperative") == 1
        assert await session.scalar("select count(distinct cooperative_id) from measure_cell") == 1
    async with worker.unscoped() as session:
        assert await session.scalar("select count(*) from dead_letter") == 0
