"""Goal: every table of people or co-operatives is protected, and keys of persons are within reach alone."""

from services.registry.app import SERVICE
from services.registry.tables import RegistryTable
from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.people import WRITER, add_cooperative, add_member

UNPROTECTED = {"programme"}  # national and public


async def test_every_table_of_people_or_cooperatives_is_protected(database_of: DatabaseOf) -> None:
    database = await database_of(SERVICE.name)
    async with database.unscoped() as session:
        rows = await session.fetch(
            "select relname, relrowsecurity from pg_class where relname = any(cast(:names as text[]))",
            names=sorted(RegistryTable.metadata.tables),
        )
    assert {row["relname"] for row in rows if not row["relrowsecurity"]} == UNPROTECTED


async def test_api_role_cannot_read_keys_of_persons_beyond_reach(client_of: ClientOf, database_of: DatabaseOf) -> None:
    nation = await client_of("registry", scopes=WRITER, areas=["TH"])
    await add_member(nation, await add_cooperative(nation, "C1"), "1", 1)
    api = await database_of("registry", role="api")
    async with api.unscoped() as session:  # the setting alone gives the api nothing
        assert await session.scalar("select count(*) from person") == 0
        for right in ("insert", "update", "delete"):
            assert not await session.scalar(f"select has_table_privilege('person', '{right}')")
