"""Runs a service's Alembic migrations as the owner of its database, and says where they end."""

from functools import lru_cache
from importlib import import_module
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text
from sqlmodel import SQLModel

from shared.chassis.settings import Settings

_LOCK = 7_104  # advisory: two migrations of one database wait for each other
_LOCK_TIMEOUT = "5s"  # a migration that waits longer for a busy table fails instead of stopping the service


def _config(service: str, url: str = "") -> Config:
    package = Path(str(import_module(f"services.{service}").__file__)).parent
    config = Config()
    config.set_main_option("script_location", str(package / "migrations"))
    config.attributes["url"] = url
    return config


def migrate(settings: Settings, service: str, revision: str = "head") -> None:
    """Bring the service's database to a revision; nothing happens when it is there."""
    command.upgrade(_config(service, settings.database_url(service, "owner")), revision)


@lru_cache
def head_revision(service: str) -> str:
    """The newest revision this code knows, which a ready database has reached."""
    return ScriptDirectory.from_config(_config(service)).get_current_head() or ""


def run_environment() -> None:
    """What every service's ``migrations/env.py`` does: run the revisions in one transaction, under a lock."""
    url = context.config.attributes["url"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})  # however long it takes
        connection.execute(text(f"set local lock_timeout = '{_LOCK_TIMEOUT}'"))
        context.configure(connection=connection, target_metadata=SQLModel.metadata)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
