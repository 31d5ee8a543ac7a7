"""Runs this service's migrations as the owner of its database."""

from shared.chassis.migrate import run_environment

run_environment()
