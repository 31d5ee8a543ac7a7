"""The example service of the HTTP tests, for callers of all kinds."""

from tests.shared.chassis.http.conftest import app, client, client_of, example_settings, owner

__all__ = ["app", "client", "client_of", "example_settings", "owner"]
