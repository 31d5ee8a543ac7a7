"""All SQL of deliveries; what a kind marks in its rows is in `marking.py`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.feeds.kinds import Chunk, Delivery, FeedRow
from shared.chassis.feeds.messages import UNKNOWN_BY_WAIT
from shared.chassis.reach import Reach

# Whoever looks for rows that wait holds this lock shared until it commits; the engine takes it alone for a moment
# before it looks again, so that no row starts to wait for a thing that arrived meanwhile.
_WAKE_LOCK = 7_022_118_001
# Rows of a delivery are always locked in the order of their numbers, whoever wakes, applies or rejects them.
_HELD_ROWS = (
    "select row_number from feed_row where delivery_id = :id and status = any(:statuses) order by row_number for update"
)


# --- arrival ---------------------------------------------------------------------------------------------------------


async def store_part(session: WriteSession, delivery_id: UUID, part: int, content: bytes) -> None:
    """One piece of a file."""
    await session.execute(
        "insert into feed_file_part (delivery_id, part, bytes) values (:id, :part, :bytes)",
        id=delivery_id,
        part=part,
        bytes=content,
    )


async def store_delivery(session: WriteSession, row: Mapping[str, Any]) -> None:
    """The delivery itself, when its whole file has come."""
    await session.execute(
        """
        insert into feed_delivery (id, kind, as_of, requested_by, reach, file_format, file_bytes, file_sha256,
                                   job_id)
        values (:id, :kind, :as_of, :requested_by, cast(:reach as jsonb), :file_format, :file_bytes, :file_sha256,
                :job_id)
        """,
        **{**row, "reach": orjson.dumps(row["reach"]).decode()},
    )


_SHOWN = """
    select d.id, d.kind, d.as_of, d.status, d.job_id, d.file_format, d.file_bytes,
           encode(d.file_sha256, 'hex') as sha256,
           d.rows, d.accepted, d.unchanged, d.older, d.rejected, d.error_code, d.error_en, d.error_th, d.received_at,
           d.completed_at, d.received_at + make_interval(days => :waiting_days_max) as waiting_until,
           job.status as job_status
    from feed_delivery d left join job on job.id = d.job_id
"""


async def get_delivery(session: ReadSession, delivery_id: UUID, waiting_days_max: int) -> Row | None:
    """A delivery within the caller's sight, or None."""
    return await session.fetch_one(f"{_SHOWN} where d.id = :id", id=delivery_id, waiting_days_max=waiting_days_max)


async def list_deliveries(
    session: ReadSession, kind: str | None, before: UUID | None, limit: int, waiting_days_max: int
) -> Sequence[Row]:
    """Deliveries within the caller's sight, the newest first."""
    return await session.fetch(
        f"""
        {_SHOWN} where (cast(:kind as text) is null or d.kind = :kind)
        and (cast(:before as uuid) is null or d.id < :before) order by d.id desc limit :limit
        """,
        kind=kind,
        before=before,
        limit=limit,
        waiting_days_max=waiting_days_max,
    )


async def list_waiting(session: ReadSession, delivery_id: UUID, after: int, limit: int) -> Sequence[Row]:
    """Numbers of the rows that wait and what sort of thing each waits for, without a word of what they say."""
    return await session.fetch(
        """
        select r.row_number, split_part(r.waiting_for, ':', 1) as waiting_for
        from feed_delivery d join feed_row r on r.delivery_id = d.id
        where d.id = :id and r.status = 'waiting' and r.row_number > :after order by r.row_number limit :limit
        """,
        id=delivery_id,
        after=after,
        limit=limit,
    )


async def list_rejects(
    session: ReadSession, delivery_id: UUID, after: tuple[int, str, str], limit: int
) -> Sequence[Row]:
    """Row number, column and code of what was refused, in the order of the file."""
    return await session.fetch(
        """
        select row_number, column_name, code from feed_reject
        where delivery_id = :id and (row_number, column_name, code) > (:row_number, :column_name, :code)
        order by row_number, column_name, code limit :limit
        """,
        id=delivery_id,
        row_number=after[0],
        column_name=after[1],
        code=after[2],
        limit=limit,
    )


