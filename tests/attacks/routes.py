"""Every route and page of every service, as it lists them itself: a new one is attacked without being named.

Routes are read from the OpenAPI documents; pages are in none, so that a document of them is made here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import orjson
from fastapi import FastAPI
from hypothesis import find
from hypothesis.strategies import from_regex

from docs.api_documents import api_documents
from shared.chassis.service import Service
from shared.chassis.settings import SERVICES

JSON = "application/json"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a route, or a field of its body (`path` then says where it stands)."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Route:
    """One method of one path of one service.

    Attributes:
        service: whose route it is.
        method: in capitals.
        path: the template, ``/debt/v1/loans/{loan_id}``.
        operation: as the document has it.
        schemas: the document's components, that references lead to.
    """

    service: str
    method: str
    path: str
    operation: Mapping[str, Any]
    schemas: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def changes_state(self) -> bool:
        return self.method != "GET"

    @property
    def body_schema(self) -> Mapping[str, Any] | None:
        """The schema of the JSON body; None when the route takes none."""
        content = self.operation.get("requestBody", {}).get("content", {})
        return self.resolved(content[JSON]["schema"]) if JSON in content else None

    @property
    def takes_a_file(self) -> bool:
        content = self.operation.get("requestBody", {}).get("content", {})
        return bool(content) and JSON not in content

    @property
    def takes_key(self) -> bool:
        return any(one.name == "Idempotency-Key" for one in self.parameters("header"))

    def parameters(self, place: str) -> list[Parameter]:
        """The parameters in ``path``, ``query`` or ``header``."""
        return [
            Parameter(one["name"], place, one.get("required", False), self.resolved(one["schema"]))
            for one in self.operation.get("parameters", ())
            if one["in"] == place
        ]

    def fields(self) -> list[Parameter]:
        """Every field of the JSON body, those of its parts included; of a list, its first item."""
        schema = self.body_schema
        return [] if schema is None else list(self._fields(schema, ()))

    def _fields(self, schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Parameter]:
        if schema.get("type") == "array":
            yield from self._fields(self.resolved(schema["items"]), (*path, 0))
        for name, part in schema.get("properties", {}).items():
            inner = self.resolved(part)
            yield Parameter(name, "body", name in schema.get("required", ()), inner, (*path, name))
            yield from self._fields(inner, (*path, name))

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema behind a reference; of alternatives, the first that is not null."""
        if "$ref" in schema:
            return self.resolved(self.schemas[schema["$ref"].rpartition("/")[2]])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                outer = {key: value for key, value in schema.items() if key != several}
                return {**outer, **self.resolved(next(one for one in schema[several] if one.get("type") != "null"))}
        return schema

    def sample(self, schema: Mapping[str, Any]) -> Any:
        """A value that fits the schema."""
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if kind == "object":
            required = schema.get("required", ())
            return {name: self.sample(part) for name, part in schema.get("properties", {}).items() if name in required}
        if kind == "array":
            return [self.sample(schema["items"])] * schema.get("minItems", 1)
        if kind == "string":
            return _sample_text(schema)
        if kind in ("integer", "number"):
            return max(int(schema.get("minimum", 1)), int(schema.get("exclusiveMinimum", 0)) + 1)
        if kind == "boolean":
            return False
        raise ValueError(f"{self}: no value is known for {schema}")

    def sample_body(self) -> Any:
        """A JSON body in which every field is there, the optional ones too."""
        assert self.body_schema is not None
        return self._whole(self.body_schema)

    def _whole(self, schema: Mapping[str, Any]) -> Any:
        schema = self.resolved(schema)
        if schema.get("type") == "object" and "properties" in schema:
            return {name: self._whole(part) for name, part in schema["properties"].items()}
        if schema.get("type") == "array":
            return [self._whole(schema["items"])] * max(schema.get("minItems", 1), 1)
        return self.sample(schema)


_FORMATS: dict[str, str] = {
    "uuid": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "date": "2022-09-30",
    "date-time": "2022-09-30T08:00:00+07:00",
}


@cache
def _matching(pattern: str, length_min: int) -> str:
    return str(find(from_regex(pattern, fullmatch=True), lambda text: len(text) >= length_min and text.isascii()))


def _sample_text(schema: Mapping[str, Any]) -> str:
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None:
        return known
    if schema.get("examples"):
        return str(schema["examples"][0])
    if "pattern" in schema:
        return _matching(schema["pattern"], schema.get("minLength", 0))
    return "x" * max(int(schema.get("minLength", 1)), 3)


def definition(service: str) -> Service:
    """What a service is."""
    found: Service = import_module(f"services.{service}.app").SERVICE
    return found


@cache
def all_routes() -> tuple[Route, ...]:
    """Every route of the five services."""
    documents = (orjson.loads(text) for text in api_documents().values())
    return tuple(route for document in documents for route in _listed(document))


@cache
def all_pages() -> tuple[Route, ...]:
    """Every page of the five services."""
    return tuple(page for service in SERVICES for page in _pages_of(service))


def _pages_of(service: str) -> Iterator[Route]:
    app = FastAPI()
    for router in definition(service).page_routers:
        app.include_router(router)
    return _listed(app.openapi(), service)


def _listed(document: Mapping[str, Any], service: str | None = None) -> Iterator[Route]:
    schemas = document.get("components", {}).get("schemas", {})
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                yield Route(service or path.split("/")[1], method.upper(), path, operations[method], schemas)


def routes_of(service: str) -> list[Route]:
    """The routes of one service."""
    return [route for route in all_routes() if route.service == service]
