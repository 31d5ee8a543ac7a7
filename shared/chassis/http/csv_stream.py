"""Complete CSV exports of any size in constant memory, with a last line that proves they are whole.

PostgreSQL writes the CSV itself (COPY), so Python only passes chunks on. The stream opens its own read session: the
request's is closed before the answer starts. A download that was cut has no last line; one that was altered does not
match its checksum.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from fastapi import Request
from starlette.responses import StreamingResponse

from shared.chassis.http.runtime import runtime_of
from shared.chassis.reach import Reach

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads Thai as Latin
_CHUNK_BYTES = 65_536
_CHUNKS_WAITING_MAX = 4

_FORMULA = r"^[=+@\t\r＝＋＠－-]"  # what a spreadsheet takes for the beginning of a formula, in either width

_Producer: TypeAlias = Callable[[asyncio.Queue[bytes | None]], Awaitable[int]]


def csv_stream(request: Request, reach: Reach, sql: str, *arguments: Any, filename: str) -> StreamingResponse:
    """The answer that streams a query as CSV: a byte-order mark, a heading, the rows, then ``# rows=<n> sha256=<hex>``.

    The checksum covers every byte before the last line, the byte-order mark included.

    Args:
        request: the request, for the service's database.
        reach: the caller's; row-level security applies to the query.
        sql: a SELECT whose column names are the headings; values as ``$1, $2 …``. Money is made decimal in it, and text
            that others wrote is put through :func:`csv_text`.
        arguments: the values.
        filename: offered for saving; ASCII.
    """
    runtime = runtime_of(request)
    # An export outlasts the bound of an ordinary request; the worker's bound holds instead, in the driver too.
    timeout_ms = runtime.settings.statement_timeout_worker_ms

    async def produce(chunks: asyncio.Queue[bytes | None]) -> int:
        try:
            async with runtime.database.read(reach) as session:
                await session.scalar("select set_config('statement_timeout', :timeout, true)", timeout=str(timeout_ms))
                connection = await session.raw()
                status = await connection.copy_from_query(
                    sql, *arguments, output=chunks.put, format="csv", header=True, timeout=timeout_ms / 1000
                )
        except Exception:
            await chunks.put(None)  # wakes the answer, which then finds this error
            raise
        await chunks.put(None)
        return int(status.split()[1])

    return StreamingResponse(
        _with_last_line(produce),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def csv_text(expression: str, name: str) -> str:
    """The SQL of a text column of an export. Somebody else's text must not become a formula in the reader's
    spreadsheet: one that would is shown behind an apostrophe."""
    return f"case when {expression} ~ '{_FORMULA}' then '''' || {expression} else {expression} end as {name}"


async def _with_last_line(produce: _Producer) -> AsyncIterator[bytes]:
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS_WAITING_MAX)
    producer = asyncio.ensure_future(produce(chunks))
    digest = hashlib.sha256(BYTE_ORDER_MARK)
    gathered = bytearray(BYTE_ORDER_MARK)
    try:
        while (chunk := await chunks.get()) is not None:
            digest.update(chunk)
            gathered += chunk
            if len(gathered) >= _CHUNK_BYTES:
                yield bytes(gathered)
                gathered.clear()
        rows = await producer
        yield bytes(gathered) + f"# rows={rows} sha256={digest.hexdigest()}\n".encode()
    finally:
        # The reader may have gone: the query ends with him.
        producer.cancel()
        await asyncio.wait({producer})
