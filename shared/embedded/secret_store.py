"""Passwords and keys of one machine, made at the first start and kept readable by the owner alone.

They have the names of the environment variables that production sets itself; a variable the operator has set wins.
"""

import base64
import os
import secrets
from collections.abc import Callable

from shared.chassis.settings import SERVICES, Role
from shared.embedded.state import StateFolder

ROLES: tuple[Role, ...] = ("owner", "api", "worker")
CLIENTS_WITH_SECRET = ("agency-feed", "coop-core")

ADMIN_PASSWORD = "POSTGRES_ADMIN_PASSWORD"  # noqa: S105 - the name of the entry, not a password
_FILE = "secrets.json"


def role_password_name(service: str, role: str) -> str:
    """Name of the environment variable that holds the password of a service's database role."""
    return f"PLODNEE_{service.upper()}_{role.upper()}_PASSWORD"


def client_secret_name(client_id: str) -> str:
    """Name of the entry that holds the secret of a client of the development identity provider."""
    return f"CLIENT_SECRET_{client_id.upper().replace('-', '_')}"


def _random_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _random_password() -> str:
    return secrets.token_urlsafe(24)  # URL-safe, so that it needs no quoting inside a database URL


_MAKERS: dict[str, Callable[[], str]] = {
    "PLODNEE_KEY_ENCRYPTION_KEYS": lambda: f"development-1:{_random_key()}",
    "PLODNEE_BLIND_INDEX_KEY": _random_key,
    "PLODNEE_MEMBER_NUMBER_KEY": _random_key,
    "PLODNEE_SESSION_KEY": _random_key,
    "IDENTITY_STATE_KEY": _random_key,
    ADMIN_PASSWORD: _random_password,
    **{role_password_name(service, role): _random_password for service in SERVICES for role in ROLES},
    **{client_secret_name(client_id): _random_password for client_id in CLIENTS_WITH_SECRET},
}


def load_secrets(state: StateFolder) -> dict[str, str]:
    """All secrets of this state folder by name; missing ones are made and kept, present ones never change."""
    kept = {name: str(value) for name, value in state.read(_FILE).items()}
    missing = {name: make() for name, make in _MAKERS.items() if name not in kept}
    if missing:
        kept |= missing
        state.write(_FILE, dict(kept))
    return kept


def environment_secrets(state: StateFolder) -> dict[str, str]:
    """Those secrets that are environment variables of the services."""
    return {name: value for name, value in load_secrets(state).items() if name.startswith("PLODNEE_")}
