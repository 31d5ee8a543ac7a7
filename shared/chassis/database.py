"""One database of one service: pooled connections, and transactions that carry their caller's reach.

There is no commit in application code. A transaction begins when a session is opened and is committed when its
context is left without an error; the HTTP dependencies leave it before the answer starts.

Two session types keep reading and writing apart: a :class:`ReadSession` has no method that writes, and its
transaction is read only in the database too.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg
import orjson
from sqlalchemy import Dialect, Executable, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

from shared.chassis.reach import NOWHERE, UNSCOPED, Reach
from shared.chassis.settings import Role, Settings

ModelT = TypeVar("ModelT", bound=SQLModel)
Row: TypeAlias = Mapping[str, Any]
"""A row of a text query: its values by the names of its columns."""

_STREAMED_ROWS = 2_000

# A naming convention, so that a migration can name every constraint it drops.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# How a transaction begins, settings included, in one round trip: each costs a request as much as a small query.
_BEGIN = {
    "read": "begin read only",
    "write": "begin",
    "audited read": "begin; set local synchronous_commit = off",
}
# The reach's settings are written into that text: ids, area codes and "on", and nothing that could be more.
_SETTING = re.compile(r"[0-9A-Za-z,-]*")


@lru_cache(maxsize=4096)
def _prepared(sql: str) -> tuple[str, tuple[str, ...]]:
    """A text statement as the driver wants it, and the names of its parameters in order.

    Our text goes to the driver itself: measured on a read of a member, SQLAlchemy's way to it costs more than all the
    rest of the request. The number of texts is bounded, because values are always parameters.
    """
    compiled = text(sql).compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


_DIALECT: Dialect = asyncpg_dialect()  # type: ignore[no-untyped-call]


# PostgreSQL error classes that pass by themselves: connections, resources, locks and serialisation, shutdown.
_TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later without a mend: a lost connection, a lock, a restart of the database."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.orig or error
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in _TRANSIENT_CLASSES
    if isinstance(error, OSError | asyncpg.InterfaceError | PoolTimeout):
        return True
    return error.__cause__ is not None and is_transient(error.__cause__)


class ReadSession:
    """One read-only transaction.

    Text queries go to the driver itself; SQLAlchemy's session is made when something asks for a model.
    """

    def __init__(self, connection: AsyncConnection, raw: asyncpg.Connection, service: str, reach: Reach) -> None:
        self._sqlalchemy = connection
        self._raw = raw
        self._orm: AsyncSession | None = None
        self.service = service
        self.reach = reach

    @property
    def _session(self) -> AsyncSession:
        if self._orm is None:
            self._orm = AsyncSession(self._sqlalchemy, expire_on_commit=False, autoflush=False)
        return self._orm

    async def fetch(self, sql: str, /, **parameters: Any) -> Sequence[Row]:
        """All rows of a text query; parameters are written ``:name`` (and cast with ``cast(:name as type)``)."""
        statement, names = _prepared(sql)
        rows = await self._raw.fetch(statement, *[parameters[name] for name in names])
        return [dict(row) for row in rows]  # the driver's own rows iterate over values

    async def fetch_one(self, sql: str, /, **parameters: Any) -> Row | None:
        """The only row of a text query, or None; more than one row is an error of ours and raises."""
        rows = await self.fetch(sql, **parameters)
        if len(rows) > 1:
            raise RuntimeError(f"{len(rows)} rows where one at most was expected")
        return rows[0] if rows else None

    async def scalar(self, sql: str, /, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        statement, names = _prepared(sql)
        return await self._raw.fetchval(statement, *[parameters[name] for name in names])

    async def get(self, model: type[ModelT], key: Any) -> ModelT | None:
        """The row with this primary key, or None when there is none within reach."""
        return await self._session.get(model, key)

    async def select(self, statement: Executable) -> Sequence[Any]:
        """The first column (usually the model) of every row of a select."""
        return (await self._session.execute(statement)).scalars().all()

    async def end(self) -> None:
        """Write what the models still hold, before the commit."""
        if self._orm is not None:
            await self._orm.flush()
            await self._orm.close()

    async def stream(self, sql: str, /) -> AsyncIterator[Row]:
        """Every row of a query without parameters, a few thousand at a time."""
        async for row in (await self.raw()).cursor(sql, prefetch=_STREAMED_ROWS):
            yield dict(row)

    async def raw(self) -> asyncpg.Connection:
        """The asyncpg connection inside this transaction, for COPY and other hot paths."""
        return self._raw


class WriteSession(ReadSession):
    """One transaction that may write."""

    def add(self, *rows: SQLModel) -> None:
        self._session.add_all(rows)

    async def lock(self, model: type[ModelT], key: Any) -> ModelT | None:
        """The row with this primary key, held until the transaction ends."""
        return await self._session.get(model, key, with_for_update=True)

    async def flush(self) -> None:
        if self._orm is not None:
            await self._orm.flush()

    async def execute(self, sql: str, /, **parameters: Any) -> int:
        """Run a text statement; returns how many rows it touched."""
        statement, names = _prepared(sql)
        status = await self._raw.execute(statement, *[parameters[name] for name in names])
        touched = status.rpartition(" ")[2]  # "INSERT 0 5", "UPDATE 5"; a command without rows names itself alone
        return int(touched) if touched.isdecimal() else 0

    async def execute_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a text statement once per row of parameters, in one batch."""
        statement, names = _prepared(sql)
        await self._raw.executemany(statement, [[row[name] for name in names] for row in rows])

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """COPY records into a table that this role owns or that has no row-level policy (PostgreSQL refuses others)."""
        await (await self.raw()).copy_records_to_table(table, columns=columns, records=records)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that can fail alone."""
        async with self._session.begin_nested():
            await self._session.connection()  # SQLAlchemy makes the savepoint when its connection is first asked for
            yield


class Database:
    """The pool of one process for one service's database, in one role."""

    def __init__(self, settings: Settings, service: str, role: Role, application_name: str) -> None:
        self.service = service
        self.role: Role = role
        self.url = settings.database_url(service, role)
        timeout_ms = settings.statement_timeout_api_ms if role == "api" else settings.statement_timeout_worker_ms

        async def connect() -> asyncpg.Connection:
            """asyncpg reads the URL itself: it knows `sslmode` and the like, which SQLAlchemy does not."""
            return await asyncpg.connect(
                self.url,
                timeout=10,
                command_timeout=timeout_ms / 1000 + 5,
                max_cacheable_statement_size=0,  # none is too long: a figure's takes longer to plan than to run
                server_settings={
                    "application_name": application_name,
                    "statement_timeout": str(timeout_ms),
                    "idle_in_transaction_session_timeout": str(settings.idle_in_transaction_timeout_ms),
                    "timezone": "UTC",
                },
            )

        self._places = asyncio.Semaphore(settings.database_pool_size)
        self._slow_places = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        self._wait_seconds = settings.database_pool_wait_seconds
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_pre_ping=False,  # a broken connection fails one request and is replaced; a ping costs every request
            pool_recycle=1800,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended here, in as few round trips as they need
            hide_parameters=True,  # an error's text must not carry a row
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )

    @asynccontextmanager
    async def read(self, reach: Reach) -> AsyncIterator[ReadSession]:
        """A read-only transaction within `reach`."""
        async with self._transaction(reach, "read") as (connection, raw):
            session = ReadSession(connection, raw, self.service, reach)
            yield session
            await session.end()

    @asynccontextmanager
    async def write(self, reach: Reach = NOWHERE) -> AsyncIterator[WriteSession]:
        """A transaction that may write within `reach`; committed when left without an error."""
        async with self._transaction(reach, "write") as (connection, raw):
            session = WriteSession(connection, raw, self.service, reach)
            yield session
            await session.end()

    @asynccontextmanager
    async def audited_read(self, reach: Reach) -> AsyncIterator[WriteSession]:
        """A transaction that reads personal data and logs who did, without waiting for the disk.

        A crash of the database may lose the last second of the log; the read itself never waits for it.
        """
        async with self._transaction(reach, "audited read") as (connection, raw):
            session = WriteSession(connection, raw, self.service, reach)
            yield session
            await session.end()

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[WriteSession]:
        """A transaction without row scope; only the worker role's policies allow it any rows."""
        async with self.write(UNSCOPED) as session:
            yield session

    @asynccontextmanager
    async def _transaction(self, reach: Reach, kind: str) -> AsyncIterator[tuple[AsyncConnection, asyncpg.Connection]]:
        """A connection of the pool with a transaction begun; committed when left without an error."""
        try:
            async with self._one_of(self._places), self.engine.connect() as connection:
                # The server ended it while it waited in the pool; so may the next have been, until one is made anew.
                while (raw := await _driver_of(connection)).is_closed():
                    await connection.invalidate()
                try:
                    await raw.execute(_beginning(kind, reach))
                    yield connection, raw
                    if await raw.execute("commit") != "COMMIT":
                        # PostgreSQL answers the commit of a failed transaction with a rollback, and no error.
                        raise RuntimeError("a statement of this transaction failed: nothing of it was kept")
                except BaseException:
                    await _roll_back(connection, raw)
                    raise
        except Exception as error:
            if _is_farewell(error):
                raise ConnectionResetError("the database ended the connection") from error
            raise

    @asynccontextmanager
    async def slow_place(self) -> AsyncIterator[None]:
        """One of half as many places as the pool has connections. To be taken before a transaction that lasts as long
        as somebody's line is slow: else a few uploads would hold every connection, and nobody be answered meanwhile."""
        async with self._one_of(self._slow_places):
            yield

    @asynccontextmanager
    async def _one_of(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        """One of these places, in the order of asking.

        The pool itself gives a connection that comes back to whoever asks next, past those who wait: under load most
        answers would be quick, and one in twenty three times as slow as it need be.
        """
        try:
            async with asyncio.timeout(self._wait_seconds if places.locked() else None):
                await places.acquire()
        except TimeoutError:
            raise PoolTimeout(f"no connection came free within {self._wait_seconds:g} s") from None
        try:
            yield
        finally:
            places.release()

    async def close(self) -> None:
        await self.engine.dispose()


async def _driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    return cast(asyncpg.Connection, (await connection.get_raw_connection()).driver_connection)


def _is_farewell(error: BaseException | None) -> bool:
    """Whether the server's last word lay unread when the driver wanted to speak; SQLAlchemy may have wrapped that."""
    while error is not None:
        if isinstance(error, asyncpg.InternalClientError):
            return True
        error = error.__cause__
    return False


def _beginning(kind: str, reach: Reach) -> str:
    settings = []
    for name, value in reach.settings().items():
        if not _SETTING.fullmatch(value):
            raise ValueError(f"plodnee.{name} holds more than ids and codes")
        settings.append(f"set_config('plodnee.{name}', '{value}', true)")
    return f"{_BEGIN[kind]}; select {', '.join(settings)}"


async def _roll_back(connection: AsyncConnection, raw: asyncpg.Connection) -> None:
    """Leave nothing of a transaction that failed; a connection that cannot do even that leaves the pool."""
    try:
        await raw.execute("rollback")
    except BaseException as error:
        raw.terminate()
        await connection.invalidate()
        if not isinstance(error, Exception):
            raise
