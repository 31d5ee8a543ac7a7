"""One database of one service: pooled connections, and transactions that carry their caller's reach.

There is no commit in application code. A transaction begins when a session is opened and is committed when its
context is left without an error; the HTTP dependencies leave it before the answer starts.

Two session types keep reading and writing apart: a :class:`ReadSession` has no method that writes, and its
transaction is read only in the database too.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import asyncpg
import orjson
from sqlalchemy import CursorResult, Executable, RowMapping, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import SQLModel

from shared.chassis.reach import NOWHERE, UNSCOPED, Reach
from shared.chassis.settings import Role, Settings

ModelT = TypeVar("ModelT", bound=SQLModel)

# A naming convention, so that a migration can name every constraint it drops.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_SET_REACH = text(
    "select set_config('plodnee.everything', :everything, true), set_config('plodnee.provinces', :provinces, true),"
    " set_config('plodnee.districts', :districts, true), set_config('plodnee.cooperatives', :cooperatives, true),"
    " set_config('plodnee.unscoped', :unscoped, true)"
)


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
    """One read-only transaction."""

    def __init__(self, session: AsyncSession, service: str, reach: Reach) -> None:
        self._session = session
        self.service = service
        self.reach = reach

    async def fetch(self, sql: str, /, **parameters: Any) -> Sequence[RowMapping]:
        """All rows of a text query; parameters are written ``:name`` (and cast with ``cast(:name as type)``)."""
        return (await self._session.execute(text(sql), parameters)).mappings().all()

    async def fetch_one(self, sql: str, /, **parameters: Any) -> RowMapping | None:
        """The only row of a text query, or None; more than one row is an error of ours and raises."""
        return (await self._session.execute(text(sql), parameters)).mappings().one_or_none()

    async def scalar(self, sql: str, /, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        return (await self._session.execute(text(sql), parameters)).scalar()

    async def get(self, model: type[ModelT], key: Any) -> ModelT | None:
        """The row with this primary key, or None when there is none within reach."""
        return await self._session.get(model, key)

    async def select(self, statement: Executable) -> Sequence[Any]:
        """The first column (usually the model) of every row of a select."""
        return (await self._session.execute(statement)).scalars().all()

    async def raw(self) -> asyncpg.Connection:
        """The asyncpg connection inside this transaction, for COPY and other hot paths."""
        connection = await (await self._session.connection()).get_raw_connection()
        return cast(asyncpg.Connection, connection.driver_connection)


class WriteSession(ReadSession):
    """One transaction that may write."""

    def add(self, *rows: SQLModel) -> None:
        self._session.add_all(rows)

    async def delete(self, row: SQLModel) -> None:
        await self._session.delete(row)

    async def flush(self) -> None:
        await self._session.flush()

    async def execute(self, sql: str, /, **parameters: Any) -> int:
        """Run a text statement; returns how many rows it touched."""
        return cast("CursorResult[Any]", await self._session.execute(text(sql), parameters)).rowcount

    async def execute_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a text statement once per row of parameters, in one batch."""
        if rows:
            await self._session.execute(text(sql), rows)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """COPY records into a table that this role owns or that has no row-level policy (PostgreSQL refuses others)."""
        await (await self.raw()).copy_records_to_table(table, columns=columns, records=records)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that can fail alone."""
        async with self._session.begin_nested():
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
                server_settings={
                    "application_name": application_name,
                    "statement_timeout": str(timeout_ms),
                    "idle_in_transaction_session_timeout": str(settings.idle_in_transaction_timeout_ms),
                    "timezone": "UTC",
                },
            )

        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_pool_wait_seconds,
            pool_pre_ping=False,  # a broken connection fails one request and is replaced; a ping costs every request
            pool_recycle=1800,
            hide_parameters=True,  # an error's text must not carry a row
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def read(self, reach: Reach) -> AsyncIterator[ReadSession]:
        """A read-only transaction within `reach`."""
        async with self._transaction(reach, "set transaction read only") as session:
            yield ReadSession(session, self.service, reach)

    @asynccontextmanager
    async def write(self, reach: Reach = NOWHERE) -> AsyncIterator[WriteSession]:
        """A transaction that may write within `reach`; committed when left without an error."""
        async with self._transaction(reach) as session:
            yield WriteSession(session, self.service, reach)
            await session.flush()

    @asynccontextmanager
    async def audited_read(self, reach: Reach) -> AsyncIterator[WriteSession]:
        """A transaction that reads personal data and logs who did, without waiting for the disk.

        A crash of the database may lose the last second of the log; the read itself never waits for it.
        """
        async with self._transaction(reach, "set local synchronous_commit = off") as session:
            yield WriteSession(session, self.service, reach)
            await session.flush()

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[WriteSession]:
        """A transaction without row scope; only the worker role's policies allow it any rows."""
        async with self.write(UNSCOPED) as session:
            yield session

    @asynccontextmanager
    async def _transaction(self, reach: Reach, *before: str) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session, session.begin():
            for statement in before:
                await session.execute(text(statement))
            await session.execute(_SET_REACH, reach.settings())
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
