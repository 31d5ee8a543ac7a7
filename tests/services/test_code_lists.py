"""Goal: every code that a route or a file of a service takes or gives has a Thai and an English label."""

from importlib import import_module
from typing import Any

import pytest

from shared.kernel.labels import CodeLists
from tests.conftest import ClientOf

SCOPE_OF = {
    "registry": "cooperative:read",
    "debt": "loan:read",
    "livelihood": "livelihood:read",
    "literacy": "literacy:read",
}
AREAS = {"province_code", "district_code"}  # these have names of their own


def _code_lists(service: str) -> CodeLists:
    found: CodeLists = import_module(f"services.{service}.code_lists.domain").CODE_LISTS
    return found


def _known(service: str) -> list[set[str]]:
    lists = _code_lists(service)
    known = [set(codes) for codes in lists.values()]
    if service == "registry":  # types of co-operatives and of farmer groups share a column
        known.append(set(lists["cooperative_type"]) | set(lists["farmer_group_type"]))
    return known


@pytest.mark.parametrize("service", SCOPE_OF)
async def test_lists_are_read_with_both_labels(client_of: ClientOf, service: str) -> None:
    client = await client_of(service, scopes=SCOPE_OF[service], areas=[])
    lists: dict[str, list[dict[str, Any]]] = (await client.get(f"/{service}/v1/code-lists")).json()["lists"]
    assert {name: {code["code"] for code in codes} for name, codes in lists.items()} == {
        name: set(codes) for name, codes in _code_lists(service).items()
    }
    assert all(code["label_th"] and code["label_en"] for codes in lists.values() for code in codes)
    stranger = await client_of(service, scopes="job:read", areas=[])
    assert (await stranger.get(f"/{service}/v1/code-lists")).status_code == 403


@pytest.mark.parametrize("service", SCOPE_OF)
def test_every_code_of_a_file_is_in_a_list(service: str) -> None:
    for kind in import_module(f"services.{service}.app").FEED_KINDS:
        for column in kind.columns:
            if column.choices and column.name not in AREAS:
                assert any(set(column.choices) <= codes for codes in _known(service)), (kind.name, column.name)


@pytest.mark.parametrize("service", ["debt", "livelihood", "literacy"])
def test_every_code_of_an_event_is_in_a_list(service: str) -> None:
    for event in import_module(f"shared.contracts.{service}").EVENTS:
        for name, codes in _enumerated(event.model_json_schema()):
            assert any(codes <= known for known in _known(service)), (event.type, name)


def _enumerated(schema: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """The properties of an event's schema that name their codes."""
    return [
        (name, set(one["enum"]))
        for name, described in schema["properties"].items()
        for one in (described, *described.get("anyOf", ()))
        if "enum" in one
    ]
