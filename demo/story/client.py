"""The story's HTTP clients: one per persona or partner's system, each with a real token of its own.

All share one connection pool and one bound on requests under way. Every POST carries an Idempotency-Key made of who
acts, where, and which step of the story it is: a story that is told again on the same data repeats the answers and not
the effects. That is also why a request that may or may not have arrived can simply be sent again.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from shared.embedded.identity.client import SignInFailed, Tokens, sign_in, sign_in_system
from shared.kernel.identifiers import derived_id

T = TypeVar("T")

REQUESTS_AT_ONCE = 8
REQUEST_SECONDS_MAX = 60.0
ATTEMPTS_MAX = 20  # over a minute: a database that was killed on a busy machine is back by then
PAUSE_SECONDS_FIRST = 0.2
PAUSE_SECONDS_MAX = 5.0
TOKEN_SPARE_SECONDS = 60.0
PAGE_ROWS = 500
POLL_SECONDS_FIRST = 0.05
POLL_SECONDS_MAX = 0.5
WAIT_SECONDS_MAX = 180.0

BUSY = frozenset({429, 503})
"""Answers after which the same request is sent again."""

Parameters = Mapping[str, str | int]


class StoryFailed(Exception):
    """A step was refused or did not come to its end; the message says which, and what the service answered."""


@dataclass(frozen=True)
class Access:
    """Where the suite answers and how partners' systems sign in there.

    Attributes:
        base_url: of the five services.
        issuer_url: of the identity provider.
        secrets: of the partners' systems, by client id. Everybody else signs in through the login page.
    """

    base_url: str
    issuer_url: str
    secrets: Mapping[str, str]


class Wire:
    """The pool behind all clients, and the bound on requests under way. Use :func:`open_wire`."""

    def __init__(self, access: Access, http: httpx2.AsyncClient) -> None:
        self.access = access
        self.http = http
        self._places = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._callers: dict[str, Caller] = {}

    def as_(self, name: str) -> "Caller":
        """The client of a persona (``chief``) or of a partner's system (``coop-core``)."""
        return self._callers.setdefault(name, Caller(self, name))

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, again while the suite is busy or does not answer.

        Raises:
            StoryFailed: it never answered.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                async with self._places:
                    response = await self.http.send(request)
            except httpx2.TransportError as error:
                if attempt == ATTEMPTS_MAX:
                    target = f"{request.method} {request.url.raw_path.decode()}"
                    raise StoryFailed(f"{target} got no answer: {type(error).__name__} {error}") from error
                await asyncio.sleep(_pause_seconds(attempt))
                continue
            if response.status_code not in BUSY or attempt == ATTEMPTS_MAX:
                return response
            await asyncio.sleep(_asked_pause_seconds(response) or _pause_seconds(attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def is_ready(self) -> bool | None:
        """True when every service of the suite says that it can work; None while it does not."""
        try:
            response = await self.http.get("/readyz")
        except httpx2.TransportError:
            return None
        return True if response.is_success else None

    async def token_of(self, name: str) -> Tokens:
        """A new token; one that gets no answer signs in again from the beginning.

        Raises:
            StoryFailed: the identity provider refused, or never answered.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await self._sign_in(name)
            except SignInFailed as error:
                raise StoryFailed(f"{name} could not sign in: {error}") from error
            except httpx2.TransportError as error:
                if attempt == ATTEMPTS_MAX:
                    raise StoryFailed(f"{name} could not sign in: {type(error).__name__} {error}") from error
                await asyncio.sleep(_pause_seconds(attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _sign_in(self, name: str) -> Tokens:
        secret = self.access.secrets.get(name)
        if secret is not None:
            return await sign_in_system(self.http, self.access.issuer_url, name, secret)
        return await sign_in(self.http, self.access.issuer_url, name)


@asynccontextmanager
async def open_wire(access: Access) -> AsyncIterator[Wire]:
    """The clients of one telling of the story."""
    limits = httpx2.Limits(max_connections=REQUESTS_AT_ONCE + 2, max_keepalive_connections=REQUESTS_AT_ONCE + 2)
    async with httpx2.AsyncClient(
        base_url=access.base_url,
        timeout=httpx2.Timeout(REQUEST_SECONDS_MAX),
        limits=limits,
        trust_env=False,  # the suite is on this machine; a proxy of the environment is not for it
    ) as http:
        yield Wire(access, http)


class Caller:
    """One signed-in persona or system. Paths begin with the service: ``/debt/v1/cases``."""

    def __init__(self, wire: Wire, name: str) -> None:
        self.name = name
        self._wire = wire
        self._tokens: Tokens | None = None
        self._good_until = 0.0
        self._signing_in = asyncio.Lock()

    async def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON of a resource."""
        return (await self.request("GET", path, parameters=parameters)).json()

    async def get_tagged(self, path: str) -> tuple[Any, str]:
        """The JSON of a resource and its ETag."""
        response = await self.request("GET", path)
        return response.json(), response.headers.get("etag", "")

    async def get_text(self, path: str) -> str:
        """A resource that is not JSON."""
        return (await self.request("GET", path)).text

    async def find(self, path: str, **parameters: str | int) -> Any | None:
        """The JSON of a resource, or None where the service answers 404."""
        response = await self._send("GET", path, parameters=parameters)
        if response.status_code == 404:
            return None
        return _accepted(self.name, response).json()

    async def list_all(self, path: str, **parameters: str | int) -> list[Any]:
        """Every item of a list that comes by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            asked = {**parameters, "limit": PAGE_ROWS, **({"cursor": cursor} if cursor else {})}
            page = await self.get(path, **asked)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def post(self, path: str, body: Any = None, *, step: str) -> Any:
        """Act. ``step`` names the act within the story; with caller and path it makes the Idempotency-Key."""
        response = await self.request("POST", path, json=body, headers=self._key(path, step))
        return response.json()

    async def post_file(self, path: str, content: bytes, content_type: str, *, step: str, **parameters: str) -> Any:
        """Send a file."""
        headers = {"Content-Type": content_type, **self._key(path, step)}
        return (await self.request("POST", path, parameters=parameters, content=content, headers=headers)).json()

    async def put(self, path: str, body: Any, *, etag: str | None = None) -> Any:
        """Put a resource in the place of what is there; with its ETag where there is something already."""
        headers = {"If-Match": etag} if etag else {}
        return (await self.request("PUT", path, json=body, headers=headers)).json()

    async def request(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send a request and return its answer; raises StoryFailed, naming problem and fields, when it is refused."""
        response = await self._send(method, path, parameters=parameters, json=json, content=content, headers=headers)
        return _accepted(self.name, response)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        request = self._wire.http.build_request(
            method,
            path,
            params=dict(parameters or {}),
            json=json,
            content=content,
            headers={**(headers or {}), "Authorization": f"Bearer {await self._access_token()}"},
        )
        return await self._wire.send(request)

    def _key(self, path: str, step: str) -> dict[str, str]:
        return {"Idempotency-Key": str(derived_id("story", self.name, path, step))}

    async def _access_token(self) -> str:
        async with self._signing_in:
            if self._tokens is None or time.monotonic() > self._good_until:
                self._tokens = await self._wire.token_of(self.name)
                self._good_until = time.monotonic() + self._tokens.expires_in_seconds - TOKEN_SPARE_SECONDS
            return self._tokens.access_token


async def until(what: str, probe: Callable[[], Awaitable[T | None]], *, seconds_max: float = WAIT_SECONDS_MAX) -> T:
    """Ask a resource that says the truth until it says what is waited for; its answer.

    Args:
        what: is waited for, in words.
        probe: the answer, or None while it is not so yet.
        seconds_max: after which the wait is given up.

    Raises:
        StoryFailed: it did not come about in time.
    """
    deadline = time.monotonic() + seconds_max
    pause = POLL_SECONDS_FIRST
    while True:
        found = await probe()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise StoryFailed(f"waited {seconds_max:.0f} s in vain for {what}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS_MAX)


def _accepted(who: str, response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    target = f"{response.request.method} {response.request.url.raw_path.decode()}"
    raise StoryFailed(f"{who}: {target} answered {response.status_code}: {describe_problem(response)}")


def describe_problem(response: httpx2.Response) -> str:
    """What a refusal says, in one line: type, detail and the fields of a problem+json, else the body's beginning."""
    try:
        problem = response.json()
    except ValueError:
        return response.text[:500]
    if not isinstance(problem, dict) or "type" not in problem:
        return response.text[:500]
    parts = [str(problem["type"]), str(problem.get("detail") or problem.get("title") or "")]
    parts += [f"{field['field']}: {field['code']} ({field['message_en']})" for field in problem.get("fields") or ()]
    if problem.get("request_id"):
        parts.append(f"request {problem['request_id']}")
    return "; ".join(part for part in parts if part)


def _pause_seconds(attempt: int) -> float:
    whole: float = min(PAUSE_SECONDS_FIRST * 2 ** (attempt - 1), PAUSE_SECONDS_MAX)
    return whole * random.uniform(0.5, 1.0)


def _asked_pause_seconds(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), PAUSE_SECONDS_MAX) if text.isdigit() else None
