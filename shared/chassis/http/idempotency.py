"""A repeated request repeats its answer, not its effect.

``APIRouter(route_class=IdempotentRoute)`` makes every POST that has a ``Writing`` session take the header
``Idempotency-Key``. The key belongs to the caller (client and subject) and the route. The row is inserted before the
route's own work and completed with the sealed answer after it, in the request's transaction: an equal request that
comes meanwhile waits at the unique key, then repeats the answer; what is rolled back leaves no key behind.

The route class does this rather than middleware, because it sees the finished answer before the function-scoped
commit; middleware runs after it. A route that reads its own body (an upload) marks its function with
:func:`hashes_its_own_body` and calls :func:`find_answer` and :func:`keep_answer` itself.
"""

import functools
import hashlib
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Final, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute

from shared.chassis.database import WriteSession
from shared.chassis.http.problems import (
    AnswerOutOfSight,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    Refused,
    problem_responses,
)
from shared.chassis.http.runtime import Runtime, runtime_of
from shared.chassis.http.sealing import NotSealedHere
from shared.chassis.http.sessions import writing

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
KEY_CHARACTERS_MAX: Final = 200

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_KEY_PARAMETER: Final = {
    "name": KEY_HEADER,
    "in": "header",
    "required": True,
    "description": "Your own id of this act. The same key with the same input repeats the answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX},
}


@dataclass(frozen=True)
class Claim:
    """One request's key, and what it must be equal to."""

    caller: str
    route: str
    key: str
    input_hash: bytes

    @property
    def context(self) -> str:
        """What a stored answer is sealed to: a row moved elsewhere does not open."""
        return f"{self.caller}\n{self.route}\n{self.key}"


@dataclass
class _Pending:
    """A request under way: its claim is known once every dependency has been found good."""

    request: Request
    claim: Claim | None = None


_pending: ContextVar[_Pending] = ContextVar("idempotency_pending")


def hashes_its_own_body(function: FunctionT) -> FunctionT:
    """Mark a route function that streams its body and claims the key itself, once it knows the body's hash."""
    function.hashes_its_own_body = True  # type: ignore[attr-defined]
    return function


class IdempotentRoute(APIRoute):
    """A route whose POST, when it writes, takes ``Idempotency-Key``."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # Set first: the base class asks for the handler while it is being made.
        posts = "POST" in (options.get("methods") or ())
        self._takes_key = posts and _has_dependency(get_dependant(path=path, call=endpoint), writing)
        self._own_hash = getattr(endpoint, "hashes_its_own_body", False)
        if self._takes_key:
            extra = dict(options.get("openapi_extra") or {})
            options["openapi_extra"] = extra | {"parameters": [*extra.get("parameters", ()), _KEY_PARAMETER]}
            options["responses"] = problem_responses(IdempotencyKeyRequired, Refused, AnswerOutOfSight) | (
                options.get("responses") or {}
            )
            if not iscoroutinefunction(endpoint):
                raise TypeError(f"{path}: a route that writes is an async function")
            if not self._own_hash:
                endpoint = _claiming(endpoint)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not self._takes_key:
            return handle

        async def handle_once(request: Request) -> Response:
            key_of(request)  # refused before any work
            if self._own_hash:
                return await handle(request)
            pending = _Pending(request)
            token = _pending.set(pending)
            try:
                response = await handle(request)
                if pending.claim is not None:
                    await keep_answer(request.state.write_session, runtime_of(request), pending.claim, response)
                return response
            finally:
                _pending.reset(token)

        return handle_once


def _claiming(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The route function behind the claim; it runs when session, scopes and input have all been found good."""

    @functools.wraps(endpoint)
    async def claim_and_run(*positional: Any, **named: Any) -> Any:
        pending = _pending.get()
        request = pending.request
        claim = make_claim(request, input_hash_of(request, hashlib.sha256(await request.body()).digest()))
        answer = await find_answer(request.state.write_session, runtime_of(request), claim)
        if answer is not None:
            return answer
        pending.claim = claim
        return await endpoint(*positional, **named)

    return claim_and_run


