"""A tiny kind of file: tools lent to members of co-operatives, with members that may not be known yet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from shared.chassis import feeds
from shared.chassis.database import WriteSession
from shared.chassis.feeds import Column, Delivery, FeedKind, FeedRow, Outcome
from shared.kernel.identifiers import derived_id

TABLES = """
    create table cooperative (id uuid primary key, code text not null unique, province_code text not null,
                              district_code text not null);
    create table member (cooperative_code text not null, number text not null, primary key (cooperative_code, number));
    create table tool (cooperative_code text not null, number text not null, data jsonb not null, as_of date not null,
                       writes integer not null default 1, primary key (cooperative_code, number));
    create table completion (delivery_id uuid primary key, counts jsonb not null);
    alter table cooperative enable row level security;
    create policy reach on cooperative using (
        current_setting('plodnee.unscoped', true) = 'on' or current_setting('plodnee.everything', true) = 'on'
        or province_code = any (string_to_array(current_setting('plodnee.provinces', true), ',')));
"""

COLUMNS = (
    Column("cooperative_code", "รหัสสหกรณ์", "code", required=True),
    Column("number", "เลขที่", required=True, length_max=20),
    Column("member_number", "เลขทะเบียนสมาชิก"),
    Column("holder", "ผู้ถือ", "national_id"),
    Column("sort", "ประเภท", "code", choices=("plough", "Pump")),
    Column("price", "ราคา", "money"),
    Column("bought_on", "วันที่ซื้อ", "date", not_after_as_of=True),
    Column("season", "รอบเดือน", "month"),
    Column("pieces", "จำนวน", "integer", minimum=1, maximum=99),
    Column("share", "สัดส่วน", "decimal", places_max=4),
    Column("note", "หมายเหตุ"),
)
HEADINGS = [column.name for column in COLUMNS]
HEADINGS_TH = [column.heading_th for column in COLUMNS]


def derive(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The name of the member, as services make it from a keyed hash."""
    return {"member": f"{data['cooperative_code']}/{data['member_number']}"} if data.get("member_number") else {}


async def validate(session: WriteSession, delivery: Delivery) -> None:
    await feeds.reject_unknown_cooperatives(session, delivery)
    await feeds.reject_where(session, delivery, "note", "principal_mismatch", "r.data ->> 'note' = :word", word="bad")
    await feeds.wait_where(
        session,
        delivery,
        "'member:' || (r.data ->> 'member')",
        "r.data ? 'member' and not exists (select from member known"
        " where known.cooperative_code || '/' || known.number = r.data ->> 'member')",
    )


async def apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Store each row, merged into what is known; empty cells leave what is stored, None clears it."""
    stored = {
        (row["cooperative_code"], row["number"]): (orjson.loads(row["data"]), row["as_of"])
        for row in await session.fetch(
            "select cooperative_code, number, cast(data as text) as data, as_of from tool for update"
        )
    }
    outcomes: dict[int, Outcome] = {}
    for row in rows:
        if row.data.get("note") == "wait":
            outcomes[row.row_number] = feeds.waiting("loan:7")
            continue
        if row.data.get("note") == "refuse":
            outcomes[row.row_number] = feeds.rejected("principal_mismatch", "price")
            continue
        known, as_of = stored.get((row.data["cooperative_code"], row.data["number"]), (None, None))
        outcome = feeds.outcome_of(known, as_of, row.data, delivery.as_of)
        outcomes[row.row_number] = outcome
        if outcome == feeds.ACCEPTED:
            await session.execute(
                """
                insert into tool (cooperative_code, number, data, as_of)
                values (:code, :number, cast(:data as jsonb), :as_of)
                on conflict (cooperative_code, number)
                do update set data = excluded.data, as_of = excluded.as_of, writes = tool.writes + 1
                """,
                code=row.data["cooperative_code"],
                number=row.data["number"],
                data=orjson.dumps({**(known or {}), **row.data}).decode(),
                as_of=delivery.as_of,
            )
    return outcomes


async def completed(session: WriteSession, delivery: Delivery, counts: Mapping[str, int]) -> None:
    await session.execute(
        "insert into completion (delivery_id, counts) values (:id, cast(:counts as jsonb))",
        id=delivery.id,
        counts=orjson.dumps(dict(counts)).decode(),
    )


TOOLS = FeedKind(
    name="tools",
    columns=COLUMNS,
    key=("cooperative_code", "number"),
    derive=derive,
    validate=validate,
    apply=apply,
    completed=completed,
)
LOOSE_TOOLS = replace(TOOLS, name="loose-tools", independent=True)
"""The same tools, whose chunks are applied side by side."""


async def add_cooperatives(session: WriteSession) -> None:
    """Two in Lampang (52), one in Chiang Rai (57)."""
    for code, province in (("C1", "52"), ("C2", "52"), ("C9", "57")):
        await session.execute(
            "insert into cooperative (id, code, province_code, district_code)"
            " values (:id, :code, :province, :province || '01')",
            id=derived_id("cooperative", code),
            code=code,
            province=province,
        )


async def add_member(session: WriteSession, cooperative_code: str, number: str) -> None:
    """What a service's consumer does when it learns of a member."""
    await session.execute(
        "insert into member (cooperative_code, number) values (:code, :number)", code=cooperative_code, number=number
    )
    await feeds.wake_waiting(session, [f"member:{cooperative_code}/{number}"])


def delivery_of(value: str) -> UUID:
    """The delivery in a Location header."""
    return UUID(value.rsplit("/", 1)[1])


HEAD = ",".join(HEADINGS) + "\n"


def rows_of(*rows: str) -> str:
    """A file of these rows."""
    return HEAD + "".join(f"{row}\n" for row in rows)


def counts(delivery: Mapping[str, Any]) -> dict[str, int]:
    """What became of a delivery's rows, without what is 0."""
    names = ("rows", "accepted", "unchanged", "older", "waiting", "rejected")
    return {name: delivery[name] for name in names if delivery[name]}
