"""SQL with which a kind of file marks its staged rows before they are applied: refused, waiting, out of reach."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from shared.chassis.database import WriteSession
from shared.chassis.feeds.kinds import Delivery


async def reject_where(
    session: WriteSession,
    delivery: Delivery,
    column: str,
    code: str,
    condition: str,
    *,
    named: Mapping[str, str] | None = None,
    **parameters: Any,
) -> int:
    """Reject every row still to do for which the SQL condition on ``r.data`` holds; returns how many.

    Args:
        session: the transaction `validate` was given.
        delivery: the delivery it was given.
        column: the column to name in the reject file, empty for the whole row.
        code: of :mod:`shared.chassis.feeds.messages`.
        condition: SQL over ``r`` (a row of feed_row), e.g. ``(r.data ->> 'size')::int > 20``; write casts as
            ``cast(… as …)`` where a parameter stands.
        named: what the condition compares with other tables: ``{"member": "r.data ->> 'member'"}`` is ``named.member``
            in it. An expression over ``r`` in its place could use no index of a table under row-level security, because
            ``->>`` may leak, and the rows of a file would be compared with every row there.
        parameters: values named in the condition.
    """
    rows, beside = _named(named)
    return await session.execute(
        f"""
        with {rows} refused as (
            update feed_row r set status = 'rejected' {beside}
                   r.delivery_id = :delivery_id and r.status = 'staged' and ({condition})
            returning r.row_number
        )
        insert into feed_reject (delivery_id, row_number, column_name, code)
        select :delivery_id, row_number, :column_name, :code from refused
        """,
        delivery_id=delivery.id,
        column_name=column,
        code=code,
        **parameters,
    )


async def reject_duplicates(session: WriteSession, delivery: Delivery) -> int:
    """Reject each row whose key an earlier row of the file has, rows that were refused already left aside."""
    return await reject_where(
        session,
        delivery,
        "",
        "duplicate_in_file",
        """
        r.row_number in (
            select row_number from (
                select row_number, row_number() over (partition by row_key order by row_number) as place
                from feed_row where delivery_id = :delivery_id and status = 'staged'
            ) numbered where place > 1
        )
        """,
    )


async def wait_where(
    session: WriteSession,
    delivery: Delivery,
    waiting_for: str,
    condition: str,
    *,
    named: Mapping[str, str] | None = None,
) -> int:
    """Let every row still to do wait for which the condition holds; returns how many.

    Args:
        session: the transaction `validate` was given.
        delivery: the delivery it was given.
        waiting_for: SQL text expression over ``r``, e.g. ``'member:' || (r.data ->> 'member_hash')``.
        condition: SQL over ``r`` and ``named``, as in :func:`reject_where`.
        named: as in :func:`reject_where`.
    """
    rows, beside = _named(named)
    return await session.execute(
        f"""
        with {rows} waiting as (
            update feed_row r set status = 'waiting', waiting_for = {waiting_for} {beside}
                   r.delivery_id = :delivery_id and r.status = 'staged' and ({condition})
            returning r.row_number
        )
        select from waiting
        """,
        delivery_id=delivery.id,
    )


def _named(named: Mapping[str, str] | None) -> tuple[str, str]:
    """The rows to do with what they name worked out beforehand, and how an update of feed_row joins them."""
    if not named:
        return "", "where"
    columns = ", ".join(f"{expression} as {name}" for name, expression in named.items())
    rows = f"""
        named as materialized (
            select r.row_number, {columns} from feed_row r
            where r.delivery_id = :delivery_id and r.status = 'staged'
        ),"""
    return rows, "from named where r.row_number = named.row_number and"


async def reject_unknown_cooperatives(session: WriteSession, delivery: Delivery) -> None:
    """Reject rows whose co-operative nobody knows (``unknown_cooperative``) or is not the sender's (``out_of_reach``).

    For the service that owns co-operatives; a row names one in the column ``cooperative_code``.
    """
    refused = await reject_where(
        session,
        delivery,
        "cooperative_code",
        "unknown_cooperative",
        "not exists (select from cooperative known where known.code = named.code)",
        named={"code": "r.data ->> 'cooperative_code'"},
    )
    if refused:
        async with _unscoped(session):
            await session.execute(
                """
                update feed_reject set code = 'out_of_reach' from feed_row r
                where feed_reject.delivery_id = :id and r.delivery_id = :id and r.row_number = feed_reject.row_number
                  and feed_reject.code = 'unknown_cooperative' and feed_reject.column_name = 'cooperative_code'
                  and exists (select from cooperative known where known.code = r.data ->> 'cooperative_code')
                """,
                id=delivery.id,
            )


async def reject_out_of_reach(session: WriteSession, delivery: Delivery) -> None:
    """Reject rows whose co-operative is known but not the sender's (``out_of_reach``), and leave unknown ones.

    For services that learn of co-operatives by event: one that is unknown may still be on its way, so its rows wait.
    """
    foreign = await session.fetch(
        """
        with named as materialized (
            select distinct r.data ->> 'cooperative_code' as code from feed_row r
            where r.delivery_id = :id and r.status = 'staged'
        )
        select code from named where not exists (select from cooperative known where known.code = named.code)
        """,
        id=delivery.id,
    )
    if not foreign:
        return
    async with _unscoped(session):
        known = await session.fetch(
            "select code from cooperative where code = any(cast(:codes as text[]))",
            codes=[row["code"] for row in foreign],
        )
    await reject_where(
        session,
        delivery,
        "cooperative_code",
        "out_of_reach",
        "r.data ->> 'cooperative_code' = any(cast(:foreign_codes as text[]))",
        foreign_codes=[row["code"] for row in known],
    )


@asynccontextmanager
async def _unscoped(session: WriteSession) -> AsyncIterator[None]:
    """A part of the transaction that sees every co-operative; only the worker role's policies allow it."""
    setting = "select set_config('plodnee.unscoped', :value, true)"
    await session.scalar(setting, value="on")
    try:
        yield
    finally:
        await session.scalar(setting, value=session.reach.settings()["unscoped"])
