"""Goal: no request, whatever it holds, gets more than a refusal that says what is wrong.

Method: every route of every service, as its document lists it, with bad tokens, bodies, fields, parameters and headers.
A refusal is a problem document in both languages that repeats nothing of what was sent, names the field where one is at
fault, is never a 5xx, and leaves nothing behind.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
import jwt
import orjson
import pytest
import pytest_asyncio

from shared.chassis.database import Database
from shared.chassis.http.problems import MEDIA_TYPE, TYPE_PREFIX
from shared.chassis.settings import SERVICES
from shared.chassis.testing.tokens import KEY_ID, TokenIssuer
from tests.attacks.routes import Parameter, Route, routes_of
from tests.conftest import ClientOf, DatabaseOf

MARK = "zqmarkqz"  # stands in what is sent; no refusal may repeat it
DEPTH = 10_000
BODY_BYTES = 10_000_000

_ROW_COUNTS = """
    select string_agg(format('select %L as name, count(*) as rows from %s', name, name), ' union all ') from (
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') order by 1) tables
"""


@dataclass
class Attack:
    """One service under attack, and what was found.

    Attributes:
        service: its name.
        client: of a caller with every scope and the whole country in reach.
        database: the service's, without row scope.
        faults: each with route and attack; a test passes when there are none.
    """

    service: str
    client: httpx2.AsyncClient
    database: Database
    faults: list[str] = field(default_factory=list)
    _counting: str = ""

    async def rows(self) -> dict[str, int]:
        """Rows of every table."""
        async with self.database.unscoped() as session:
            if not self._counting:
                self._counting = await session.scalar(_ROW_COUNTS)
            return {row["name"]: row["rows"] for row in await session.fetch(self._counting)}

    async def send(
        self,
        route: Route,
        attack: str,
        *,
        target: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send one request to a route, and note what is wrong with its answer."""
        if content is None and route.body_schema is not None:
            content = orjson.dumps(route.sample_body())
        sent = {b"content-type": b"application/json", b"if-match": b"*"}
        sent |= {name.lower().encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
        answer = await self.client.request(route.method, target or target_of(route), content=content, headers=sent)
        for fault in faults_of(answer):
            self.note(route, attack, f"{fault}: {answer.status_code} {answer.text[:200]}")
        return answer

    def note(self, route: Route, attack: str, what: str) -> None:
        self.faults.append(f"{route} [{attack[:60]}] {what}")


def target_of(route: Route, **instead: str) -> str:
    """The address of a route with sample parameters, some of them replaced (already encoded)."""
    path, query = route.path, []
    for one in route.parameters("path"):
        path = path.replace(f"{{{one.name}}}", instead.get(one.name) or quote(str(route.sample(one.schema))))
    for one in route.parameters("query"):
        if one.name in instead:
            query.append(f"{one.name}={instead[one.name]}")
        elif one.required:
            query.append(f"{one.name}={quote(str(route.sample(one.schema)))}")
    return path + ("?" + "&".join(query) if query else "")


def faults_of(answer: httpx2.Response) -> list[str]:
    """What is wrong with an answer, whatever was asked."""
    if answer.status_code >= 500:
        return ["a fault of ours"]
    if answer.status_code < 400:
        return []
    if answer.headers.get("content-type") != MEDIA_TYPE:
        return ["not a problem document"]
    problem = answer.json()
    found = []
    if not problem["type"].startswith(TYPE_PREFIX) or problem["status"] != answer.status_code:
        found.append("not a whole problem document")
    if not (problem["title"] and problem["title_th"]):
        found.append("not in both languages")
    if MARK in answer.text:
        found.append("repeats what was sent")
    if answer.status_code == 422 and not problem.get("fields") and problem["type"] not in _NO_FIELD:
        found.append("names no field")
    return found


_NO_FIELD = {TYPE_PREFIX + "idempotency-key-reused"}


@pytest_asyncio.fixture(params=SERVICES)
async def attack(request: pytest.FixtureRequest, client_of: ClientOf, database_of: DatabaseOf) -> AsyncIterator[Attack]:
    """An attack on each service; what it found is asserted when the test has ended."""
    service: str = request.param
    nobody = await client_of(service, areas=["TH"])
    scopes = set()
    for route in routes_of(service):
        answer = await nobody.request(route.method, target_of(route), json={})
        assert answer.status_code == 403, f"{route} needs no scope: {answer.text}"
        scopes.update(answer.headers["www-authenticate"].rpartition('scope="')[2].rstrip('"').split())
    client = await client_of(service, scopes=" ".join(sorted(scopes)), areas=["TH"])
    under_attack = Attack(service, client, await database_of(service))
    yield under_attack
    assert not under_attack.faults, "\n".join([f"{len(under_attack.faults)} faults", *under_attack.faults[:40]])


# --- who calls -------------------------------------------------------------------------------------------------------


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def _with_shared_secret(issuer: TokenIssuer, claims: Mapping[str, Any]) -> str:
    """Signed with the public key as if it were a shared secret."""
    secret = issuer.key.public_key().public_numbers().n.to_bytes(256, "big")
    text = f"{_segment({'alg': 'HS256', 'kid': KEY_ID, 'typ': 'JWT'})}.{_segment(claims)}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def bad_tokens(issuer: TokenIssuer, service: str) -> dict[str, str]:
    """Tokens that let nobody in, by what is wrong with them."""
    now = int(time.time())
    claims = {
        "iss": issuer.url, "sub": MARK, "aud": f"plodnee-{service}", "exp": now + 3600, "areas": ["TH"], "scope": "",
    }  # fmt: skip
    other = next(name for name in SERVICES if name != service)
    nested = base64.urlsafe_b64encode(b'{"alg":' + b"[" * DEPTH).decode().rstrip("=")
    good = issuer.token(areas=["TH"])
    return {
        "expired": issuer.token(areas=["TH"], lifetime_seconds=-60),
        "of another service": issuer.token(areas=["TH"], aud=[f"plodnee-{other}"]),
        "of another issuer": issuer.token(areas=["TH"], iss="https://sign-in.invalid"),
        "not yet": issuer.token(areas=["TH"], nbf=now + 3600),
        "for ever": issuer.token(areas=["TH"], exp=None),
        "alg none": f"{_segment({'alg': 'none', 'typ': 'JWT', 'kid': KEY_ID})}.{_segment(claims)}.",
        "public key as secret": _with_shared_secret(issuer, claims),
        "unknown key": jwt.encode(claims, issuer.key, algorithm="RS256", headers={"kid": MARK, "typ": "JWT"}),
        "no key named": jwt.encode(claims, issuer.key, algorithm="RS256", headers={"typ": "JWT"}),
        "refresh token": issuer.token(areas=["TH"], typ="Refresh"),
        "areas of another kind": jwt.encode(
            {**claims, "areas": "TH"}, issuer.key, algorithm="RS256", headers={"kid": KEY_ID, "typ": "JWT"}
        ),
        "altered": good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8),
        "nested header": f"{nested}.e30.x",
        "endless": "x" * 20_000,
        "no token at all": MARK,
        "two dots": "..",
    }


_ON_EVERY_ROUTE = ("expired", "of another service", "alg none", "unknown key", "nested header")


async def test_every_route_lets_nobody_in_without_a_good_token(attack: Attack, token_issuer: TokenIssuer) -> None:
    before = await attack.rows()
    tokens = {name: f"Bearer {token}" for name, token in bad_tokens(token_issuer, attack.service).items()}
    tokens |= {scheme: scheme for scheme in ("Bearer", "Basic eDp5", f"Negotiate {MARK}", "")}
    first, *others = routes_of(attack.service)
    asked = [(first, name) for name in tokens]
    asked += [(route, name) for route in others for name in (*_ON_EVERY_ROUTE, "")]
    for route, name in asked:
        answer = await attack.send(route, name, headers={"authorization": tokens[name]})
        if answer.status_code != 401 or "www-authenticate" not in answer.headers:
            attack.note(route, name, f"answered {answer.status_code}")
    assert await attack.rows() == before


# --- what is sent ----------------------------------------------------------------------------------------------------

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"a":',
    "not UTF-8": b'{"a": "\xe0\xb8"}',
    "Thai code page": '{"a": "สหกรณ์"}'.encode("cp874"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "nested lists": b"[" * DEPTH + b"]" * DEPTH,
    "nested objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "endless number": b"9" * 5000,
    "NaN": b"NaN",
    "a list": b"[]",
    "a text": b'"zqmarkqz"',
    "null": b"null",
    "a field nobody asked for": '{"คุณ zqmarkqz": "zqmarkqz"}'.encode(),
    "10 MB": b'{"a": "' + b"x" * BODY_BYTES + b'"}',
}


async def test_every_body_that_cannot_be_read_is_refused_by_field(attack: Attack) -> None:
    before = await attack.rows()
    for route in [route for route in routes_of(attack.service) if route.body_schema is not None]:
        for name, content in BODIES.items():
            answer = await attack.send(route, name, content=content)
            wanted = 413 if len(content) >= BODY_BYTES else 422
            if answer.status_code != wanted:
                attack.note(route, name, f"answered {answer.status_code}")
    assert await attack.rows() == before


# Values that a field of a kind must refuse, as they stand in the JSON text.
_NEVER = {
    "nested": b"[" * DEPTH + b"]" * DEPTH,
    "endless number": b"9" * 5000,
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "1e400": b"1e400",
    "an object": b'{"zqmarkqz": 1}',
    "half a surrogate": b'"zqmarkqz\\ud800"',
}
_TEXT = {
    "NUL": b'"zqmarkqz\\u0000"',
    "escape sequence": b'"zqmarkqz\\u001b[31m"',
    "20,000 characters": b'"' + MARK.encode() * 2500 + b'"',
    "true": b"true",
    "a number": b"7",
}
_DATE = {
    "Buddhist year": b'"2566-09-30"',
    "year 0066": b'"0066-09-30"',
    "Thai digits": '"๒๐๒๒-๐๙-๓๐"'.encode(),
    "as files write it": b'"30/09/2565"',
    "no such day": b'"2022-02-30"',
    "a time": b'"2022-09-30T00:00:00Z"',
    "a number": b"0",
    "text": b'"zqmarkqz"',
}
_NUMBER = {"text": b'"zqmarkqz"', "NaN as text": b'"NaN"', "Infinity as text": b'"Infinity"', "huge": b"1" + b"0" * 40}
KINDS: dict[str, dict[str, bytes]] = {
    "money": {
        "three decimals": b'"1.234"',
        "NaN as text": b'"NaN"',
        "Infinity as text": b'"Infinity"',
        "exponent": b'"1e5"',
        "a number": b"100",
        "beyond all money": b'"99999999999999999.00"',
        "misplaced comma": b'"1,23.00"',
        "empty": b'""',
    },
    "rate": {"NaN as text": b'"NaN"', "negative": b'"-0.05"', "percent": b'"8.5"', "seven places": b'"0.0000001"'},
    "period rate": {"NaN": b'"NaN"', "negative": b'"-0.05"', "percent": b'"8.5"', "13 places": b'"0.0000000000001"'},
    "date": _DATE,
    "uuid": {"text": b'"zqmarkqz"', "NUL": b'"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\\u0000"', "a number": b"7"},
    "text": _TEXT,
    "integer": {**_NUMBER, "a part": b"1.5", "Thai text": '"สิบ"'.encode()},
    "number": _NUMBER,
    "boolean": {"text": b'"zqmarkqz"', "a number": b"7"},
    "array": {"text": b'"zqmarkqz"', "a number": b"7"},
    "object": {"text": b'"zqmarkqz"', "a number": b"7"},
}


def kind_of(parameter: Parameter) -> str:
    """The kind whose hostile values suit a field."""
    schema = parameter.schema
    if schema.get("format") in ("date", "uuid"):
        return str(schema["format"])
    pattern = schema.get("pattern", "")
    if pattern.startswith("^-?"):
        return "money"
    if parameter.name.endswith("_rate"):
        return "period rate" if parameter.name == "period_rate" else "rate"
    return "text" if schema.get("type") == "string" else str(schema["type"])


def with_value(body: Any, path: tuple[str | int, ...], value: bytes) -> bytes:
    """A body as JSON with one value replaced by a raw text."""
    changed = orjson.loads(orjson.dumps(body))
    part = changed
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = "@@value@@"
    return orjson.dumps(changed).replace(b'"@@value@@"', value)


async def test_every_field_that_is_at_fault_is_named(attack: Attack) -> None:
    before = await attack.rows()
    for route in [route for route in routes_of(attack.service) if route.body_schema is not None]:
        body = route.sample_body()
        for one in route.fields():
            where = ".".join(map(str, one.path))
            for name, value in (KINDS[kind_of(one)] | _NEVER).items():
                answer = await attack.send(route, f"{where}: {name}", content=with_value(body, one.path, value))
                if answer.status_code != 422:
                    attack.note(route, f"{where}: {name}", f"answered {answer.status_code}")
                elif name not in _BODY_AT_FAULT and not any(
                    wrong["field"].startswith(where) for wrong in answer.json()["fields"]
                ):
                    attack.note(route, f"{where}: {name}", f"names another field: {answer.text[:200]}")
    assert await attack.rows() == before


_BODY_AT_FAULT = ("nested", "endless number")  # no JSON reader takes them: the body as a whole cannot be read

PARAMETERS = {
    "NUL": "%00",
    "NUL at the end": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b%00",
    "10 kB": MARK * 1250,
    "another path": "..%2f..%2fetc%2fpasswd",
    "a header": "zqmarkqz%0d%0aSet-Cookie:%20a=b",
    "not UTF-8": "%ff%fe",
    "half a surrogate": "%ED%A0%80",
    "Thai digits": "%E0%B9%91%E0%B9%92",
    "a quotation": "%27%3B%20drop%20table%20member%3B--",
    "beyond every integer": "9" * 400,
    "NaN": "NaN",
    "negative": "-1",
    "Buddhist year": "2566-09-30",
    "year 0066": "0066-09-30",
    "nothing": "",
}
_NEVER_A_PARAMETER = {"NUL", "NUL at the end", "10 kB"}
_NEVER_A_DAY = {"Buddhist year", "year 0066", "NaN", "negative", "nothing", "Thai digits"}


async def test_every_parameter_that_is_at_fault_is_named(attack: Attack) -> None:
    before = await attack.rows()
    for route in routes_of(attack.service):
        for one in route.parameters("path") + route.parameters("query"):
            for name, value in PARAMETERS.items():
                answer = await attack.send(route, f"{one.name}: {name}", target=target_of(route, **{one.name: value}))
                never = name in _NEVER_A_PARAMETER or (one.schema.get("format") == "date" and name in _NEVER_A_DAY)
                if "set-cookie" in answer.headers:
                    attack.note(route, f"{one.name}: {name}", "the answer's headers are the sender's")
                if never and answer.status_code not in (404, 422):
                    attack.note(route, f"{one.name}: {name}", f"answered {answer.status_code}")
    after = await attack.rows()
    del before["public.access_log"], after["public.access_log"]  # what makes sense is read, and the reading logged
    assert after == before


HEADERS = {
    "If-Match": ("zqmarkqz" * 1000, "\xff"),
    "Idempotency-Key": (" ", "\xff" * 201),
    "X-Request-Id": ("zqmarkqz zqmarkqz", "\xff"),
    "Content-Type": ("multipart/form-data; boundary=zqmarkqz", "\xff"),
    "Content-Encoding": ("gzip",),
}


async def test_every_header_that_makes_no_sense_is_harmless(attack: Attack) -> None:
    for route in routes_of(attack.service):
        for name, values in HEADERS.items():
            for value in values:
                answer = await attack.send(route, f"{name}: {value}", headers={name: value})
                if MARK in str(answer.headers):
                    attack.note(route, f"{name}: {value}", "stands in the answer's headers")
                if name == "Idempotency-Key" and route.takes_key and answer.status_code != 400:
                    attack.note(route, f"{name}: {value}", f"answered {answer.status_code}")
