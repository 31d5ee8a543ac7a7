"""external_debts.csv: what persons owe elsewhere, named by national id and resolved to a person here alone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.registry.external_debts.models import ExternalDebt
from services.registry.external_debts.service import recorded
from services.registry.members import repository as members
from services.registry.members.identity import national_id_index
from services.registry.states.models import StateTable
from services.registry.states.service import Statement, apply_statements, days
from shared.chassis import outbox
from shared.chassis.database import WriteSession
from shared.chassis.feeds import Column, Delivery, FeedKind, FeedRow, Outcome, wait_where, waiting

TABLE = StateTable(
    model=ExternalDebt,
    key=("person_id", "creditor", "contract_number"),
    needed=("outstanding_satang", "annual_payment_satang", "stated_on"),
    headings={
        "outstanding_satang": "outstanding",
        "annual_payment_satang": "annual_payment",
        "stated_on": "as_of",
    },
    own_day="stated_on",
)


def _derive(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The blind index takes the national id's place: a row that waits does not say whom it is about."""
    return {"national_id": national_id_index(data["national_id"]).hex()}


async def _validate(session: WriteSession, delivery: Delivery) -> None:
    """Rows about persons who are nobody's member within the sender's reach wait for the membership."""
    await wait_where(
        session,
        delivery,
        "'person:' || (r.data ->> 'national_id')",
        "not exists (select from person p where p.national_id_index = named.national_id)",
        named={"national_id": "decode(r.data ->> 'national_id', 'hex')"},
    )


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Write what the rows change and publish each debt that changed."""
    indexes = {row.row_number: bytes.fromhex(row.data["national_id"]) for row in rows}
    persons = await members.persons_within_reach(session, sorted(set(indexes.values())))
    outcomes: dict[int, Outcome] = {row.row_number: waiting(f"person:{row.data['national_id']}") for row in rows}
    statements = [
        Statement(row.row_number, _values(row.data, persons[indexes[row.row_number]]))
        for row in rows
        if indexes[row.row_number] in persons
    ]
    applied = await apply_statements(session, TABLE, statements, delivery.as_of)
    await outbox.add_many(
        session,
        [(recorded(written.now), written.now["version"], written.now["stated_on"]) for written in applied.written],
    )
    return outcomes | applied.outcomes


def _values(data: Mapping[str, Any], person_id: UUID) -> dict[str, Any]:
    values: dict[str, Any] = {
        "person_id": person_id,
        "creditor": data["creditor"],
        "contract_number": data["contract_number"],
    }
    for column, name in (("outstanding", "outstanding_satang"), ("annual_payment", "annual_payment_satang")):
        if column in data:
            values[name] = data[column]
    if "as_of" in data:
        values["stated_on"] = days(data, "as_of")["as_of"]
    return values


EXTERNAL_DEBTS = FeedKind(
    name="external_debts",
    columns=[
        Column("national_id", "เลขประจำตัวประชาชน", "national_id", required=True),
        Column("creditor", "เจ้าหนี้", "code", required=True, choices=("baac", "village_fund")),
        Column("contract_number", "เลขที่สัญญา", "code", required=True, length_max=40),
        Column("outstanding", "ยอดคงเหลือ", "money"),
        Column("annual_payment", "ยอดชำระต่อปี", "money"),
        Column("as_of", "ข้อมูล ณ วันที่", "date", not_after_as_of=True),
    ],
    key=("national_id", "creditor", "contract_number"),
    derive=_derive,
    validate=_validate,
    apply=_apply,
)
