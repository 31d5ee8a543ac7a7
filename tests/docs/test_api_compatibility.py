"""Goal: a change that would refuse an old client, or keep something from him, is seen before it is merged."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from docs.api_compatibility import breaking_api_changes
from docs.generate import API_FOLDER, ROOT
from shared.chassis.settings import SERVICES

Document = dict[str, Any]

OLD: Document = {
    "paths": {
        "/notes": {
            "get": {
                "parameters": [
                    {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["short", "long"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}},
                    "404": {"content": {}},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewNote"}}},
                },
                "responses": {"201": {"content": {}}},
            },
            "put": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewNote"}}}},
                "responses": {"200": {"content": {}}},
            },
        }
    },
    "components": {
        "schemas": {
            "NewNote": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "pages": {"type": "number"}},
                "required": ["title"],
            },
            "Note": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "pages": {"type": "number"},
                    "day": {"type": "string", "format": "date"},
                    "marks": {"type": "array", "items": {"type": "string"}},
                    "words": {"type": "object", "additionalProperties": {"type": "number"}},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
                },
                "required": ["title"],
            },
        }
    },
}
Change = Callable[[Document], object]


def operation(document: Document, verb: str) -> Document:
    return document["paths"]["/notes"][verb]  # type: ignore[no-any-return]


def get(document: Document) -> Document:
    return operation(document, "get")


def post(document: Document) -> Document:
    return operation(document, "post")


def schema(document: Document, name: str) -> Document:
    return document["components"]["schemas"][name]  # type: ignore[no-any-return]


def field(document: Document, name: str) -> Document:
    """A field of what is answered."""
    return schema(document, "Note")["properties"][name]  # type: ignore[no-any-return]


BREAKING: list[tuple[Change, str]] = [
    (lambda new: new["paths"].pop("/notes"), "GET /notes is gone"),
    (lambda new: new["paths"]["/notes"].pop("get"), "GET /notes is gone"),
    (lambda new: get(new)["parameters"].clear(), "GET /notes: query kind is gone"),
    (
        lambda new: get(new)["parameters"].append({"name": "day", "in": "query", "required": True, "schema": {}}),
        "GET /notes: query day is required now",
    ),
    (lambda new: get(new)["parameters"][0].update(required=True), "GET /notes: query kind is required now"),
    (
        lambda new: get(new)["parameters"][0]["schema"]["enum"].remove("long"),
        "GET /notes: query kind $ no longer accepts 'long'",
    ),
    (lambda new: get(new)["responses"].pop("200"), "GET /notes: it is answered 200 no more"),
    (
        lambda new: get(new)["responses"]["200"].update(content={"text/csv": {}}),
        "GET /notes: 200 is application/json no more",
    ),
    (lambda new: schema(new, "Note")["properties"].pop("pages"), "GET /notes: 200.pages was removed"),
    (lambda new: schema(new, "Note")["required"].remove("title"), "GET /notes: 200.title may be missing now"),
    (
        lambda new: schema(new, "Note")["properties"]["title"].update(type=["string", "null"]),
        "GET /notes: 200.title may be null now",
    ),
    (lambda new: schema(new, "NewNote")["required"].append("pages"), "POST /notes: body $.pages is required now"),
    (lambda new: schema(new, "NewNote")["properties"].pop("pages"), "POST /notes: body $.pages was removed"),
    (
        lambda new: schema(new, "NewNote")["properties"]["pages"].update(type="integer"),
        "POST /notes: body $.pages no longer accepts number",
    ),
    (
        lambda new: schema(new, "NewNote")["properties"]["title"].update(maxLength=3),
        "POST /notes: body $.title has another maxLength: 3",
    ),
    (
        lambda new: post(new)["requestBody"].update(content={"text/csv": {}}),
        "POST /notes: it takes no application/json now",
    ),
    (lambda new: get(new).update(requestBody={"required": True}), "GET /notes: a body is required now"),
    (lambda new: operation(new, "put")["requestBody"].update(required=True), "PUT /notes: a body is required now"),
    (lambda new: post(new)["responses"].pop("201"), "POST /notes: it is answered 201 no more"),
    (lambda new: post(new).pop("requestBody"), "POST /notes: it takes no body now"),
    (lambda new: field(new, "day").update(format="date-time"), "GET /notes: 200.day has another format: 'date-time'"),
    (lambda new: field(new, "marks")["items"].update(type="number"), "GET /notes: 200.marks[] may be number now"),
    (
        lambda new: field(new, "words")["additionalProperties"].update(type=["number", "null"]),
        "GET /notes: 200.words[] may be null now",
    ),
]

HARMLESS: list[Change] = [
    lambda new: None,
    lambda new: new["paths"].update({"/others": {"get": {"responses": {}}}}),
    lambda new: get(new)["parameters"].append({"name": "day", "in": "query", "schema": {}}),
    lambda new: get(new)["parameters"][0]["schema"]["enum"].append("other"),
    lambda new: get(new)["responses"].pop("404"),
    lambda new: get(new)["responses"].update({"409": {"content": {}}}),
    lambda new: schema(new, "Note")["properties"].update(colour={"type": "string"}),
    lambda new: schema(new, "Note")["required"].append("pages"),
    lambda new: field(new, "pages").update(type="integer"),
    lambda new: schema(new, "NewNote")["properties"].update(colour={"type": "string"}),
    lambda new: schema(new, "NewNote")["required"].remove("title"),
]


def changed(change: Change) -> Document:
    new = copy.deepcopy(OLD)
    change(new)
    return new


@pytest.mark.parametrize(("change", "said"), BREAKING, ids=[said for _, said in BREAKING])
def test_what_an_old_client_cannot_live_with_is_breaking(change: Change, said: str) -> None:
    assert said in breaking_api_changes(OLD, changed(change))


@pytest.mark.parametrize("change", HARMLESS)
def test_what_an_old_client_need_not_know_is_not_breaking(change: Change) -> None:
    assert breaking_api_changes(OLD, changed(change)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_every_service_is_guarded(service: str) -> None:
    document = json.loads((ROOT / API_FOLDER / f"{service}.json").read_text(encoding="utf-8"))
    assert breaking_api_changes(document, document) == []
    for path, operations in document["paths"].items():
        for verb in operations:
            less = {**document, "paths": {**document["paths"], path: {**operations, verb: None}}}
            assert breaking_api_changes(document, less) == [f"{verb.upper()} {path} is gone"]
