"""Goal: a change that would keep an old event from being read is seen before it is merged, and no other change is."""

from typing import Any

import pytest

from docs.compatibility import breaking_changes
from docs.event_documents import schema_of
from shared.contracts.catalogue import CATALOGUE

OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "loan_id": {"type": "string", "format": "uuid"},
        "status": {"type": "string", "enum": ["active", "closed"]},
        "loans": {"type": "number"},
        "closed_on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "cohorts": {"type": "array", "items": {"$ref": "#/$defs/Cohort"}},
        "marks": {"type": "array"},
    },
    "required": ["loan_id", "status"],
    "$defs": {
        "Cohort": {
            "type": "object",
            "properties": {"year": {"type": "integer"}, "overdue": {"type": "string"}},
            "required": ["year"],
        }
    },
}


def changed(**fields: Any) -> dict[str, Any]:
    """The schema with fields replaced, or removed where None is given."""
    properties = {**OLD["properties"], **fields}
    return {**OLD, "properties": {name: field for name, field in properties.items() if field is not None}}


def cohort(**changes: Any) -> dict[str, Any]:
    return {**OLD, "$defs": {"Cohort": {**OLD["$defs"]["Cohort"], **changes}}}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed(status=None), "$.status was removed"),
        ({**changed(kind={"type": "string"}), "required": ["loan_id", "status", "kind"]}, "$.kind is required now"),
        ({**OLD, "required": ["loan_id", "status", "loans"]}, "$.loans is required now"),
        (changed(status={"type": "string", "enum": ["active"]}), "$.status no longer accepts 'closed'"),
        (changed(status={"type": "string", "const": "active"}), "$.status no longer accepts 'closed'"),
        (changed(loans={"type": "number", "enum": [1]}), "$.loans accepts only listed values now"),
        (changed(marks={"type": "array", "items": {"type": "string"}}), "$.marks accepts only some items now"),
        (changed(cohorts={"type": "array", "items": {"type": "string"}}), "$.cohorts[] no longer accepts object"),
        (changed(loan_id={"type": "integer"}), "$.loan_id no longer accepts string"),
        (changed(loans={"type": "integer"}), "$.loans no longer accepts number"),
        (changed(closed_on={"type": "string", "format": "date"}), "$.closed_on no longer accepts null"),
        (changed(loans={"type": "number", "minimum": 0}), "$.loans has another minimum: 0"),
        (changed(loan_id={"type": "string", "format": "date"}), "$.loan_id has another format: 'date'"),
        (cohort(required=["year", "overdue"]), "$.cohorts[].overdue is required now"),
        (cohort(properties={"year": {"type": "integer"}}), "$.cohorts[].overdue was removed"),
        (cohort(additionalProperties=False), "$.cohorts[] has another additionalProperties: False"),
    ],
)
def test_what_would_refuse_an_old_event_is_breaking(new: dict[str, Any], said: str) -> None:
    assert breaking_changes(OLD, new) == [said]


@pytest.mark.parametrize(
    "constraint",
    [
        *("pattern", "format", "minLength", "maxLength", "minItems", "maxItems", "additionalProperties"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    ],
)
def test_every_constraint_that_is_new_is_breaking(constraint: str) -> None:
    new = changed(loans={"type": "number", constraint: 7})
    assert breaking_changes(OLD, new) == [f"$.loans has another {constraint}: 7"]


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed(collateral={"type": "string"}),
        changed(collateral={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        changed(status={"type": "string", "enum": ["active", "closed", "sold"]}),
        changed(status={"type": "string"}),
        changed(loans={"anyOf": [{"type": "number"}, {"type": "null"}]}),
        changed(loan_id={"type": "string"}),
        {**OLD, "required": ["loan_id"]},
        {**OLD, "description": "said better"},
        cohort(properties={**OLD["$defs"]["Cohort"]["properties"], "cured": {"type": "integer"}}),
        cohort(properties={**OLD["$defs"]["Cohort"]["properties"], "year": {"type": "number"}}),
    ],
)
def test_what_reads_every_old_event_is_not_breaking(new: dict[str, Any]) -> None:
    assert breaking_changes(OLD, new) == []


@pytest.mark.parametrize("event", CATALOGUE.by_type.values(), ids=lambda event: event.type)
def test_every_field_of_every_event_is_guarded(event: Any) -> None:
    schema = schema_of(event)
    assert breaking_changes(schema, schema) == []
    for name in schema["properties"]:
        without = {**schema, "properties": {key: value for key, value in schema["properties"].items() if key != name}}
        assert f"$.{name} was removed" in breaking_changes(schema, without)