# --- the job ---------------------------------------------------------------------------------------------------------


async def lock_delivery(session: WriteSession, delivery_id: UUID) -> tuple[Delivery, Row] | None:
    """The delivery, held until the transaction ends: two workers cannot work on one file."""
    row = await session.fetch_one("select * from feed_delivery where id = :id for update", id=delivery_id)
    if row is None:
        return None
    reach = orjson.loads(row["reach"]) if isinstance(row["reach"], str) else row["reach"]
    return (
        Delivery(
            id=row["id"],
            kind=row["kind"],
            as_of=row["as_of"],
            requested_by=row["requested_by"],
            reach=Reach.from_json(reach),
        ),
        row,
    )


async def share_delivery(session: WriteSession, delivery_id: UUID) -> None:
    """Before rows of the delivery are held: whoever has locked it, or wants to, and rows are never locked crosswise."""
    await session.execute("select from feed_delivery where id = :id for key share", id=delivery_id)


async def set_status(session: WriteSession, delivery_id: UUID, status: str) -> None:
    """How far the delivery is."""
    await session.execute("update feed_delivery set status = :status where id = :id", id=delivery_id, status=status)


async def fail(session: WriteSession, delivery_id: UUID, code: str, message_en: str, message_th: str) -> None:
    """The whole file is refused; nothing of what it says is kept. A delivery that was completed stays so."""
    failed = await session.execute(
        """
        update feed_delivery set status = 'failed', error_code = :code, error_en = :en, error_th = :th,
            completed_at = now() where id = :id and status <> 'completed'
        """,
        id=delivery_id,
        code=code,
        en=message_en,
        th=message_th,
    )
    if failed:
        await forget_file(session, delivery_id)
        await session.execute("delete from feed_row where delivery_id = :id", id=delivery_id)


async def file_part(session: ReadSession, delivery_id: UUID, part: int) -> bytes | None:
    """One piece of the file, None after the last."""
    content = await session.scalar(
        "select bytes from feed_file_part where delivery_id = :id and part = :part", id=delivery_id, part=part
    )
    return None if content is None else bytes(content)


async def forget_file(session: WriteSession, delivery_id: UUID) -> None:
    """The file as it came is not needed once its rows are staged."""
    await session.execute("delete from feed_file_part where delivery_id = :id", id=delivery_id)


async def allow_long_pauses(session: WriteSession) -> None:
    """The transaction waits while a workbook is unpacked, or while a body comes, whose time the HTTP layer bounds."""
    await session.scalar("select set_config('idle_in_transaction_session_timeout', '0', true)")


async def finish_staging(session: WriteSession, delivery_id: UUID, rows: int) -> None:
    """All rows are typed and stored."""
    await session.execute(
        "update feed_delivery set status = 'validating', rows = :rows where id = :id", id=delivery_id, rows=rows
    )
    await count_rejected(session, delivery_id)


async def analyse_rows(session: WriteSession) -> None:
    """Let the planner know the rows that are staged; short transactions only, since one at a time may do this."""
    await session.scalar("select analyse_feed_row()")


async def chunks(session: ReadSession, delivery_id: UUID, rows_max: int) -> list[Chunk]:
    """The rows left to do, in the order of the file and some at a time."""
    rows = await session.fetch(
        """
        select min(row_number) as first, max(row_number) as last, count(*) as rows from feed_row
        where delivery_id = :id and status = 'staged'
        group by (row_number - 1) / cast(:rows_max as integer) order by first
        """,
        id=delivery_id,
        rows_max=rows_max,
    )
    return [Chunk(row["first"], row["last"], row["rows"]) for row in rows]


