"""Goal: the tables that the migrations make are those that the models declare; reporting's has a test of its own."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, pool

from services.debt.tables import DebtTable
from services.literacy.tables import LiteracyTable
from services.livelihood.tables import LivelihoodTable
from services.registry.tables import RegistryTable
from shared.chassis.settings import Settings
from tests.conftest import DatabaseOf

DECLARED: dict[str, MetaData] = {
    "registry": RegistryTable.metadata,
    "debt": DebtTable.metadata,
    "livelihood": LivelihoodTable.metadata,
    "literacy": LiteracyTable.metadata,
}


@pytest.mark.parametrize("service", DECLARED)
async def test_migrations_make_what_the_models_declare(
    database_of: DatabaseOf, settings: Settings, service: str
) -> None:
    await database_of(service)
    folder = Path(str(import_module(f"services.{service}").__file__)).parent
    for models in sorted(folder.glob("*/models.py")):
        import_module(f"services.{service}.{models.parent.name}.models")
    ours = set(DECLARED[service].tables)
    assert ours
    url = settings.database_url(service, "owner").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _parents: kind != "table" or name in ours},
        )
        assert compare_metadata(context, DECLARED[service]) == []
    engine.dispose()
