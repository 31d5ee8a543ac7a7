"""Goal: a pool reaches the database by the URL an operator gives; a transaction ends whole, whatever becomes of it."""

import asyncio
import contextlib
import ssl

import asyncpg
import pytest
import sqlalchemy.exc

from shared.chassis.database import Database
from shared.chassis.reach import UNSCOPED, Reach
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf


async def _answer(settings: Settings) -> object:
    database = Database(settings, "literacy", "worker", "test")
    try:
        async with database.unscoped() as session:
            return await session.scalar("select current_setting('timezone') || current_setting('application_name')")
    finally:
        await database.close()


async def test_a_url_may_say_how_far_to_trust_the_server(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_of("literacy")
    host, _, path = settings.database_url("literacy", "worker").rpartition("@")[2].partition("/")
    monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", f"postgresql://{host}/{path}?sslmode=prefer")
    assert await _answer(settings) == "UTCtest"
    monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", f"postgresql://{host}/{path}?sslmode=require")
    with pytest.raises((ConnectionError, ssl.SSLError)):  # the test's server has no certificate
        await _answer(settings)


async def test_a_transaction_that_failed_is_not_taken_for_committed(database_of: DatabaseOf) -> None:
    """PostgreSQL answers the commit of a failed transaction without an error; whoever swallowed the failure is told."""
    database = await database_of("literacy")

    async def swallow() -> None:
        async with database.unscoped() as session:
            await session.execute(_NOTE)
            with contextlib.suppress(asyncpg.PostgresError):
                await session.execute("select 1 / 0")

    with pytest.raises(RuntimeError, match="nothing of it was kept"):
        await swallow()
    assert await _notes(database) == 0


async def test_a_savepoint_takes_back_its_own_part_alone(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    async with database.unscoped() as session:
        await session.execute(_NOTE)
        with contextlib.suppress(asyncpg.PostgresError):
            async with session.savepoint():
                await session.execute(_NOTE)
                await session.execute("select 1 / 0")
    assert await _notes(database) == 1


async def test_connections_that_the_server_ended_are_replaced_before_they_are_used(database_of: DatabaseOf) -> None:
    database, other = await database_of("literacy"), await database_of("literacy")
    async with contextlib.AsyncExitStack() as together:
        sessions = [await together.enter_async_context(database.unscoped()) for _ in range(4)]
        pids = [await session.scalar("select pg_backend_pid()") for session in sessions]
    async with other.unscoped() as session:
        await session.scalar("select count(pg_terminate_backend(pid)) from unnest(cast(:pids as int[])) pid", pids=pids)
    await asyncio.sleep(0.5)  # the ends of the connections reach this process
    async with database.unscoped() as session:
        assert await session.scalar("select pg_backend_pid()") not in pids


async def test_a_connection_that_breaks_in_a_transaction_leaves_the_pool(database_of: DatabaseOf) -> None:
    database, other = await database_of("literacy"), await database_of("literacy")
    broken: list[int] = []

    async def ask_over_a_broken_connection() -> None:
        async with database.unscoped() as session:
            broken.append(await session.scalar("select pg_backend_pid()"))
            async with other.unscoped() as ending:
                await ending.scalar("select pg_terminate_backend(cast(:pid as integer))", pid=broken[0])
            await session.scalar("select 1")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await ask_over_a_broken_connection()
    async with database.unscoped() as session:
        assert await session.scalar("select pg_backend_pid()") != broken[0]


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_farewell_that_the_driver_had_not_read_is_a_lost_connection(
    database_of: DatabaseOf, is_wrapped: bool
) -> None:
    """asyncpg then complains of itself, and SQLAlchemy of asyncpg: both are answered 503 and tried again."""
    database = await database_of("literacy")
    farewell = asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")
    wrapped = sqlalchemy.exc.InternalError("show", {}, Exception())
    wrapped.__cause__ = farewell
    with pytest.raises(ConnectionResetError):
        async with database.unscoped():
            raise wrapped if is_wrapped else farewell


async def test_a_read_can_write_nothing(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.read(UNSCOPED) as session:
            await session.scalar(_NOTE + " returning 1")


async def test_a_reach_is_never_more_than_ids_and_codes(database_of: DatabaseOf) -> None:
    """Its settings are written into the text that begins the transaction."""
    database = await database_of("literacy")
    with pytest.raises(ValueError, match="more than ids"):
        async with database.write(Reach(provinces=frozenset({"52', true); drop table note; --"}))):
            pass


_NOTE = "insert into access_log (subject, client_id, what, subject_ids, purpose) values ('a', 'b', 'c', '{}', 'd')"


async def _notes(database: Database) -> int:
    async with database.unscoped() as session:
        return int(await session.scalar("select count(*) from access_log"))


async def test_connections_are_given_in_the_order_of_asking(settings: Settings, database_of: DatabaseOf) -> None:
    """Whoever comes while a connection is handed on stands behind those who wait."""
    await database_of("literacy")
    database = Database(settings.model_copy(update={"database_pool_size": 1}), "literacy", "worker", "test")
    asked: list[int] = []
    served: list[int] = []

    async def ask(number: int) -> None:
        asked.append(number)
        async with database.unscoped() as session:
            served.append(number)
            await session.scalar("select 1")

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(300):
                group.create_task(ask(number))
                await asyncio.sleep(0 if number % 3 else 0.001)
    finally:
        await database.close()
    assert served == asked
