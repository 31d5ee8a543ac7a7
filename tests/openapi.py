"""Holds a service's API against its OpenAPI document: cases made by schemathesis, sent to the real app over a socket.

The database is real and has records in it. Where a case names a record (``loan_id``), half of them name one that
exists, so that the answers behind "not found" are reached too. Some callers reach only a part of the records: a chief
those of one district, an officer those of the co-operative assigned to him, which lies in another.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.chassis.auth.assignments import store_assignments
from shared.chassis.database import Database
from shared.chassis.http.app import create_app
from shared.chassis.http.problems import MEDIA_TYPE
from shared.chassis.settings import Settings
from shared.chassis.testing.databases import drop_database, make_database
from shared.chassis.testing.tokens import TokenIssuer
from shared.contracts.registry import AssignedCooperative
from shared.embedded.identity.personas import ROLE_SCOPES
from tests.conftest import add_idempotency_key
from tests.served import served

ROOT = Path(__file__).parent.parent
EVERY_SCOPE = " ".join(sorted({scope for scopes in ROLE_SCOPES.values() for scope in scopes}))
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECONDS_MAX = 30.0
DISTRICT, OFFICER = "5201", "contract-officer"
A_FEW, MANY = 5, 100  # random cases an operation, in every run and in the long one


@schemathesis.serializer("application/x-ndjson", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
def _sent_as_it_is(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A file's bytes: schemathesis itself sends no media type that it does not know."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


Case = schemathesis.Case[Any]
Fill = Callable[[Database, httpx2.AsyncClient], Awaitable[None]]


@dataclass(frozen=True)
class Api:
    """A served API, its callers' tokens, and records that exist in it by the name under which a case may name them."""

    url: str
    nation: str
    district: str
    officer: str
    known: Mapping[str, list[str]]

    def check(self, case: Case) -> None:
        """What a caller with every right is answered is in the document."""
        self._name_known_records(case)
        self._check_as(self.nation, case)

    def check_who_may_less(self, case: Case) -> None:
        """What is answered to no token at all, and to callers who reach only a part, is in the document too.

        A list is asked for by each of them, anything else by one, always the same for the same case: all three for all
        would make a run half as long again.
        """
        self._name_known_records(case)
        in_part = [partial(self._check_as, token) for token in (self.district, self.officer)]
        checks: list[Callable[[Case], None]] = [self._check_stranger, *in_part]
        if case.method != "GET" or case.path_parameters:
            sent = repr((case.path, case.path_parameters, case.query, case.body))
            checks = [checks[sha256(sent.encode("utf-8", "surrogatepass")).digest()[0] % len(checks)]]
        for check in checks:
            check(case)

    def _check_as(self, token: str, case: Case) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(self.url, headers=headers, checks=CHECKS, timeout=SECONDS_MAX)

    def _check_stranger(self, case: Case) -> None:
        """Whoever has no token gets nothing but a problem that is in the document."""
        response = case.call_and_validate(self.url, checks=CHECKS, timeout=SECONDS_MAX)
        assert 400 <= response.status_code < 500
        assert response.headers["content-type"] == [MEDIA_TYPE]

    def _name_known_records(self, case: Case) -> None:
        for part in (case.path_parameters, case.query, case.body):
            self._replace(part)
        headers: Any = case.headers or {}
        if "If-Match" in headers:
            headers["If-Match"] = _often_known(headers["If-Match"], ["*"])

    def _replace(self, part: Any) -> None:
        if isinstance(part, dict):
            for name, value in part.items():
                known = self.known.get(name)
                if known and isinstance(value, str):
                    part[name] = _often_known(value, known)
                else:
                    self._replace(value)
        elif isinstance(part, list):
            for value in part:
                self._replace(value)


def _often_known(value: str, known: list[str]) -> str:
    """The value itself or a known one, always the same for the same value."""
    choice = sha256(value.encode("utf-8", "surrogatepass")).digest()
    return known[choice[1] % len(known)] if choice[0] % 2 else value


async def made(request: Awaitable[httpx2.Response]) -> dict[str, Any]:
    """What a request that must succeed is answered."""
    answer = await request
    assert answer.is_success, answer.text
    return dict(answer.json())


async def send_file(client: httpx2.AsyncClient, service: str, kind: str) -> None:
    """A file that waits for its job."""
    path = f"/{service}/v1/feed-deliveries?kind={kind}&as_of=2022-09-30"
    await made(client.post(path, content=b"heading\n", headers={"content-type": "text/csv"}))


