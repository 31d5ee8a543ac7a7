"""Goal: the tables that the migrations make are the tables that the models declare, and none of them makes values."""

from importlib import import_module

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, pool

from services.reporting.tables import ReadModelTable, ReportingTable
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf

CAPABILITIES = (
    "closes",
    "debts",
    "institutions",
    "latest",
    "learning",
    "measures",
    "participation",
    "produce",
    "targets",
)


async def test_migrations_make_what_the_models_declare(database_of: DatabaseOf, settings: Settings) -> None:
    await database_of("reporting")
    for capability in CAPABILITIES:
        import_module(f"services.reporting.{capability}.models")
    url = settings.database_url("reporting", "owner").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    declared = MetaData()
    for metadata in (ReadModelTable.metadata, ReportingTable.metadata):
        for table in metadata.tables.values():
            table.to_metadata(declared)
    ours = {(table.schema, table.name) for table in declared.tables.values()}
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_schemas": True,
                "include_name": lambda name, kind, parents: (
                    kind != "table" or (parents["schema_name"], name) in ours
                    if kind != "schema"
                    else name in (None, "read_model")
                ),
            },
        )
        assert compare_metadata(context, declared) == []
        found = connection.exec_driver_sql("select tablename from pg_tables where schemaname = 'read_model'")
        assert {row[0] for row in found} == {name for schema, name in ours if schema == "read_model"}
        defaults = connection.exec_driver_sql(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'read_model' and (column_default <> '0' or is_identity = 'YES')"
        )
        assert list(defaults) == []
    engine.dispose()
