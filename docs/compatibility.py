"""Whether a new JSON Schema still accepts what was written under an old one.

The log is kept for ever and read again from its beginning, so a type may gain optional fields and wider values, and
lose nothing: whatever else changes is a new type (``…v2``), published beside the old one.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

# Constraints that hold values back: adding or changing one narrows what is accepted.
_CONSTRAINTS = (
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "additionalProperties",
)
ANY = "any"


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What stands in the way of reading old events by the new schema; empty when nothing does.

    Breaking: a field that was removed, a field newly required, a type, an enumeration or a constraint that narrowed.
    Not breaking: a new optional field, a wider type or enumeration, a field no longer required.
    """
    return list(_compare(old, new, old, new, "$"))


def breaking_changes_of_folder(
    old_folder: Path, new: Mapping[str, Schema], compare: Callable[[Schema, Schema], list[str]] = breaking_changes
) -> list[str]:
    """Breaking changes of every document in a folder against the new ones, by file name; one that is gone is one."""
    found = []
    for path in sorted(old_folder.glob("*.json")):
        if path.name not in new:
            found.append(f"{path.name}: it is gone")
            continue
        old = json.loads(path.read_text(encoding="utf-8"))
        found += [f"{path.name}: {change}" for change in compare(old, new[path.name])]
    return found


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, where: str) -> Iterator[str]:
    new_options = options(new, new_root)
    for kind, old_option in options(old, old_root).items():
        new_option = new_options.get(kind) or new_options.get(ANY)
        if new_option is None and kind == "integer":
            new_option = new_options.get("number")
        if new_option is None:
            yield f"{where} no longer accepts {kind}"
        else:
            yield from _compare_values(old_option, new_option, where)
            yield from _compare_insides(old_option, new_option, old_root, new_root, where)


def _compare_values(old: Schema, new: Schema, where: str) -> Iterator[str]:
    new_values = _values(new)
    if new_values is not None:
        old_values = _values(old)
        if old_values is None:
            yield f"{where} accepts only listed values now"
        else:
            gone = [value for value in old_values if value not in new_values]
            if gone:
                yield f"{where} no longer accepts {', '.join(map(repr, gone))}"
    for constraint in _CONSTRAINTS:
        if constraint in new and new[constraint] != old.get(constraint):
            yield f"{where} has another {constraint}: {new[constraint]!r}"


def _compare_insides(old: Schema, new: Schema, old_root: Schema, new_root: Schema, where: str) -> Iterator[str]:
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name, field in old_fields.items():
        if name in new_fields:
            yield from _compare(field, new_fields[name], old_root, new_root, f"{where}.{name}")
        else:
            yield f"{where}.{name} was removed"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{where}.{name} is required now"
    if "items" in new:
        if "items" not in old:
            yield f"{where} accepts only some items now"
        else:
            yield from _compare(old["items"], new["items"], old_root, new_root, f"{where}[]")


def options(schema: Schema, root: Schema) -> dict[str, Schema]:
    """The schema's alternatives by JSON type, references followed."""
    if "$ref" in schema:
        return options(_at(root, str(schema["$ref"])), root)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        found: dict[str, Schema] = {}
        for alternative in alternatives:
            found |= options(alternative, root)
        return found
    kinds = schema.get("type", ANY)
    return {kind: schema for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _at(root: Schema, reference: str) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    schema: Schema = found
    return schema


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values
