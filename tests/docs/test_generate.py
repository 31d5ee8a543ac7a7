"""Goal: what is committed about our interfaces is what the code says, and a partner's tools can read it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from docs.asyncapi import ASYNCAPI_PATH
from docs.event_documents import EXAMPLE_FOLDER, SCHEMA_FOLDER, types_of
from docs.generate import (
    RELEASED_APIS,
    RELEASED_SCHEMAS,
    ROOT,
    broken_promises,
    differences,
    documents,
    main,
    release,
    write,
)
from shared.chassis.settings import SERVICES
from shared.contracts.catalogue import CATALOGUE


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return documents()


def test_generated_documents_are_committed_as_generated(generated: dict[str, str]) -> None:
    assert differences(ROOT, generated) == []
    assert broken_promises(ROOT, generated) == []


def test_generating_twice_gives_the_same_bytes(generated: dict[str, str]) -> None:
    assert documents() == generated


def test_the_environment_of_the_generating_machine_leaves_no_trace(
    generated: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLODNEE_ISSUER", "https://trace.example")
    monkeypatch.setenv("PLODNEE_DASHBOARD_URL", "https://trace.example")
    assert documents() == generated
    assert not [path for path, text in generated.items() if "invalid:" in text or "sign-in.invalid" in text]


def test_drift_is_shown_and_mended(tmp_path: Path, generated: dict[str, str]) -> None:
    assert set(write(tmp_path, generated)) == set(generated)
    assert differences(tmp_path, generated) == []
    changed, missing = f"{SCHEMA_FOLDER}/plodnee.debt.loan.recorded.v1.json", ASYNCAPI_PATH
    (tmp_path / changed).write_text((tmp_path / changed).read_text().replace('"format": "date"', '"format": "time"'))
    (tmp_path / missing).unlink()
    (tmp_path / EXAMPLE_FOLDER / "plodnee.debt.gone.v1.json").write_text("{}")
    shown = differences(tmp_path, generated)
    assert len(shown) == 3
    assert '-      "format": "time"' in shown[[changed in line for line in shown].index(True)]
    assert f"{missing} is missing" in shown
    assert f"{EXAMPLE_FOLDER}/plodnee.debt.gone.v1.json is generated no more" in shown
    assert len(write(tmp_path, generated)) == 3
    assert differences(tmp_path, generated) == []


def test_a_schema_is_held_against_the_last_release(tmp_path: Path, generated: dict[str, str]) -> None:
    release(tmp_path, generated)
    assert broken_promises(tmp_path, generated) == []
    name = "plodnee.debt.loan.recorded.v1.json"
    promised = tmp_path / RELEASED_SCHEMAS
    schema = json.loads((promised / name).read_text())
    schema["properties"]["collateral"] = {"type": "string"}
    (promised / name).write_text(json.dumps(schema))
    (promised / "plodnee.debt.gone.v1.json").write_text("{}")
    assert broken_promises(tmp_path, generated) == [
        "plodnee.debt.gone.v1.json: it is gone",
        f"{name}: $.collateral was removed",
    ]
    release(tmp_path, generated)
    assert broken_promises(tmp_path, generated) == []


def test_an_api_is_held_against_the_last_release(tmp_path: Path, generated: dict[str, str]) -> None:
    release(tmp_path, generated)
    promised = tmp_path / RELEASED_APIS / "debt.json"
    document = json.loads(promised.read_text())
    document["paths"]["/debt/v1/gone"] = {"get": {"responses": {}}}
    document["components"]["schemas"]["LoanRead"]["properties"]["collateral"] = {"type": "string"}
    promised.write_text(json.dumps(document))
    found = broken_promises(tmp_path, generated)
    assert "debt.json: GET /debt/v1/loans: 200.items[].collateral was removed" in found
    assert "debt.json: GET /debt/v1/gone is gone" in found


@pytest.mark.parametrize("what", ["nothing", "drift", "schema", "api"])
def test_the_check_of_a_change_fails_for_drift_and_for_a_broken_promise(
    tmp_path: Path, generated: dict[str, str], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    write(tmp_path, generated)
    release(tmp_path, generated)
    if what == "drift":
        (tmp_path / ASYNCAPI_PATH).unlink()
    elif what != "nothing":
        folder = {"schema": RELEASED_SCHEMAS, "api": RELEASED_APIS}[what]
        (tmp_path / folder / "gone.json").write_text("{}")
    assert main(["--check"], tmp_path) == (0 if what == "nothing" else 1)
    said = capsys.readouterr().err
    assert ("missing" in said, "gone.json: it is gone" in said) == (what == "drift", what in ("schema", "api"))


def test_the_check_is_part_of_what_a_change_must_pass() -> None:
    assert "make lint" in (ROOT / ".ci" / "run").read_text().splitlines()
    rules = (ROOT / "Makefile").read_text().split("\n\n")
    (lint,) = [rule for rule in rules if rule.startswith("lint:")]
    assert "docs.generate --check" in lint
    assert list((ROOT / RELEASED_SCHEMAS).glob("*.json"))
    assert list((ROOT / RELEASED_APIS).glob("*.json"))


@pytest.mark.parametrize("name", sorted(CATALOGUE.by_type))
def test_every_example_follows_its_schema(name: str, generated: dict[str, str]) -> None:
    schema = json.loads(generated[f"{SCHEMA_FOLDER}/{name}.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(json.loads(generated[f"{EXAMPLE_FOLDER}/{name}.json"]))


def test_figures_of_examples_add_up(generated: dict[str, str]) -> None:
    def figures(name: str) -> dict[str, float]:
        example = json.loads(generated[f"{EXAMPLE_FOLDER}/{name}.json"])
        return {key: round(100 * float(value)) for key, value in example.items() if _is_amount(value)}

    delivered = figures("plodnee.livelihood.produce.delivered.v1")
    assert delivered["gross"] == delivered["savings"] + delivered["paid"] + delivered["held"]
    settled = figures("plodnee.livelihood.produce.settled.v1")
    assert settled["gross"] == settled["debt"] + settled["savings"] + settled["paid"]
    answer = figures("plodnee.debt.deduction.settled.v1")
    assert delivered["held"] == answer["applied"] + answer["returned"]
    for name in ("plodnee.debt.payment.posted.v1", "plodnee.debt.payment.reversed.v1"):
        payment = figures(name)
        parts = ("fee", "default_interest", "late_interest", "interest", "principal", "excess")
        assert payment["amount"] == sum(payment[part] for part in parts)


def test_asyncapi_names_every_topic_type_and_listener(generated: dict[str, str]) -> None:
    document = yaml.safe_load(generated[ASYNCAPI_PATH])
    assert document["asyncapi"] == "3.0.0"
    assert document["channels"].keys() == {topic.name for topic in CATALOGUE.topics}
    for topic in CATALOGUE.topics:
        channel = document["channels"][topic.name]
        assert channel["messages"].keys() == {event.type for event in types_of(CATALOGUE, topic)}
        assert channel["bindings"]["kafka"]["partitions"] == 12
        operations = {
            name: operation["action"]
            for name, operation in document["operations"].items()
            if operation["channel"]["$ref"] == f"#/channels/{topic.name}"
        }
        assert operations == {
            f"{topic.producer}.sends.{topic.name}": "send",
            **{f"{consumer}.receives.{topic.name}": "receive" for consumer in topic.consumers},
        }


def test_every_reference_of_asyncapi_leads_somewhere(generated: dict[str, str]) -> None:
    document = yaml.safe_load(generated[ASYNCAPI_PATH])
    found = list(_references(document))
    assert found
    for reference in found:
        if reference.startswith("#/"):
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
        else:
            assert f"docs/events/{reference}" in generated


@pytest.mark.parametrize("service", SERVICES)
def test_openapi_describes_every_route_for_a_partner(service: str, generated: dict[str, str]) -> None:
    document = json.loads(generated[f"docs/api/{service}.json"])
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        assert path.startswith(f"/{service}/v1/")
        for verb, operation in operations.items():
            assert operation.get("summary"), f"{verb} {path}"
            assert operation["responses"].keys() >= _refusals_of(path, verb, operation), f"{verb} {path}"
    for reference in _references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/")]


def _refusals_of(path: str, verb: str, operation: dict[str, Any]) -> set[str]:
    """Statuses that a caller must be ready for, by what the route takes."""
    headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
    statuses = {"401", "403", "422", "503"}
    statuses |= {"400"} if "Idempotency-Key" in headers else set()
    statuses |= {"412"} if "If-Match" in headers else set()
    # An act is guarded by the state of the thing, so it may come without.
    statuses |= {"428"} if "If-Match" in headers and verb != "post" else set()
    statuses |= {"404"} if verb == "get" and path.endswith("_id}") else set()
    statuses |= {"413", "415"} if "text/csv" in operation.get("requestBody", {}).get("content", {}) else set()
    return statuses


def _references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(document, list):
        for value in document:
            yield from _references(value)


def _is_amount(value: object) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).replace("-", "", 1).isdigit() and "." in value