async def _filled(
    settings: Settings, service: str, url: str, token: str, fill: Fill, known: Mapping[str, str]
) -> dict[str, list[str]]:
    database = Database(settings, service, "worker", "test")
    try:
        async with httpx2.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            event_hooks={"request": [add_idempotency_key]},
            timeout=SECONDS_MAX,
        ) as client:
            await fill(database, client)
        await _assign(database)
        async with database.unscoped() as session:
            found = {
                name: [str(value) for row in await session.fetch(sql) for value in row.values()]
                for name, sql in known.items()
            }
    finally:
        await database.close()
    missing = [name for name, values in found.items() if not values]
    assert not missing, f"nothing exists for {missing}"
    return found


async def _assign(database: Database) -> None:
    """Give the officer a co-operative outside the district; the service has just heard of it, for the whole run."""
    async with database.unscoped() as session:
        elsewhere = await session.scalar(
            "select id from cooperative where district_code <> :district order by id limit 1", district=DISTRICT
        )
        assert elsewhere is not None, "every record lies in one district"
        held = AssignedCooperative(cooperative_id=elsewhere, valid_from=date(2022, 1, 1), valid_to=None)
        await store_assignments(session, OFFICER, (1, 1), [held])
        await session.execute(
            """
            insert into consumer_heartbeat (consumer, polled_at, lag_events, lag_seconds)
            values (:service, now() + interval '1 day', 0, 0)
            """,
            service=database.service,
        )


@dataclass(frozen=True)
class Contract:
    """The fixture and the tests of a service's module, each to be assigned there to a name of its own.

    Attributes:
        service: its name.
        fill: puts records into the database, through the service's own doors.
        known: queries for what may be named, by parameter or field.
    """

    service: str
    fill: Fill
    known: Mapping[str, str]

    def api(self) -> Any:
        """The fixture `api`: the real app over a database of its own, for all tests of the module."""

        def api(settings: Settings, token_issuer: TokenIssuer) -> Iterator[Api]:
            variable = f"PLODNEE_{self.service.upper()}_DATABASE_URL"
            nation, district, officer = (
                token_issuer.token(subject=subject, scopes=EVERY_SCOPE, areas=areas, lifetime_seconds=86_400)
                for subject, areas in (("contract", ["TH"]), ("contract-district", [DISTRICT]), (OFFICER, None))
            )
            with (
                patch.dict(os.environ, {variable: f"{os.environ[variable]}_openapi"}),
                socket.create_server(("127.0.0.1", 0)) as listening,
            ):
                url = f"http://127.0.0.1:{listening.getsockname()[1]}"
                asyncio.run(make_database(settings, self.service))
                try:
                    with served(create_app(import_module(f"services.{self.service}.app").SERVICE), settings, listening):
                        found = asyncio.run(_filled(settings, self.service, url, nation, self.fill, self.known))
                        yield Api(url, nation, district, officer, found)
                finally:
                    asyncio.run(drop_database(settings, self.service))

        return pytest.fixture(api, scope="module")

    def every_answer(self) -> Any:
        """What a caller with every right is answered is in the document."""

        def test(case: Case, api: Api) -> None:
            api.check(case)

        return self._of_every_operation(test, A_FEW)

    def every_answer_to_who_may_less(self) -> Any:
        """What others are answered is in it too."""

        def test(case: Case, api: Api) -> None:
            api.check_who_may_less(case)

        return self._of_every_operation(test, 1)

    def every_answer_at_length(self) -> Any:
        """Both, with other random cases in every run."""

        def test(case: Case, api: Api) -> None:
            api.check(case)
            api.check_who_may_less(case)

        return pytest.mark.slow(self._of_every_operation(test, MANY, found_again=False))

    def _of_every_operation(self, test: Callable[..., None], count: int, *, found_again: bool = True) -> Any:
        """A test for every operation: with the cases that the document's own bounds suggest, and with random ones.

        Args:
            test: of one case.
            count: of random cases an operation.
            found_again: the same cases each time, so that a run says the same as the run before.
        """
        bounded = hypothesis_settings(
            max_examples=count,
            deadline=None,
            derandomize=found_again,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        text = (ROOT / "docs" / "api" / f"{self.service}.json").read_text(encoding="utf-8")
        return schemathesis.openapi.from_dict(json.loads(text)).parametrize()(bounded(test))
