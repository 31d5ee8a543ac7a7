"""Alembic runs this for the registry's database."""

from shared.chassis.migrate import run_environment

run_environment()
