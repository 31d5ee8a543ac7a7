"""The loan file of a co-operative: a loan enters our ledger once; later files are compared with it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.debt.loans import repository
from services.debt.loans.domain import Instalment
from services.debt.loans.service import NewLoan, compare_loan, open_loans, terms_of
from services.debt.projections.repository import find_members_by_number
from shared.chassis.database import WriteSession
from shared.chassis.feeds import (
    ACCEPTED,
    UNCHANGED,
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    member_named,
    reject_out_of_reach,
    reject_where,
    rejected,
    wait_where,
    waiting,
)
from shared.kernel.errors import Invalid

HARVEST_MONTHS = r"(1[0-2]|0?[1-9])(;(1[0-2]|0?[1-9]))*"


async def _validate(session: WriteSession, delivery: Delivery) -> None:
    """Reject contradictory openings; let rows wait for members whose registry event has not come yet."""
    await reject_out_of_reach(session, delivery)
    await reject_where(
        session,
        delivery,
        "opening_principal",
        "principal_mismatch",
        "cast(r.data ->> 'opening_principal' as bigint) > cast(r.data ->> 'principal' as bigint)",
    )
    await reject_where(
        session,
        delivery,
        "opening_overdue_principal",
        "principal_mismatch",
        "cast(r.data ->> 'opening_overdue_principal' as bigint) > cast(r.data ->> 'opening_principal' as bigint)",
    )
    # A co-operative that is unknown cannot be told from one whose event is on its way: both wait for the member.
    await wait_where(
        session,
        delivery,
        "'member:' || (r.data ->> 'member')",
        "not exists (select from member where member.member_number_hash = named.member)",
        named={"member": "r.data ->> 'member'"},
    )


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    members = await find_members_by_number(session, [row.data["member"] for row in rows])
    known = {row.row_number: members[row.data["member"]] for row in rows if row.data["member"] in members}
    loan_ids = await repository.find_by_number(
        session,
        [(known[row.row_number]["cooperative_id"], row.data["loan_number"]) for row in rows if row.row_number in known],
    )
    stored = await repository.find_loans(session, loan_ids.values())
    outcomes: dict[int, Outcome] = {}
    new: list[tuple[NewLoan, list[Instalment]]] = []
    compared: list[UUID] = []
    differences: list[tuple[Any, ...]] = []
    for row in rows:
        member = known.get(row.row_number)
        if member is None:
            outcomes[row.row_number] = waiting(f"member:{row.data['member']}")
            continue
        loan_id = loan_ids.get((member["cooperative_id"], row.data["loan_number"]))
        try:
            loan = _new_loan(member["cooperative_id"], member["id"], row.data, delivery.as_of)
            if loan_id is None:
                new.append((loan, loan.instalments()))
                outcomes[row.row_number] = ACCEPTED
            else:
                found = compare_loan(stored[loan_id], loan)
                compared.append(loan_id)
                differences += [(loan_id, delivery.as_of, *part, delivery.id) for part in found]
                outcomes[row.row_number] = UNCHANGED
        except Invalid as error:
            outcomes[row.row_number] = _refusal(error)
    await open_loans(session, new)
    await repository.replace_differences(session, compared, delivery.as_of, differences)
    return outcomes


def _refusal(error: Invalid) -> Outcome:
    if not error.fields:
        return rejected("out_of_range")
    problem = error.fields[0]
    return rejected(problem.code, problem.field)


def _new_loan(cooperative_id: UUID, member_id: UUID, data: Mapping[str, Any], as_of: date) -> NewLoan:
    def day(name: str) -> date | None:
        text = data.get(name)
        return date.fromisoformat(text) if text else None

    disbursed_on, cut_over_on = date.fromisoformat(data["disbursed_on"]), day("cut_over_on") or as_of
    opening_principal = data.get("opening_principal")
    return NewLoan(
        cooperative_id=cooperative_id,
        member_id=member_id,
        loan_number=data["loan_number"],
        loan_type=data["loan_type"],
        terms=terms_of(
            principal=data["principal"],
            annual_rate=Decimal(data["annual_rate"]),
            disbursed_on=disbursed_on,
            method=data["method"],
            frequency=data["frequency"],
            harvest_months=data.get("harvest_months") or "",
            instalments=data["instalments"],
            first_due_on=day("first_due_on"),
            day_count=data["day_count"],
        ),
        cut_over_on=cut_over_on,
        opening_principal=data["principal"] if opening_principal is None else opening_principal,
        opening_interest=data.get("opening_interest") or 0,
        opening_fee=data.get("opening_fee") or 0,
        opening_overdue_principal=data.get("opening_overdue_principal") or 0,
        opening_last_paid_on=day("opening_last_paid_on"),
    )


LOANS = FeedKind(
    name="loans",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True),
        Column("loan_number", "เลขที่สัญญา", "code", required=True, length_max=60),
        Column("loan_type", "ประเภทเงินกู้", "code", required=True, choices=("short", "medium", "long")),
        Column("principal", "ต้นเงินกู้", "money", required=True, minimum=1),
        Column("annual_rate", "อัตราดอกเบี้ยต่อปี", "decimal", required=True, places_max=6, maximum=1),
        Column("disbursed_on", "วันที่จ่ายเงินกู้", "date", required=True, not_after_as_of=True),
        Column(
            "method",
            "วิธีคิดดอกเบี้ย",
            "code",
            required=True,
            choices=("equal_instalment", "equal_principal", "flat"),
        ),
        Column("frequency", "รอบชำระ", "code", required=True, choices=("monthly", "yearly", "harvest")),
        Column("harvest_months", "เดือนเก็บเกี่ยว", "code", pattern=HARVEST_MONTHS),
        Column("instalments", "จำนวนงวด", "integer", required=True, minimum=1, maximum=600),
        Column("first_due_on", "วันครบกำหนดงวดแรก", "date"),
        Column("day_count", "วิธีนับวัน", "code", required=True, choices=("30/360", "actual/365")),
        Column("cut_over_on", "วันที่ยกยอด", "date", required=True, not_after_as_of=True),
        Column("opening_principal", "เงินต้นคงเหลือยกมา", "money", required=True),
        Column("opening_interest", "ดอกเบี้ยค้างยกมา", "money"),
        Column("opening_fee", "ค่าธรรมเนียมค้างยกมา", "money"),
        Column("opening_overdue_principal", "เงินต้นค้างชำระยกมา", "money"),
        Column("opening_last_paid_on", "วันที่ชำระล่าสุดก่อนยกยอด", "date", not_after_as_of=True),
    ],
    key=("cooperative_code", "loan_number"),
    derive=member_named,
    validate=_validate,
    apply=_apply,
    independent=True,
)
