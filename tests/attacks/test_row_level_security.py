"""Goal: the database itself keeps every row of a co-operative from whoever does not reach it, in all five services.

Method: the catalogue of each migrated database is read, so that a new table, view or function that stands open fails
here; then every table is read in the roles of the api and the worker, in databases that hold two places' rows.
"""

from typing import Any
from uuid import UUID

import pytest

from shared.chassis.database import Database
from shared.chassis.reach import EVERYTHING, NOWHERE, UNSCOPED, Reach
from shared.chassis.settings import SERVICES, Role, get_settings, role_name
from tests.attacks.belongings import cooperative_of
from tests.attacks.country import HERE, THERE, Country

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.parametrize("service", SERVICES)]

OPEN = {
    "alembic_version": "the number of the migration",
    "consumer_heartbeat": "how old the knowledge is",
    "officer_cooperative": "read before the caller's reach is known; ids only",
    "officer_state": "versions of officers' lists",
    "idempotency_key": "answers, sealed to caller, route and key",
    "procrastinate_jobs": "the queue; arguments are the ids of jobs",
    "procrastinate_events": "the queue",
    "feed_row": "numbers and status of rows, not what they say; asked through the delivery alone",
    "programme": "programmes are public",
    "crop_economics": "the crop calendar is public",
    "kpi_target": "targets are public",
}
"""Tables that the api reads without a policy, and why: whoever adds one says here what keeps it harmless."""

AS_OWNER = {
    "find_persons": "keys and ids of persons, for resolving identity beyond reach",
    "claim_persons": "the same, and a new person where there is none",
    "person_debt_elsewhere": "sums of what a household owes to other co-operatives",
    "analyse_feed_row": "statistics for the planner, of columns that hold no value of a file; it returns nothing",
}
"""Functions that run as the tables' owner, whom no policy binds (so that it is not forced on him), and why."""

_TABLES = """
    select c.oid, n.nspname || '.' || c.relname as name, c.relname, c.relkind::text as relkind,
           c.relrowsecurity as secured,
           has_any_column_privilege(:api, c.oid, 'select') as readable,
           coalesce(c.reloptions::text, '') as options, pg_get_userbyid(c.relowner) as owner,
           array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0) as columns,
           array(select format('%s:%s:%s', r.role, p.cmd, coalesce(p.qual, p.with_check))
                 from pg_policies p cross join unnest(p.roles) r(role)
                 where p.schemaname = n.nspname and p.tablename = c.relname) as policies,
           array(select p.policyname::text from pg_policies p
                 where p.schemaname = n.nspname and p.tablename = c.relname and p.cmd = 'ALL'
                   and coalesce(p.with_check, p.qual) is distinct from p.qual) as uneven
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 2
"""
_PERSONAL = ("cooperative_id", "member_id", "person_id", "household_id", "loan_id", "case_id", "plan_id")


async def _relations(country: Country, service: str) -> list[dict[str, Any]]:
    async with country.databases[service].unscoped() as session:
        return [dict(row) for row in await session.fetch(_TABLES, api=role_name(service, "api"))]


async def test_every_table_with_rows_of_a_cooperative_is_under_a_policy(country: Country, service: str) -> None:
    tables = [one for one in await _relations(country, service) if one["relkind"] in "rp"]
    personal = [one for one in tables if set(one["columns"]) & set(_PERSONAL) and one["relname"] not in OPEN]
    assert len(personal) >= 4
    for one in personal:
        assert one["secured"], one["name"]
        for role in ("api", "worker"):
            rules = [rule for rule in one["policies"] if rule.startswith(f"{role_name(service, role)}:ALL:")]
            assert rules, f"{one['name']} has no policy for {role}"
            assert not any(rule.endswith(":true") for rule in rules), one["name"]
    for one in tables:
        assert not one["uneven"], f"{one['name']}: rows may be written that may not be seen"


async def test_what_the_api_reads_is_under_a_policy_or_known_to_be_harmless(country: Country, service: str) -> None:
    for one in await _relations(country, service):
        if not one["readable"]:
            continue
        assert one["relkind"] != "m", f"{one['name']}: a materialized view knows no policy"
        assert one["relkind"] != "f", f"{one['name']}: a foreign table knows no policy"
        if one["relkind"] == "v":
            assert "security_invoker=true" in one["options"], f"{one['name']} runs as its owner"
        else:
            assert one["secured"] or one["relname"] in OPEN, f"{one['name']} stands open to the api"


async def test_no_role_of_a_process_stands_above_the_policies(country: Country, service: str) -> None:
    roles = [role_name(service, "api"), role_name(service, "worker")]
    owner = role_name(service, "owner")
    async with country.databases[service].unscoped() as session:
        above = await session.fetch(
            """
            select rolname from pg_roles where rolname = any(:roles)
              and (rolsuper or rolbypassrls or rolcreaterole or rolreplication
                   or pg_has_role(rolname, :owner, 'member'))
            """,
            roles=roles,
            owner=owner,
        )
        owned = await session.fetch(
            "select relname from pg_class where pg_get_userbyid(relowner) = any(:roles)",
            roles=roles,
        )
        as_owner = await session.fetch(
            """
            select p.proname as name, coalesce(p.proconfig::text, '') as config,
                   has_function_privilege('public', p.oid, 'execute') as public
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
            """
        )
    assert not above
    assert not owned
    for function in as_owner:
        assert function["name"] in AS_OWNER, f"{function['name']} runs as its owner and passes every policy"
        assert "search_path=public, pg_temp" in function["config"], f"{function['name']} searches elsewhere"
        assert not function["public"], f"{function['name']} may be called by everybody"


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_every_policy_keeps_the_other_places_rows_back(country: Country, service: str, role: Role) -> None:
    here, there = UUID(await cooperative_of(country, HERE)), UUID(await cooperative_of(country, THERE))
    reaches = {
        "province": Reach.of_areas(["52"]),
        "district": Reach.of_areas(["5201"]),
        "assigned": Reach(cooperatives=frozenset({here})),
        "nowhere": NOWHERE,
        "everything": EVERYTHING,
    }
    if role == "api":
        reaches["unscoped"] = UNSCOPED  # which policies hear from the worker alone
    database = Database(get_settings(), service, role, "test")
    seen = dict.fromkeys(reaches, 0)
    try:
        for one in await _relations(country, service):
            if one["relkind"] not in "rp" or not one["secured"] or "cooperative_id" not in one["columns"]:
                continue
            if role == "api" and not one["readable"]:
                continue
            for name, reach in reaches.items():
                async with database.read(reach) as session:
                    rows = await session.fetch(f"select distinct cooperative_id from {one['name']}")
                found = {row["cooperative_id"] for row in rows}
                seen[name] += len(found & {here, there})  # other tests may have added more
                if name != "everything":
                    assert there not in found, f"{one['name']} shows another place's rows to {role} of {name}"
                if name in ("nowhere", "unscoped"):
                    assert not found, f"{one['name']} is open to {role} of {name}"
    finally:
        await database.close()
    assert seen["everything"] == 2 * seen["province"] == 2 * seen["assigned"] > 4
