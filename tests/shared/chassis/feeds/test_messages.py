"""Goal: every code with which a row can be refused has words in both languages, whichever service refuses it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import services
import shared.chassis.feeds
from shared.chassis.feeds.messages import ROW_MESSAGES

_REFUSERS = {"rejected": 0, "reject_where": 3, "CellRefused": 0}
"""Functions that take a code, and its place among the arguments."""

_LOANS = Path(services.__path__[0], "debt", "loans")
"""Its rules refuse rows of loans.csv with the codes of their own field problems."""


def test_every_reject_code_has_words() -> None:
    codes = set(_codes())
    assert {"month_closed", "delivery_number_taken", "principal_mismatch", "too_long"} <= codes
    assert codes <= ROW_MESSAGES.keys()


def _codes() -> Iterator[str]:
    roots = [Path(path) for package in (services, shared.chassis.feeds) for path in package.__path__]
    for path in (path for root in roots for path in root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in _REFUSERS:
                    yield from _texts(node.args[_REFUSERS[node.func.id] :][:1])
                elif node.func.id == "FieldProblem" and path.parent == _LOANS:
                    yield from _texts(node.args[1:2])
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_REJECTS":
                assert isinstance(node.value, ast.Dict)
                yield from (text for pair in node.value.values for text in _texts(getattr(pair, "elts", [])[:1]))


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
