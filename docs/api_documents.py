"""The OpenAPI document of each service, asked of the app itself; nothing is connected to."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from docs.writing import json_text
from shared.chassis.http.app import create_app
from shared.chassis.service import Service
from shared.chassis.settings import SERVICES, get_settings

_KEY = base64.b64encode(bytes(32)).decode()

# What an app needs to be made. No value of it stands in the documents.
_ENVIRONMENT = {
    "PLODNEE_ENVIRONMENT": "development",
    "PLODNEE_ISSUER": "https://sign-in.invalid",
    "PLODNEE_KEY_ENCRYPTION_KEYS": f"none:{_KEY}",
    "PLODNEE_BLIND_INDEX_KEY": _KEY,
    "PLODNEE_MEMBER_NUMBER_KEY": _KEY,
    "PLODNEE_SESSION_KEY": _KEY,
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.invalid:9092",
    **{f"PLODNEE_{service.upper()}_DATABASE_URL": f"postgresql://nobody@invalid/{service}" for service in SERVICES},
}


def api_documents() -> dict[str, str]:
    """The documents, by path."""
    with _settings_of_nobody():
        return {f"docs/api/{service}.json": json_text(_openapi(service)) for service in SERVICES}


def _openapi(service: str) -> object:
    definition: Service = import_module(f"services.{service}.app").SERVICE
    return create_app(definition, settings=get_settings()).openapi()


@contextmanager
def _settings_of_nobody() -> Iterator[None]:
    """An environment in which every app can be made; afterwards it is as it was."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PLODNEE_")]:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    get_settings.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
