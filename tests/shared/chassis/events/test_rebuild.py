"""Goal: a read model made again from its topics equals the live one, row for row, while the live consumer goes on."""

import asyncio
import random
from collections.abc import AsyncIterator
from unittest.mock import patch
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import TopicPartition

from shared.chassis.consumer import Consumer
from shared.chassis.database import Database
from shared.chassis.rebuild import NoReadModel, Rebuild, RebuildDiffers
from shared.chassis.settings import Settings
from tests.shared.chassis.events.conftest import (
    BalanceRecorded,
    Deposited,
    count,
    make_inbox,
    publish,
    running,
    until_count,
)

READ_MODEL = """
    create schema read_model authorization plodnee_registry_owner;
    create table read_model.balance (id uuid primary key, balance bigint not null, epoch integer not null,
                                     version bigint not null);
    create table read_model.deposit (event_id uuid primary key, account_id uuid not null, amount bigint not null);
    create table read_model.total (id uuid primary key, amount bigint not null);
    create index ix_deposit_account_id on read_model.deposit (account_id);
    alter table read_model.deposit add constraint deposit_counts_once unique (event_id, account_id);
    grant usage on schema read_model to plodnee_registry_worker;
    grant select, insert, update, delete on all tables in schema read_model to plodnee_registry_worker;
    alter table read_model.total enable row level security;
    create policy everybody on read_model.total for all to plodnee_registry_worker using
        (amount >= 0 or exists (select 1 from read_model.balance)) with check (true);
"""


@pytest_asyncio.fixture
async def owner(bus: Settings) -> AsyncIterator[Database]:
    pool = Database(bus, "registry", "owner", "test-owner")
    async with pool.unscoped() as session:
        name = await session.scalar("select current_database()")
        for statement in READ_MODEL.split(";\n"):
            if statement.strip():
                await session.execute(statement)
        await session.execute(f'alter database "{name}" set search_path = read_model, public')
    yield pool
    await pool.close()


async def test_promise_6_a_rebuild_equals_the_live_read_model_and_takes_its_place(
    bus: Settings, database: Database, owner: Database
) -> None:
    accounts = [uuid4() for _ in range(40)]
    events: list[tuple[BalanceRecorded | Deposited, int]] = []
    for number in range(1_500):
        account = random.choice(accounts)
        events.append((Deposited(account_id=account, amount=number), 1))
        events.append((BalanceRecorded(account_id=account, balance=number), number))
    names = await _names(owner)
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, list(events[:2_000]))
        await until_count(database, "select sum(amount) is not null from total", 1)
        rebuild = asyncio.create_task(Rebuild(bus, database, owner, make_inbox()).run())
        await publish(bus, database, list(events[2_000:]))
        comparison = await rebuild
        assert comparison.is_equal
        await until_count(database, "select count(*) from deposit", 1_500)
    assert set(comparison.rows) == {"balance", "deposit", "total"}
    assert await count(database, "select sum(amount) from total") == sum(range(1_500))
    assert await count(owner, "select count(*) from pg_policies where schemaname = 'read_model'") == 1
    assert await count(owner, "select count(*) from pg_namespace where nspname like 'read_model_%'") == 0
    assert await _names(owner) == names, "a later migration names indexes and constraints"


async def test_promise_6_a_difference_is_found_and_nothing_is_swapped(
    bus: Settings, database: Database, owner: Database
) -> None:
    account = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(Deposited(account_id=account, amount=5), 1)])
        await until_count(database, "select count(*) from deposit", 1)
    async with owner.unscoped() as session:
        await session.execute("update read_model.total set amount = 6")
    with pytest.raises(RebuildDiffers, match="total: 2"):
        await Rebuild(bus, database, owner, make_inbox()).run()
    async with owner.unscoped() as session:
        assert await session.scalar("select amount from read_model.total") == 6
    accepted = await Rebuild(bus, database, owner, make_inbox()).run(accept_differences=True)
    assert accepted.differing["total"] == 2
    async with owner.unscoped() as session:
        assert await session.scalar("select amount from read_model.total") == 5


async def test_promise_6_a_topic_that_joins_later_is_read_from_its_beginning(
    bus: Settings, database: Database, owner: Database
) -> None:
    class Growing(Rebuild):
        """At first it sees only the topic that the live consumer read first."""

        looked = 0

        async def _live_offsets(self) -> dict[TopicPartition, int]:
            self.looked += 1
            offsets = await super()._live_offsets()
            return {place: offset for place, offset in offsets.items() if self.looked > 1 or "balance" in place.topic}

    account = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        events = [(Deposited(account_id=account, amount=5), 1), (BalanceRecorded(account_id=account, balance=5), 1)]
        await publish(bus, database, events)
        await until_count(database, "select count(*) from deposit, balance", 1)
    with patch("shared.chassis.rebuild._NEAR_EVENTS", 0):
        comparison = await Growing(bus, database, owner, make_inbox()).run(swap=False)
    assert comparison.rows == {"balance": 1, "deposit": 1, "total": 1}
    assert await count(owner, "select count(*) from pg_namespace where nspname like 'read_model_%'") == 0


async def test_promise_6_what_has_no_read_model_is_not_run_again(bus: Settings, database: Database) -> None:
    bare = Database(bus, "registry", "owner", "test-owner")
    try:
        with pytest.raises(NoReadModel):
            await Rebuild(bus, database, bare, make_inbox()).run()
    finally:
        await bare.close()


async def _names(owner: Database) -> list[str]:
    """The names of indexes and constraints of the read model."""
    async with owner.unscoped() as session:
        rows = await session.fetch(
            "select indexname as name from pg_indexes where schemaname = 'read_model' union all select conname"
            " from pg_constraint where connamespace = to_regnamespace('read_model') order by name"
        )
    return [row["name"] for row in rows]
