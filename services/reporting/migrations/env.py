"""Alembic runs this for reporting's database."""

from shared.chassis.migrate import run_environment

run_environment()
