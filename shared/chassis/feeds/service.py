"""Taking in a file over HTTP: streamed into the database in pieces, hashed on the way, queued in one transaction."""

import hashlib
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.chassis.auth.caller import Caller
from shared.chassis.database import WriteSession
from shared.chassis.feeds import repository
from shared.chassis.feeds.delivery import enqueue_delivery
from shared.chassis.feeds.kinds import FeedKind
from shared.chassis.feeds.schemas import document_of
from shared.chassis.http.idempotency import find_answer, input_hash_of, keep_answer, make_claim
from shared.chassis.http.runtime import runtime_of
from shared.chassis.jobs import as_caller
from shared.kernel.errors import FieldProblem, Invalid, NotFound
from shared.kernel.identifiers import uuid7

PART_BYTES = 1024 * 1024
_FORMATS = {
    "text/csv": "csv",
    "application/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


class _Repeated(Exception):
    """The same request was answered before; what this one has stored so far is undone."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


def kind_named(kinds: Mapping[str, FeedKind], name: str) -> FeedKind:
    """The kind of file; raises Invalid naming those there are."""
    if name in kinds:
        return kinds[name]
    known = ", ".join(kinds)
    raise Invalid(fields=[FieldProblem("kind", "unknown_kind", f"One of: {known}", f"ต้องเป็นค่าใดค่าหนึ่งของ {known}")])


async def receive(request: Request, session: WriteSession, caller: Caller, kind: FeedKind, as_of: date) -> Response:
    """Store the body, make the delivery, queue its job, and answer 202; a repeated request repeats its answer.

    Raises:
        HTTPException: 415 for another content type, 413 for a body above the bound.
    """
    try:
        # A savepoint: a repeated request must leave nothing, although its body is known only when it is stored.
        async with session.savepoint():
            return await _receive_once(request, session, caller, kind, as_of)
    except _Repeated as repeated:
        return repeated.answer


async def _receive_once(
    request: Request, session: WriteSession, caller: Caller, kind: FeedKind, as_of: date
) -> Response:
    runtime = runtime_of(request)
    delivery_id = uuid7()
    file_format = _file_format(request)
    await repository.allow_long_pauses(session)
    file_bytes, sha256 = await _store_body(request, session, delivery_id, runtime.settings.upload_body_bytes_max)
    claim = make_claim(request, input_hash_of(request, sha256 + file_format.encode()))
    answer = await find_answer(session, runtime, claim)
    if answer is not None:
        raise _Repeated(answer)
    await as_caller(session, caller.subject)
    await repository.store_delivery(
        session,
        {
            "id": delivery_id,
            "kind": kind.name,
            "as_of": as_of,
            "requested_by": caller.subject,
            "reach": caller.reach.to_json(),
            "file_format": file_format,
            "file_bytes": file_bytes,
            "file_sha256": sha256,
            "job_id": await enqueue_delivery(session, delivery_id, kind.name, caller.subject),
        },
    )
    row = await repository.get_delivery(session, delivery_id, runtime.settings.feed_waiting_days_max)
    if row is None:
        raise NotFound
    location = f"{runtime.service.prefix}/feed-deliveries/{delivery_id}"
    document = document_of(row).model_dump(mode="json")
    response = JSONResponse(document, status_code=202, headers={"Location": location})
    await keep_answer(session, runtime, claim, response)
    return response


def _file_format(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        raise HTTPException(415)
    return _FORMATS[media_type]


async def _store_body(request: Request, session: WriteSession, delivery_id: UUID, bytes_max: int) -> tuple[int, bytes]:
    """Store the body in parts; returns its size and SHA-256."""
    if int(request.headers.get("content-length") or 0) > bytes_max:
        raise HTTPException(413)
    digest, size, part = hashlib.sha256(), 0, 0
    gathered = bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise HTTPException(413)
        digest.update(chunk)
        gathered += chunk
        while len(gathered) >= PART_BYTES:
            await repository.store_part(session, delivery_id, part, bytes(gathered[:PART_BYTES]))
            del gathered[:PART_BYTES]
            part += 1
    if gathered or part == 0:
        await repository.store_part(session, delivery_id, part, bytes(gathered))
    return size, digest.digest()