def key_of(request: Request) -> str:
    """The request's Idempotency-Key; raises IdempotencyKeyRequired when it is missing or too long."""
    key = request.headers.get(KEY_HEADER, "").strip()
    if not key or len(key) > KEY_CHARACTERS_MAX:
        raise IdempotencyKeyRequired(
            f"{KEY_HEADER} must hold 1 to {KEY_CHARACTERS_MAX} characters that name this act",
            f"{KEY_HEADER} ต้องมี 1 ถึง {KEY_CHARACTERS_MAX} อักขระที่ระบุรายการนี้",
        )
    return key


def make_claim(request: Request, input_hash: bytes) -> Claim:
    """The claim of a request (whose ``Writing`` session is open) with this input (see :func:`input_hash_of`)."""
    route, caller = request.scope["route"], request.state.caller
    return Claim(
        caller=f"{caller.client_id}|{caller.subject}",
        route=f"{request.method} {route.path_format}",
        key=key_of(request),
        input_hash=input_hash,
    )


def input_hash_of(request: Request, body_hash: bytes) -> bytes:
    """The hash of everything that decides the effect: path, query and the body's own SHA-256."""
    target = f"{request.url.path}?{request.url.query}".encode()
    return hashlib.sha256(target + b"\n" + body_hash).digest()


async def find_answer(session: WriteSession, runtime: Runtime, claim: Claim) -> Response | None:
    """Take the key for this request, or give the answer that was kept for it.

    Waits while an equal request is under way.

    Returns:
        The kept answer, marked as replayed; None when the key is now this request's.

    Raises:
        IdempotencyKeyReused: the key was used for another input.
        AnswerOutOfSight: the answer was sealed before the session key was changed.
    """
    taken = await session.execute(
        """
        insert into idempotency_key (caller, route, key, input_hash) values (:caller, :route, :key, :input_hash)
        on conflict (caller, route, key) do update
           set input_hash = excluded.input_hash, status = null, headers = null, body = null, created_at = now()
         where idempotency_key.created_at < now() - make_interval(hours => :kept_hours)
        """,
        caller=claim.caller,
        route=claim.route,
        key=claim.key,
        input_hash=claim.input_hash,
        kept_hours=runtime.settings.idempotency_kept_hours,
    )
    if taken:
        return None
    kept = await session.fetch_one(
        """
        select input_hash, status, headers, body from idempotency_key
         where caller = :caller and route = :route and key = :key
        """,
        caller=claim.caller,
        route=claim.route,
        key=claim.key,
    )
    if kept is None or kept["input_hash"] != claim.input_hash or kept["status"] is None:
        raise IdempotencyKeyReused
    try:
        body = runtime.answers.unseal(kept["body"], claim.context)
    except NotSealedHere:
        raise AnswerOutOfSight from None
    response = Response(body, status_code=kept["status"])
    response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept["headers"]]
    response.raw_headers.append((REPLAYED_HEADER.lower().encode(), b"true"))
    return response


async def keep_answer(session: WriteSession, runtime: Runtime, claim: Claim, response: Response) -> None:
    """Keep the finished answer with the key that :func:`find_answer` took, in the same transaction.

    Raises:
        TypeError: the answer is a stream, which cannot be kept: a fault of the route.
    """
    body = getattr(response, "body", None)
    if not isinstance(body, bytes):
        raise TypeError(f"the answer of {claim.route} is a stream and cannot be repeated")
    await session.execute(
        """
        update idempotency_key set status = :status, headers = cast(:headers as jsonb), body = :body
         where caller = :caller and route = :route and key = :key
        """,
        status=response.status_code,
        headers=orjson.dumps(_kept_headers(response.raw_headers)).decode(),
        body=runtime.answers.seal(body, claim.context),
        caller=claim.caller,
        route=claim.route,
        key=claim.key,
    )


def _kept_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name.lower() not in (b"content-length", b"set-cookie")
    ]


async def delete_expired_answers(session: WriteSession, kept_hours: int) -> int:
    """Delete what is past its time, as the worker's housekeeping does; returns how many were."""
    return await session.execute(
        "delete from idempotency_key where created_at < now() - make_interval(hours => :kept_hours)",
        kept_hours=kept_hours,
    )


def _has_dependency(dependant: Dependant, call: Callable[..., Any]) -> bool:
    return any(part.call is call or _has_dependency(part, call) for part in dependant.dependencies)
