"""What a place holds in the five databases: its ids, its rows, and by which id each route asks for them."""

import re
from typing import Any
from uuid import UUID

from shared.chassis.database import Database
from shared.chassis.settings import SERVICES
from tests.attacks.country import Country, Place
from tests.attacks.routes import Route

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

HELD: dict[str, str] = {
    "cooperative_id": "select id from cooperative where id = :id",
    "member_id": "select id from member where cooperative_id = :id",
    "household_id": "select id from household where cooperative_id = :id",
    "enrolment_id": "select id from enrolment where cooperative_id = :id",
    "loan_id": "select id from loan where cooperative_id = :id",
    "case_id": "select id from debt_case where cooperative_id = :id",
    "plan_id": "select id from plan where cooperative_id = :id",
    "payment_id": "select id from payment where cooperative_id = :id",
    "course_id": "select id from course where cooperative_id = :id",
    "session_id": "select id from course_session where cooperative_id = :id",
    "pledge_id": "select id from savings_pledge where cooperative_id = :id",
    "produce-deliveries/delivery_id": "select id from produce_delivery where cooperative_id = :id",
    "feed-deliveries/delivery_id": "select id from feed_delivery where requested_by = :chief",
    "job_id": "select id from job where requested_by = :chief",
}
"""Where the ids stand that a route's path or body asks for: a new kind of id has to be told here."""

SHARED = {"programme_id", "officer_id", "kpi_id", "code", "kind"}
"""What belongs to no co-operative; areas are asked level by level."""

_WITH_COOPERATIVE = """
    select format('%I.%I', table_schema, table_name) as name from information_schema.columns
    join information_schema.tables using (table_schema, table_name)
    where column_name = 'cooperative_id' and table_type = 'BASE TABLE' order by 1
"""
_OF_REGISTRY = """
    select to_jsonb(plot)::text from plot join household on household.id = household_id where cooperative_id = :id
    union all select to_jsonb(external_debt)::text from external_debt join member using (person_id)
        where cooperative_id = :id
    union all select to_jsonb(person)::text from person join member on person_id = person.id where cooperative_id = :id
    union all select to_jsonb(cooperative)::text from cooperative where id = :id
"""
_CHECKSUMS = """
    select string_agg(format(
        'select %L as name, md5(coalesce(string_agg(t::text, '''' order by t::text), '''')) as sum from %s t',
        name, name), ' union all ') from (
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')
          and tablename not in ('access_log', 'consumer_heartbeat')) tables
"""


async def cooperative_of(country: Country, place: Place) -> str:
    """The id of the place's co-operative."""
    async with country.databases["registry"].unscoped() as session:
        return str(await session.scalar("select id from cooperative where code = :code", code=place.code))


async def ids_for(country: Country, route: Route, name: str, place: Place) -> list[str]:
    """The ids of a place by which a route can be asked; the newest first."""
    part = route.path.split("/")[3]
    sql = HELD.get(f"{part}/{name}") or HELD.get(name)
    assert sql is not None, f"{route}: say in tests/attacks/belongings.py where {name} is held"
    async with country.databases[route.service].unscoped() as session:
        if route.service == "reporting":
            return [await cooperative_of(country, place)]
        rows = await session.fetch(sql + " order by id desc", **await _parameters(country, place, sql))
    return [str(row["id"]) for row in rows]


async def _parameters(country: Country, place: Place, sql: str) -> dict[str, Any]:
    if ":chief" in sql:
        return {"chief": f"chief-{place.province}"}
    return {"id": UUID(await cooperative_of(country, place))}


async def rows_of(country: Country, place: Place) -> dict[str, list[str]]:
    """Every row that belongs to the place's co-operative, by service, as JSON."""
    cooperative_id = UUID(await cooperative_of(country, place))
    found = {}
    for service in SERVICES:
        async with country.databases[service].unscoped() as session:
            tables = [row["name"] for row in await session.fetch(_WITH_COOPERATIVE)]
            parts = [f"select to_jsonb(t)::text as row from {table} t where cooperative_id = :id" for table in tables]
            if service == "registry":
                parts.append(_OF_REGISTRY)
            rows = await session.fetch(" union all ".join(parts), id=cooperative_id)
        found[service] = sorted(row["row"] for row in rows)
    return found


async def marks_of(country: Country, place: Place, other: Place) -> set[str]:
    """Everything that stands for the place alone: its names and numbers, and the ids of its rows."""
    own = {found for rows in (await rows_of(country, place)).values() for row in rows for found in _UUID.findall(row)}
    others = {
        found for rows in (await rows_of(country, other)).values() for row in rows for found in _UUID.findall(row)
    }
    return (own - others) | place.secrets()


async def checksums(database: Database) -> dict[str, str]:
    """A checksum of every table; what only notes that somebody read is left out."""
    async with database.unscoped() as session:
        sql = await session.scalar(_CHECKSUMS)
        return {row["name"]: row["sum"] for row in await session.fetch(sql)}
