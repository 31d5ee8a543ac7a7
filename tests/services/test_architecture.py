"""Goal: whoever looks for a statement of a service finds it in a repository, and a route names its caller first.

Method: the source of every module is read. Import walls are import-linter's (`make lint`); what it cannot see, a call
on a session or a statement in a string, is looked for here.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

import services
from shared.chassis.auth.caller import BearerToken
from shared.chassis.http.sessions import audited_reading, reading, writing
from shared.chassis.service import Service
from shared.chassis.settings import SERVICES

ROOT = Path(services.__file__).parent
# Models and their metadata describe tables, with a condition of an index here and there: they are never run. What a
# feed says of its rows is a condition too, SQL beside the columns it is about, which the chassis makes a statement of.
DESCRIBES_TABLES = ("models.py", "tables.py")
RUNS = {"fetch", "fetch_one", "fetchrow", "fetchval", "scalar", "execute", "execute_many", "executemany", "stream"}
HOLDS_ROWS = {
    "add",
    "copy",
    "cursor",
    "delete",
    "get",
    "lock",
    "raw",
    "select",
}  # of a session; a dict has some of them too
DRIVERS = {"sqlalchemy", "asyncpg", "psycopg"}
STATEMENT = re.compile(r"\s*(select|insert into|update|delete from|with|truncate|lock table)\s+\w", re.IGNORECASE)


def _modules() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if path.name != "repository.py" and "migrations" not in path.relative_to(ROOT).parts
    ]


def _sql_of(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target, name = ast.unparse(node.func.value), node.func.attr
            is_session = target.split(".")[-1] in ("session", "reader", "connection")
            if (name in RUNS and target != "self._http") or (name in HOLDS_ROWS and is_session):
                yield f"line {node.lineno}: {target}.{name}(…)"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from (f"line {node.lineno}: {found[0]!r}" for found in [STATEMENT.match(node.value)] if found)


def _drivers_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (name for name in names if name.split(".")[0] in DRIVERS)


def test_sql_of_a_service_stands_in_its_repositories() -> None:
    found = {str(path.relative_to(ROOT)): sql for path in _modules() if (sql := list(_sql_of(path.read_text("utf-8"))))}
    assert found == {}


def test_database_libraries_are_known_to_repositories_and_tables_alone() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in _modules()
        if path.name not in DESCRIBES_TABLES and (names := list(_drivers_of(path.read_text("utf-8"))))
    }
    assert found == {}


def test_the_guard_knows_sql_when_it_sees_it() -> None:
    for source in (
        "await session.fetch(text)",
        "await (await session.raw()).fetchval(text)",
        "async with database.read(reach) as reader:\n    await reader.scalar(text)",
        "session.add(row)",
        "COUNT = 'select count(*) from loan'",
        "COUNT = f'''\n  with wanted as (select {names}) select'''",
    ):
        assert list(_sql_of(source)), source
    assert not list(_sql_of('"""select what is due"""\nlabels.get("select")\nname = "Set off"'))
    assert list(_drivers_of("import sqlalchemy.exc\nfrom asyncpg import Record")) == ["sqlalchemy.exc", "asyncpg"]


@pytest.mark.parametrize("service", SERVICES)
def test_who_lacks_a_scope_is_refused_before_a_connection_is_taken(service: str) -> None:
    assembled: Service = import_module(f"services.{service}.app").SERVICE
    routes = [route for router in assembled.routers for route in router.routes if isinstance(route, APIRoute)]
    opened = 0
    for route in routes:
        asked = [dependency.call for dependency in route.dependant.dependencies]
        sessions = [place for place, call in enumerate(asked) if call in (reading, audited_reading, writing)]
        scopes = [place for place, call in enumerate(asked) if isinstance(call, BearerToken) and call.scopes]
        assert scopes or not sessions, route.path
        assert not sessions or max(scopes) < min(sessions), route.path
        opened += len(sessions)
    assert opened > 1