async def counts(session: ReadSession, delivery_id: UUID) -> dict[str, int]:
    """What became of the rows; those still there wait."""
    row = await session.fetch_one(
        """
        select rows, accepted, unchanged, older, rejected,
               (select count(*) from feed_row where delivery_id = :id) as waiting
        from feed_delivery where id = :id
        """,
        id=delivery_id,
    )
    return dict(row or {})


async def complete(session: WriteSession, delivery_id: UUID) -> bool:
    """Every row has been tried; True the first time."""
    return bool(
        await session.execute(
            "update feed_delivery set status = 'completed', completed_at = now()"
            " where id = :id and status = 'applying'",
            id=delivery_id,
        )
    )


async def count_rejected(session: WriteSession, delivery_id: UUID) -> None:
    """Bring the count of rejected rows in line with the rejects, and drop what those rows said."""
    await session.execute(
        """
        update feed_delivery set rejected = (
            select count(distinct row_number) from feed_reject where delivery_id = :id) where id = :id
        """,
        id=delivery_id,
    )
    await session.execute("delete from feed_row where delivery_id = :id and status = 'rejected'", id=delivery_id)


async def take_rows(session: WriteSession, delivery_id: UUID, chunk: Chunk) -> list[FeedRow]:
    """What of a chunk is still to do, held until the transaction ends: two workers cannot work on one row."""
    rows = await session.fetch(
        """
        select row_number, cast(data as text) as data from feed_row
        where delivery_id = :id and row_number between :first and :last and status = 'staged'
        order by row_number for update
        """,
        id=delivery_id,
        first=chunk.first,
        last=chunk.last,
    )
    return [FeedRow(row["row_number"], orjson.loads(row["data"])) for row in rows]


async def let_wait(session: WriteSession, delivery_id: UUID, waits: Sequence[tuple[int, str]]) -> None:
    """Rows that wait, each with what for."""
    if waits:
        await session.execute(
            """
            update feed_row r set status = 'waiting', waiting_for = wait.name
            from unnest(cast(:numbers as integer[]), cast(:names as text[])) wait(number, name)
            where r.delivery_id = :id and r.row_number = wait.number
            """,
            id=delivery_id,
            numbers=[number for number, _ in waits],
            names=[name for _, name in waits],
        )


async def store_rejects(session: WriteSession, delivery_id: UUID, rejects: Sequence[tuple[int, str, str]]) -> None:
    """Row number, column and code of what was refused."""
    await session.execute_many(
        """
        insert into feed_reject (delivery_id, row_number, column_name, code)
        values (:id, :row_number, :column_name, :code) on conflict do nothing
        """,
        [
            {"id": delivery_id, "row_number": row_number, "column_name": column, "code": code}
            for row_number, column, code in rejects
        ],
    )


async def finish_rows(
    session: WriteSession, delivery_id: UUID, finished: Sequence[int], counts: Mapping[str, int], through_row: int
) -> None:
    """The end of a chunk: its rows leave, the counts grow, the cursor moves."""
    await session.execute(
        "delete from feed_row where delivery_id = :id and row_number = any(cast(:numbers as integer[]))",
        id=delivery_id,
        numbers=list(finished),
    )
    await session.execute(
        """
        update feed_delivery set accepted = accepted + :accepted, unchanged = unchanged + :unchanged,
            older = older + :older, rejected = rejected + :rejected,
            applied_through_row = greatest(applied_through_row, :through_row)
        where id = :id
        """,
        id=delivery_id,
        through_row=through_row,
        **counts,
    )


# --- waiting ---------------------------------------------------------------------------------------------------------


async def share_wake_lock(session: WriteSession) -> None:
    """Taken by whoever looks for waiting rows, until its transaction ends."""
    await session.scalar("select pg_advisory_xact_lock_shared(:key)", key=_WAKE_LOCK)


