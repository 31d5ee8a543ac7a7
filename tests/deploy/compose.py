"""docker-compose.yml as Docker Compose reads it: anchors merged, variables listed or put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE_PATH = ROOT / "docker-compose.yml"
EXAMPLE_PATH = ROOT / ".env.example"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def compose_document() -> dict[str, Any]:
    """The file with its anchors merged and its variables left as they stand."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE_PATH.read_text(encoding="utf-8"))
    return document


def variables() -> dict[str, set[str]]:
    """Every variable, with what stands behind its name wherever it is used (``:?see .env.example``)."""
    found: dict[str, set[str]] = {}
    for match in _VARIABLE.finditer(COMPOSE_PATH.read_text(encoding="utf-8")):
        found.setdefault(match["name"], set()).add(match["rest"])
    return found


def example_variables() -> dict[str, str]:
    """The names and values of .env.example."""
    lines = EXAMPLE_PATH.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolated(value: Any, values: Mapping[str, str]) -> Any:
    """The value with every variable put in; KeyError when one is not given."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: values[match["name"]], value)
    if isinstance(value, list):
        return [interpolated(item, values) for item in value]
    if isinstance(value, dict):
        return {name: interpolated(item, values) for name, item in value.items()}
    return value


def is_ours(service: Mapping[str, Any]) -> bool:
    """Whether a compose service runs Plodnee's image."""
    return "PLODNEE_IMAGE" in str(service.get("image"))
