"""Alembic runs this for livelihood's database."""

from shared.chassis.migrate import run_environment

run_environment()