async def pass_wake_lock(session: WriteSession) -> None:
    """Returns when every transaction that looked for waiting rows before has ended."""
    await session.scalar("select pg_advisory_xact_lock(:key)", key=_WAKE_LOCK)


async def does_any_wait(session: ReadSession, names: Sequence[str]) -> bool:
    """Whether any row waits for one of these names."""
    found: bool = await session.scalar(
        "select exists (select from feed_row where status = 'waiting' and waiting_for = any(cast(:names as text[])))",
        names=list(names),
    )
    return found


async def wake_rows(session: WriteSession, names: Sequence[str]) -> list[UUID]:
    """Put the rows that wait for these names back to do; returns their deliveries."""
    rows = await session.fetch(
        """
        with found as (
            select delivery_id, row_number from feed_row
            where status = 'waiting' and waiting_for = any(cast(:names as text[]))
            order by delivery_id, row_number for update
        ), woken as (
            update feed_row r set status = 'staged', waiting_for = null from found
            where r.delivery_id = found.delivery_id and r.row_number = found.row_number
            returning r.delivery_id
        )
        select distinct delivery_id from woken order by delivery_id
        """,
        names=list(names),
    )
    return [row["delivery_id"] for row in rows]


async def sender_of(session: ReadSession, delivery_id: UUID) -> Row:
    """Kind and sender of a delivery that exists."""
    rows = await session.fetch("select kind, requested_by from feed_delivery where id = :id", id=delivery_id)
    return rows[0]


async def has_waiting(session: ReadSession, delivery_id: UUID) -> bool:
    """Whether any row of the delivery waits."""
    return bool(
        await session.scalar(
            "select exists (select from feed_row where delivery_id = :id and status = 'waiting')", id=delivery_id
        )
    )


async def wake_delivery(session: WriteSession, delivery_id: UUID) -> int:
    """Put every waiting row of a delivery back to do."""
    return await session.execute(
        f"""
        update feed_row r set status = 'staged', waiting_for = null from ({_HELD_ROWS}) as held
        where r.delivery_id = :id and r.row_number = held.row_number
        """,
        id=delivery_id,
        statuses=["waiting"],
    )


async def reject_waited_too_long(session: WriteSession, delivery_id: UUID) -> int:
    """Reject every row that is left of a delivery, with the code of what did not come.

    Also those that woke and whose job broke off: nothing of what rows say is kept beyond the bound.
    """
    known = " ".join(f"when '{prefix}' then '{code}'" for prefix, code in UNKNOWN_BY_WAIT.items())
    refused = await session.execute(
        f"""
        with refused as (
            update feed_row r set status = 'rejected' from ({_HELD_ROWS}) as held
            where r.delivery_id = :id and r.row_number = held.row_number
            returning r.row_number, split_part(r.waiting_for, ':', 1) as prefix
        )
        insert into feed_reject (delivery_id, row_number, column_name, code)
        select :id, row_number, '', case prefix {known} else 'unknown_reference' end from refused
        """,
        id=delivery_id,
        statuses=["waiting", "staged"],
    )
    await count_rejected(session, delivery_id)
    return refused


async def deliveries_waiting(session: ReadSession, days_max: int) -> Sequence[Row]:
    """Deliveries with rows that wait, and whether they waited too long."""
    return await session.fetch(
        """
        select id, kind, requested_by, received_at < now() - make_interval(days => :days) as too_long
        from feed_delivery d where status = 'completed'
        and exists (select from feed_row r where r.delivery_id = d.id) order by id
        """,
        days=days_max,
    )


async def abandoned(session: ReadSession) -> list[UUID]:
    """Deliveries whose job ended without bringing them to an end."""
    rows = await session.fetch(
        """
        select d.id from feed_delivery d join job on job.id = d.job_id
        where d.status not in ('completed', 'failed') and job.status in ('failed', 'cancelled')
        """
    )
    return [row["id"] for row in rows]
