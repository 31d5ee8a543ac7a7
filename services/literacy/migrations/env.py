"""Alembic runs this for literacy's database."""

from shared.chassis.migrate import run_environment

run_environment()
