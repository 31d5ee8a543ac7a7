"""Goal: every table under a policy shows its rows to whoever reaches their co-operative and to nobody else.

Method: each protected table of each service gets one row of a co-operative here and one of a co-operative there, made
up from the catalogue, so that a table of a later migration is filled too. What rows may hold is another test's concern:
constraints are dropped in the transaction that fills, reads in a process' role, and is rolled back.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.chassis.reach import EVERYTHING, NOWHERE, UNSCOPED, Reach
from shared.chassis.settings import SERVICES, Role, Settings, role_name
from tests.conftest import DatabaseOf

_PROTECTED = """
    select c.oid::regclass::text as name, c.relname, has_any_column_privilege($1, c.oid, 'select') as readable
    from pg_class c where c.relkind in ('r', 'p')
      and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'reach')
    order by 1
"""
_CONSTRAINTS = """
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
    from pg_constraint where contype in ('c', 'f') and conrelid = $1::regclass
"""
_COLUMNS = """
    select a.attname as name, a.atttypid::regtype::text as type
    from pg_attribute a
    where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull
      and a.attidentity = '' and a.attgenerated = '' and not a.atthasdef
"""
_NAMES = "select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0"


@dataclass(frozen=True)
class Place:
    """A co-operative with one person, who is its member and of a household."""

    district: str
    cooperative_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)
    member_id: UUID = field(default_factory=uuid4)
    household_id: UUID = field(default_factory=uuid4)

    def given(self, table: str) -> dict[str, Any]:
        """What ties a row of a table to this place."""
        ties: dict[str, Any] = {
            name: getattr(self, name) for name in ("cooperative_id", "person_id", "member_id", "household_id")
        }
        ties |= {"province_code": self.district[:2], "district_code": self.district}
        return ties | ({"id": ties[f"{table}_id"]} if f"{table}_id" in ties else {})


def made_up(kind: str) -> Any:
    """Some value of a type; texts and ids are unlike each other."""
    if kind.endswith("[]"):
        return []
    values: Mapping[str, Any] = {
        "uuid": uuid4(), "text": uuid4().hex, "jsonb": "{}", "bytea": uuid4().bytes, "boolean": False,
        "date": date(2022, 10, 1), "timestamp with time zone": datetime(2022, 10, 1, tzinfo=UTC),
    }  # fmt: skip
    return values.get(kind, 1)


@asynccontextmanager
async def filled(settings: Settings, service: str, *places: Place) -> AsyncIterator[asyncpg.Connection]:
    """A connection in whose transaction every protected table holds a row of each place."""
    database = urlsplit(settings.database_url(service, "owner")).path
    admin = urlsplit(settings.require("admin_database_url"))._replace(path=database).geturl()
    connection = await asyncpg.connect(admin)
    transaction = connection.transaction()
    await transaction.start()
    try:
        for table in await connection.fetch(_PROTECTED, role_name(service, "api")):
            for constraint in await connection.fetch(_CONSTRAINTS, table["name"]):
                await connection.execute(constraint["statement"])
            for place in places:
                await _insert(connection, table["name"], place.given(table["relname"]))
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def _insert(connection: asyncpg.Connection, table: str, given: Mapping[str, Any]) -> None:
    columns = {row["name"]: row["type"] for row in await connection.fetch(_COLUMNS, table)}
    every = {row["name"] for row in await connection.fetch(_NAMES, table)}
    values = {name: made_up(kind) for name, kind in columns.items()}
    values |= {name: value for name, value in given.items() if name in every}
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await connection.execute(f"insert into {table} ({', '.join(values)}) values ({places})", *values.values())


async def _seen(connection: asyncpg.Connection, role: str, reach: Reach, tables: list[str]) -> dict[str, int]:
    """How many rows of each table somebody of this role and reach sees."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        await connection.execute(f"set local role {role}")
        for name, value in reach.settings().items():
            await connection.execute("select set_config($1, $2, true)", f"plodnee.{name}", value)
        return {table: await connection.fetchval(f"select count(*) from {table}") for table in tables}
    finally:
        await savepoint.rollback()


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("service", SERVICES)
async def test_every_protected_table_is_seen_by_whoever_reaches_it_and_by_nobody_else(
    database_of: DatabaseOf, settings: Settings, service: str, role: Role
) -> None:
    await database_of(service)
    here, there = Place("5201"), Place("9001")
    reaches = {
        "its province": (Reach.of_areas(["52"]), 1),
        "its district": (Reach.of_areas(["5201"]), 1),
        "its officer": (Reach(cooperatives=frozenset({here.cooperative_id})), 1),
        "the nation": (EVERYTHING, 2),
        "another province": (Reach.of_areas(["10"]), 0),
        "another district of it": (Reach.of_areas(["5202"]), 0),
        "another co-operative": (Reach(cooperatives=frozenset({uuid4()})), 0),
        "nowhere": (NOWHERE, 0),
        "no scope": (UNSCOPED, 2 if role == "worker" else 0),
    }
    async with filled(settings, service, here, there) as connection:
        protected = await connection.fetch(_PROTECTED, role_name(service, role))
        tables = [row["name"] for row in protected if row["readable"]]
        assert len(tables) >= 4
        for name, (reach, expected) in reaches.items():
            seen = await _seen(connection, role_name(service, role), reach, tables)
            assert seen == dict.fromkeys(tables, expected), f"{role} of {name}"
