"""Whether a client written against an old OpenAPI document still works with the new one.

What he sends must still be taken: the same rule as for events. What he is answered must still hold every field he may
read. New operations, optional inputs, new fields of an answer and new values of its lists are no breach: a client
passes over what he does not know.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.compatibility import ANY, Schema, breaking_changes, options

Document = Mapping[str, Any]
_VERBS = ("get", "put", "post", "patch", "delete")


def breaking_api_changes(old: Document, new: Document) -> list[str]:
    """What stands in the way of an old client; empty when nothing does."""
    found: list[str] = []
    for path, operations in old["paths"].items():
        for verb in _VERBS:
            if verb not in operations:
                continue
            name = f"{verb.upper()} {path}"
            operation = new["paths"].get(path, {}).get(verb)
            if operation is None:
                found.append(f"{name} is gone")
            else:
                changes = _operation(operations[verb], operation, old, new)
                found += [f"{name}: {change}" for change in changes]
    return found


def _operation(old: Document, new: Document, old_root: Document, new_root: Document) -> Iterator[str]:
    yield from _parameters(old, new, old_root, new_root)
    yield from _body(old.get("requestBody"), new.get("requestBody"), old_root, new_root)
    yield from _answers(old["responses"], new["responses"], old_root, new_root)


def _parameters(old: Document, new: Document, old_root: Document, new_root: Document) -> Iterator[str]:
    old_ones, new_ones = _by_name(old), _by_name(new)
    for name, parameter in old_ones.items():
        if name not in new_ones:
            yield f"{name} is gone"
            continue
        yield from _input(name, parameter["schema"], new_ones[name]["schema"], old_root, new_root)
    for name, parameter in new_ones.items():
        if parameter.get("required") and not old_ones.get(name, {}).get("required"):
            yield f"{name} is required now"


def _by_name(operation: Document) -> dict[str, Document]:
    return {f"{parameter['in']} {parameter['name']}": parameter for parameter in operation.get("parameters", ())}


def _body(old: Document | None, new: Document | None, old_root: Document, new_root: Document) -> Iterator[str]:
    if old is None:
        if new is not None and new.get("required"):
            yield "a body is required now"
        return
    if new is None:
        yield "it takes no body now"
        return
    if new.get("required") and not old.get("required"):
        yield "a body is required now"
    for media_type, content in old["content"].items():
        if media_type not in new["content"]:
            yield f"it takes no {media_type} now"
        else:
            schema = new["content"][media_type].get("schema", {})
            yield from _input("body", content.get("schema", {}), schema, old_root, new_root)


def _input(name: str, old: Schema, new: Schema, old_root: Document, new_root: Document) -> Iterator[str]:
    """Sent by an old client, read by the new service: as an old event by a new consumer."""
    for change in breaking_changes({**old_root, **old}, {**new_root, **new}):
        yield f"{name} {change}"


def _answers(old: Document, new: Document, old_root: Document, new_root: Document) -> Iterator[str]:
    for status, answer in old.items():
        if not status.startswith("2"):
            continue  # a refusal that cannot happen any more hurts nobody
        if status not in new:
            yield f"it is answered {status} no more"
            continue
        for media_type, content in answer.get("content", {}).items():
            known = new[status].get("content", {}).get(media_type)
            if known is None:
                yield f"{status} is {media_type} no more"
            else:
                compared = _Answer(old_root, new_root)
                yield from compared.changes(content.get("schema", {}), known.get("schema", {}), status)


class _Answer:
    """Sent by the new service, read by an old client. Follows each pair of references once, since types recur."""

    def __init__(self, old_root: Document, new_root: Document) -> None:
        self._old_root, self._new_root = old_root, new_root
        self._seen: set[tuple[str, str]] = set()

    def changes(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """What an old client would miss or not understand."""
        references = str(old.get("$ref")), str(new.get("$ref"))
        if "$ref" in old and "$ref" in new:
            if references in self._seen:
                return
            self._seen.add(references)
        old_options, new_options = options(old, self._old_root), options(new, self._new_root)
        for kind, new_option in new_options.items():
            old_option = old_options.get(kind) or old_options.get(ANY)
            if old_option is None and kind == "integer":
                old_option = old_options.get("number")
            if old_option is None:
                yield f"{where} may be {kind} now"
            else:
                yield from self._insides(old_option, new_option, where)

    def _insides(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        if old.get("format") != new.get("format") and "format" in old:
            yield f"{where} has another format: {new.get('format')!r}"
        fields = new.get("properties", {})
        for name, field in old.get("properties", {}).items():
            if name in fields:
                yield from self.changes(field, fields[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} was removed"
        for name in sorted((set(old.get("required", ())) - set(new.get("required", ()))) & set(fields)):
            yield f"{where}.{name} may be missing now"
        for inside in ("items", "additionalProperties"):
            if isinstance(old.get(inside), Mapping) and isinstance(new.get(inside), Mapping):
                yield from self.changes(old[inside], new[inside], f"{where}[]")
