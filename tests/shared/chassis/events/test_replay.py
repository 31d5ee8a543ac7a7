"""Goal: an owner can say everything again: nothing is done twice, and after a restore what it says now wins."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

from shared.chassis.consumer import Consumer
from shared.chassis.database import Database, ReadSession
from shared.chassis.dead_letters import drop_dead_letter, list_dead_letters, retry_dead_letters
from shared.chassis.events import Event
from shared.chassis.replay import Outgoing, TellAgain, replay
from shared.chassis.settings import Settings
from tests.shared.chassis.events.conftest import (
    DAY,
    BalanceRecorded,
    Deposited,
    count,
    make_inbox,
    publish,
    running,
    until,
    until_count,
)

EVENTS: list[type[Event]] = [BalanceRecorded, Deposited]


def balances(*states: tuple[UUID, int, int]) -> TellAgain:
    """Says that these accounts have these balances, at these versions."""

    async def tell(_session: ReadSession) -> AsyncIterator[Outgoing]:
        for account, balance, version in states:
            yield BalanceRecorded(account_id=account, balance=balance), version, DAY

    return tell


async def test_what_is_said_again_changes_nothing(bus: Settings, database: Database) -> None:
    account, other = uuid4(), uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(BalanceRecorded(account_id=account, balance=5), 2)])
        assert (
            await replay(database, bus, EVENTS, [balances((account, 5, 2)), balances((other, 7, 1))], new_epoch=False)
            == 2
        )
        await publish(bus, database, [])
        await until_count(database, "select count(*) from balance", 2)
    assert await count(database, f"select version from balance where id = '{account}'") == 2
    assert await count(database, "select epoch from outbox_epoch") == 1


async def test_a_new_epoch_is_above_one_that_the_restored_database_has_forgotten(
    bus: Settings, database: Database
) -> None:
    account = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await replay(database, bus, EVENTS, [balances((account, 50, 9))], new_epoch=True)
        await publish(bus, database, [])
        await until_count(database, "select coalesce(max(balance), 0) from balance", 50)
        forgotten = await count(database, "select epoch from outbox_epoch")
        assert forgotten > 365 * 24 * 60  # minutes since 2020, and no count of what the database remembers
        async with database.unscoped() as session:  # restored again, to a time before the first restore
            await session.execute("update outbox_epoch set epoch = 1")
            await session.execute("update producer_epoch set epoch = epoch - 1")  # as if a minute had passed
            await session.execute("update balance set epoch = epoch - 1")
        await replay(database, bus, EVENTS, [balances((account, 40, 3))], new_epoch=True)
        assert await count(database, "select epoch from outbox_epoch") >= forgotten
        await publish(bus, database, [])
        await until_count(database, "select max(balance) from balance", 40)


async def test_what_was_said_in_a_future_that_was_taken_back_no_longer_counts(
    bus: Settings, database: Database
) -> None:
    known, lost, late = Deposited(account_id=uuid4(), amount=1), uuid4(), uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(known, 1)])
        await until_count(database, "select count(*) from deposit", 1)  # what is replayed here leaves it out
        await replay(database, bus, EVENTS, [balances((uuid4(), 1, 1))], new_epoch=True)
        await publish(bus, database, [])
        await until_count(database, "select count(*) from balance", 1)
        async with database.unscoped() as session:  # a relay that had taken its batch before the restore
            await session.execute("update outbox_epoch set epoch = 1")
        ghost = BalanceRecorded(account_id=lost, balance=100)
        await publish(bus, database, [(Deposited(account_id=lost, amount=100), 1), (ghost, 1)])
        async with database.unscoped() as session:
            await session.execute("update outbox_epoch set epoch = (select max(epoch) from producer_epoch)")
        await publish(bus, database, [(Deposited(account_id=late, amount=2), 1)])
        await until_count(database, f"select count(*) from deposit where account_id = '{late}'", 1)
        await until(lambda: _read_events(database, 5))
    assert await count(database, f"select count(*) from deposit where account_id = '{lost}'") == 0
    assert await count(database, f"select count(*) from balance where id = '{lost}'") == 0
    assert await count(database, "select sum(amount) from total") == 3
    assert await count(database, "select count(*) from dead_letter") == 0


async def test_what_was_set_aside_before_a_restore_does_not_come_back_by_a_retry(
    bus: Settings, database: Database
) -> None:
    lost = uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(Deposited(account_id=lost, amount=amount), 1) for amount in (-1, 100)])
        await until_count(database, "select count(*) from dead_letter", 2)
        await replay(database, bus, EVENTS, [balances((uuid4(), 1, 1))], new_epoch=True)
        await publish(bus, database, [])
        await until_count(database, "select count(*) from balance", 1)
    refused, _ = await list_dead_letters(database, "registry")
    assert await drop_dead_letter(database, refused["id"], "entered by mistake")

    retried = await retry_dead_letters(database, make_inbox(), bus.kafka_topic_prefix)

    assert (retried.applied, retried.remaining) == (1, 0)
    assert await count(database, f"select count(*) from deposit where account_id = '{lost}'") == 0


async def test_a_state_that_the_restored_owner_does_not_know_is_withdrawn_unless_it_comes_again(
    bus: Settings, database: Database
) -> None:
    kept, lost, again = uuid4(), uuid4(), uuid4()
    async with running(Consumer(bus, database, make_inbox())):
        await publish(bus, database, [(BalanceRecorded(account_id=one, balance=1), 7) for one in (kept, lost, again)])
        await until_count(database, "select count(*) from balance", 3)
        assert await replay(database, bus, EVENTS, [balances((kept, 1, 2))], new_epoch=True) == 3
        await publish(bus, database, [(BalanceRecorded(account_id=again, balance=2), 1)])
        await until_count(database, "select count(*) from balance where balance = 2", 1)
        await until_count(database, "select count(*) from balance", 2)
        await until_count(database, f"select version from balance where id = '{kept}'", 2)
        # Said again in a newer epoch: what is withdrawn stays so, and what came again stays.
        assert await replay(database, bus, EVENTS, [balances((kept, 1, 2), (again, 2, 1))], new_epoch=True) == 3
        await publish(bus, database, [])
        await until(lambda: _read_events(database, 3 + 3 + 1 + 3))
    assert await count(database, f"select count(*) from balance where id in ('{kept}', '{again}')") == 2
    assert await count(database, "select count(*) from balance") == 2
    assert await count(database, "select count(*) from dead_letter") == 0


async def _read_events(database: Database, events: int) -> bool:
    return await count(database, "select sum(next_offset) from consumer_offset") == events
