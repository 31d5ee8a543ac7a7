"""Sending files, and seeing what became of them."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.responses import StreamingResponse

from shared.chassis.auth.caller import Caller, require
from shared.chassis.feeds import repository, service
from shared.chassis.feeds.kinds import FeedKind
from shared.chassis.feeds.messages import row_message
from shared.chassis.feeds.schemas import DeliveryDocument, KindDocument, WaitingRow, document_of, kind_document
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.idempotency import IdempotentRoute, hashes_its_own_body
from shared.chassis.http.inputs import Text
from shared.chassis.http.pagination import Page, PageParameters, page_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.runtime import Runtime, runtime_of
from shared.chassis.http.sessions import Reading, SlowPlace, Writing
from shared.chassis.jobs import as_caller
from shared.kernel.errors import NotFound

FeedSender = Annotated[Caller, Security(require("feed:write"))]

CSV_TYPE = "text/csv"
NDJSON_TYPE = "application/x-ndjson"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_REJECTS_PAGE_ROWS = 5_000
_NO_ROUTE_BOUND_BYTES = 2**40  # the bound that counts is the setting's, which is known when the request comes
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            CSV_TYPE: {"schema": {"type": "string", "description": "UTF-8, comma separated, headings in row 1"}},
            NDJSON_TYPE: {
                "schema": {
                    "type": "string",
                    "description": "UTF-8, a JSON object a line, its fields named as the columns of the kind; "
                    "values are text, numbers or null, and null or a field left out is an empty cell",
                }
            },
            XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def feed_router(kinds: Sequence[FeedKind]) -> APIRouter:
    """The routes of a service's feeds."""
    router = APIRouter(route_class=IdempotentRoute, tags=["feeds"])
    by_name = {kind.name: kind for kind in kinds}

    @router.get("/feed-kinds")
    async def list_kinds(_caller: FeedSender) -> list[KindDocument]:
        """The kinds of file this service takes, with their columns."""
        return [kind_document(kind) for kind in kinds]

    @router.post(
        "/feed-deliveries",
        status_code=202,
        response_model=DeliveryDocument,
        responses=problem_responses(415),
        openapi_extra=_BODY,
        max_body_size=_NO_ROUTE_BOUND_BYTES,
    )
    @hashes_its_own_body
    async def send(
        request: Request,
        caller: FeedSender,
        _place: SlowPlace,  # before the session, which holds a connection
        session: Writing,
        kind: Annotated[Text, Query(description="One of GET /feed-kinds.")],
        as_of: Annotated[
            HappenedOn, Query(description="The day the figures stand for; an older day never overwrites.")
        ],
    ) -> Response:
        """Send a file; a job takes it in."""
        return await service.receive(request, session, caller, service.kind_named(by_name, kind), as_of)

    _add_reading_routes(router)
    return router


def _add_reading_routes(router: APIRouter) -> None:
    @router.get("/feed-deliveries")
    async def list_sent(
        request: Request,
        caller: FeedSender,
        session: Reading,
        page: PageParameters,
        kind: Annotated[Text | None, Query(max_length=60)] = None,
    ) -> Page[DeliveryDocument]:
        """The caller's deliveries, the newest first."""
        await as_caller(session, caller.subject)
        after = page.after(UUID)
        rows = await repository.list_deliveries(
            session, kind, after[0] if after else None, page.fetch_limit, _days_max(request)
        )
        return page_of(rows, page, lambda row: (str(row["id"]),), document_of)

    @router.get("/feed-deliveries/{delivery_id}", responses=problem_responses(404))
    async def get_sent(request: Request, caller: FeedSender, session: Reading, delivery_id: UUID) -> DeliveryDocument:
        """What became of a file."""
        return await _delivery_in_sight(request, session, caller, delivery_id)

    @router.get("/feed-deliveries/{delivery_id}/rows", responses=problem_responses(404))
    async def list_rows(
        request: Request,
        caller: FeedSender,
        session: Reading,
        page: PageParameters,
        delivery_id: UUID,
        status: Literal["waiting"] = "waiting",
    ) -> Page[WaitingRow]:
        """The rows that wait."""
        delivery = await _delivery_in_sight(request, session, caller, delivery_id)
        after = page.after(int)
        rows = await repository.list_waiting(session, delivery_id, after[0] if after else 0, page.fetch_limit)
        return page_of(
            rows,
            page,
            lambda row: (row["row_number"],),
            lambda row: WaitingRow(
                row=row["row_number"], waiting_for=row["waiting_for"], waiting_until=delivery.waiting_until
            ),
        )

    @router.get(
        "/feed-deliveries/{delivery_id}/rejects",
        response_class=StreamingResponse,
        responses={200: {"content": {CSV_TYPE: {"schema": {"type": "string"}}}}, **problem_responses(404)},
    )
    async def get_rejects(
        request: Request, caller: FeedSender, session: Reading, delivery_id: UUID
    ) -> StreamingResponse:
        """The refused rows as CSV: row, column, code, messages; nothing of what the rows say."""
        await _delivery_in_sight(request, session, caller, delivery_id)
        return StreamingResponse(
            _rejects_csv(runtime_of(request), caller, delivery_id),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="rejects-{delivery_id}.csv"'},
        )


async def _delivery_in_sight(request: Request, session: Reading, caller: Caller, delivery_id: UUID) -> DeliveryDocument:
    await as_caller(session, caller.subject)
    row = await repository.get_delivery(session, delivery_id, _days_max(request))
    if row is None:
        raise NotFound
    return document_of(row)


async def _rejects_csv(runtime: Runtime, caller: Caller, delivery_id: UUID) -> AsyncIterator[bytes]:
    """A page after the other, each in a transaction of its own, since a reader may be slow."""
    yield b"\xef\xbb\xbfrow,column,code,message_en,message_th\n"
    after = (0, "", "")
    while True:
        async with runtime.database.read(caller.reach) as session:
            await as_caller(session, caller.subject)
            rows = await repository.list_rejects(session, delivery_id, after, _REJECTS_PAGE_ROWS)
        if not rows:
            return
        page = io.StringIO()
        writer = csv.writer(page, lineterminator="\n")
        for row in rows:
            message = row_message(row["code"])
            writer.writerow((row["row_number"], row["column_name"], row["code"], message.en, message.th))
        yield page.getvalue().encode()
        last = rows[-1]
        after = (last["row_number"], last["column_name"], last["code"])


def _days_max(request: Request) -> int:
    return runtime_of(request).settings.feed_waiting_days_max
