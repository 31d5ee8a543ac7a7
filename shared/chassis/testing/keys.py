"""Keys that make a process of a test run; random, so that nothing can come to rely on them."""

import base64
import os
import secrets

from shared.chassis.settings import SERVICES


def test_environment() -> dict[str, str]:
    """PLODNEE_* variables with fresh keys and role passwords; kept from the environment where it already has them."""

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    wanted = {
        "PLODNEE_KEY_ENCRYPTION_KEYS": f"test:{key()}",
        "PLODNEE_BLIND_INDEX_KEY": key(),
        "PLODNEE_MEMBER_NUMBER_KEY": key(),
        "PLODNEE_SESSION_KEY": key(),
    }
    for service in SERVICES:
        for role in ("OWNER", "API", "WORKER"):
            wanted[f"PLODNEE_{service.upper()}_{role}_PASSWORD"] = secrets.token_urlsafe(18)
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
