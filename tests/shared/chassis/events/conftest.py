"""A small pair of events and a database that speaks and hears them, over the run's real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.chassis import outbox
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database, WriteSession
from shared.chassis.events import Catalogue, Event, InvalidEvent, Received, Topic, withdrawn
from shared.chassis.inbox import Finish, Inbox, forget, insert_facts, upsert_state
from shared.chassis.kafka import create_topics
from shared.chassis.relay import Relay
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database, make_bare_database

DAY = date(2022, 10, 1)

BALANCE = Topic("plodnee.registry.balance", "state", "account", "An account's balance.", "registry", ("registry",))
DEPOSIT = Topic("plodnee.registry.deposit", "fact", "account", "Money paid in.", "registry", ("registry",))


class BalanceRecorded(Event):
    topic: ClassVar[Topic] = BALANCE
    type: ClassVar[str] = "plodnee.registry.balance.recorded.v1"
    key_field: ClassVar[str] = "account_id"

    account_id: UUID
    balance: int


class Deposited(Event):
    topic: ClassVar[Topic] = DEPOSIT
    type: ClassVar[str] = "plodnee.registry.deposited.v1"
    key_field: ClassVar[str] = "account_id"

    account_id: UUID
    amount: int


CATALOGUE = Catalogue([BalanceRecorded, Deposited])

TABLES = """
    create table balance (id uuid primary key, balance bigint not null, epoch integer not null,
                          version bigint not null);
    create table deposit (event_id uuid primary key, account_id uuid not null, amount bigint not null,
                          place bigint generated always as identity);
    create table total (id uuid primary key, amount bigint not null);
"""


def make_inbox(consumer: str = "registry", finish: Finish | None = None) -> Inbox:
    """Balances are states, deposits are facts; a negative one breaks an invariant. The batch ends with the totals."""
    inbox = Inbox(consumer, CATALOGUE, finish or add_to_totals)

    @inbox.on(BalanceRecorded)
    async def record_balance(session: WriteSession, received: Sequence[Received[BalanceRecorded]]) -> None:
        rows = [{"id": item.event.account_id, "balance": item.event.balance, **item.guard()} for item in received]
        await upsert_state(session, "balance", rows)

    inbox.on(withdrawn(BalanceRecorded))(forget("balance"))

    @inbox.on(Deposited)
    async def add_deposit(session: WriteSession, received: Sequence[Received[Deposited]]) -> list[dict[str, Any]]:
        if any(item.event.amount < 0 for item in received):
            raise InvalidEvent("a deposit is not negative")
        facts = [
            {"event_id": item.event_id, "account_id": item.event.account_id, "amount": item.event.amount}
            for item in received
        ]
        return await insert_facts(session, "deposit", facts)

    return inbox


async def add_to_totals(session: WriteSession, handed_back: Sequence[object]) -> None:
    """Add the deposits that were new; handlers of states hand back nothing."""
    for fact in (fact for facts in handed_back if isinstance(facts, list) for fact in facts):
        await session.execute(
            "insert into total (id, amount) values (:id, :amount)"
            " on conflict (id) do update set amount = total.amount + excluded.amount",
            id=fact["account_id"],
            amount=fact["amount"],
        )


@pytest_asyncio.fixture
async def bus(kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """Settings of a test's own database and topics."""
    server = urlsplit(kafka_settings.require("admin_database_url")).netloc.rpartition("@")[2]
    monkeypatch.setenv("PLODNEE_REGISTRY_DATABASE_URL", f"postgresql://{server}/bus_{uuid4().hex[:12]}")
    await make_bare_database(kafka_settings, "registry", TABLES)
    await create_topics(kafka_settings, CATALOGUE.topics)
    yield kafka_settings
    await drop_database(kafka_settings, "registry")


@pytest_asyncio.fixture
async def database(bus: Settings) -> AsyncIterator[Database]:
    pool = Database(bus, "registry", "worker", "test")
    yield pool
    await pool.close()


async def publish(settings: Settings, database: Database, events: Sequence[tuple[Event, int]]) -> None:
    """Put events (event, version) into the outbox and run a relay until it is empty."""
    async with database.unscoped() as session:
        await outbox.add_many(session, [(event, version, DAY) for event, version in events])
    async with running(Relay(settings, database)):
        await until(lambda: _outbox_is_empty(database))


async def _outbox_is_empty(database: Database) -> bool:
    async with database.unscoped() as session:
        return bool(await session.scalar("select count(*) = 0 from outbox"))


@asynccontextmanager
async def running(*parts: Relay | Consumer) -> AsyncIterator[asyncio.Event]:
    """Run relays or consumers until the block ends; then drain them, and let their failures be seen."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(part.run(stop)) for part in parts]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 120) -> None:
    """Wait until an async condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("the condition did not come true in time")
        await asyncio.sleep(0.02)


async def until_count(database: Database, sql: str, expected: int, seconds: float = 120) -> None:
    """Wait until a query gives this number."""

    async def is_so() -> bool:
        return await count(database, sql) == expected

    await until(is_so, seconds)


async def count(database: Database, sql: str) -> int:
    async with database.unscoped() as session:
        return int(await session.scalar(sql) or 0)
