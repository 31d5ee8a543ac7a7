"""Helpers for tests on real parts: a database per worker made by the migrations, tokens, and the spoken event log."""
