"""Loans enter the ledger once, with an opening position; from there our ledger rules."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.debt.business_days.domain import posting_date
from services.debt.business_days.repository import share_days
from services.debt.business_days.service import business_date
from services.debt.closing.domain import LoanClass, class_table, classify, overdue_at
from services.debt.errors import LoanNotFound
from services.debt.loans import repository
from services.debt.loans.domain import (
    DayCount,
    Frequency,
    HarvestMonth,
    Instalment,
    LoanTerms,
    Method,
    build_schedule,
    opening_instalments,
)
from services.debt.loans.events import loan_recorded
from services.debt.loans.schemas import (
    DIFFERENCES_SHOWN_MAX,
    Difference,
    InstalmentList,
    LoanDetail,
    LoanRead,
)
from services.debt.payments.domain import late_policy
from services.debt.projections.repository import codes_of
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.feeds import wake_waiting
from shared.chassis.http.access_log import log_access
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.kernel.errors import FieldProblem, Invalid
from shared.kernel.identifiers import uuid7
from shared.kernel.money import format_baht


@dataclass(frozen=True, slots=True)
class NewLoan:
    """A loan as its co-operative states it at the cut-over. Amounts in satang."""

    cooperative_id: UUID
    member_id: UUID
    loan_number: str
    loan_type: str
    terms: LoanTerms
    cut_over_on: date
    opening_principal: int
    opening_interest: int
    opening_fee: int
    opening_overdue_principal: int
    opening_last_paid_on: date | None

    def instalments(self) -> list[Instalment]:
        """What is to be paid; raises LoanTermsInvalid or OpeningPositionInvalid."""
        return opening_instalments(
            build_schedule(self.terms),
            self.cut_over_on,
            self.opening_principal,
            self.opening_interest,
            self.opening_fee,
            self.opening_overdue_principal,
        )


def terms_of(
    *,
    principal: int,
    annual_rate: Decimal,
    disbursed_on: date,
    method: str,
    frequency: str,
    harvest_months: str,
    instalments: int,
    first_due_on: date | None,
    day_count: str,
) -> LoanTerms:
    """Terms from the texts of a file or a request; `harvest_months` is "1;11", or empty."""
    return LoanTerms(
        principal=principal,
        annual_rate=annual_rate,
        disbursed_on=disbursed_on,
        method=Method(method),
        day_count=DayCount(day_count),
        every=Frequency(frequency).every,
        instalments=instalments,
        first_due_on=first_due_on,
        harvest_months=tuple(HarvestMonth(int(month)) for month in harvest_months.split(";") if month),
    )


def frequency_of(terms: LoanTerms) -> Frequency:
    """The stored word for how due dates follow each other."""
    return next(frequency for frequency in Frequency if frequency.every == terms.every)


async def list_loans(
    session: WriteSession, caller: Caller, page: PageRequest, *, member_id: UUID | None, cooperative_id: UUID | None
) -> Page[LoanRead]:
    """Loans of a member or a co-operative within reach; who was shown is logged.

    Raises:
        Invalid: neither a member nor a co-operative is named.
    """
    if member_id is None and cooperative_id is None:
        raise Invalid(
            "name a member or a co-operative",
            "ต้องระบุสมาชิกหรือสหกรณ์",
            [FieldProblem("member_id", "missing_value", "name a member or a co-operative", "ต้องระบุสมาชิกหรือสหกรณ์")],
        )
    after = page.after(UUID)
    rows = await repository.list_loans(
        session,
        member_id=member_id,
        cooperative_id=cooperative_id,
        after=after[0] if after else None,
        limit=page.fetch_limit,
    )
    await log_access(session, caller, "loan-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["id"],), LoanRead.of)


async def read_loan(session: WriteSession, caller: Caller, loan_id: UUID) -> LoanDetail:
    """A loan with its newest differences; raises LoanNotFound."""
    row = await _loan(session, caller, loan_id)
    differences = await repository.list_differences(session, loan_id, DIFFERENCES_SHOWN_MAX)
    read = LoanRead.of(row)
    return LoanDetail(**dict(read), differences=[Difference.model_validate(part) for part in differences])


async def read_instalments(session: WriteSession, caller: Caller, loan_id: UUID, as_of: date | None) -> InstalmentList:
    """The instalments of a loan and what is owed of each, on a day or on the open day.

    Raises:
        LoanNotFound: no such loan within reach.
        Invalid: the day lies before the last one that the instalments already tell of.
    """
    row = await _loan(session, caller, loan_id)
    last: date | None = row["last_value_on"]
    earliest: date = row["cut_over_on"] if last is None else max(last, row["cut_over_on"])
    if as_of is not None and as_of < earliest:
        raise _before_what_is_settled(earliest)
    on = as_of or max(earliest, await business_date(session, row["cooperative_id"]))
    policy = late_policy(row["annual_rate"])
    parts = (await repository.instalments_of_loans(session, [loan_id]))[loan_id]
    return InstalmentList.of(loan_id, parts, on, policy)


def _before_what_is_settled(earliest: date) -> Invalid:
    """What is paid and accrued stands for one day, and cannot be told of another before it."""
    message_en = f"the instalments tell of {earliest} and the days after it"
    message_th = f"ข้อมูลงวดชำระมีตั้งแต่วันที่ {earliest} เป็นต้นไป"
    problem = FieldProblem("as_of", "out_of_range", f"must be {earliest} or later", f"ต้องเป็นวันที่ {earliest} หรือหลังจากนั้น")
    return Invalid(message_en, message_th, [problem])


async def _loan(session: WriteSession, caller: Caller, loan_id: UUID) -> Row:
    row = await repository.find_loan(session, loan_id)
    if row is None:
        raise LoanNotFound
    await log_access(session, caller, "loan", [row["member_id"]])
    return row


async def open_loans(session: WriteSession, loans: Sequence[tuple[NewLoan, list[Instalment]]]) -> None:
    """Store new loans with their opening instalments, publish them, and wake the payments that wait for them."""
    if not loans:
        return
    closed = await share_days(session, {loan.cooperative_id for loan, _ in loans})
    rows = [_opened(loan, parts, posting_date(loan.cut_over_on, closed[loan.cooperative_id])) for loan, parts in loans]
    await repository.insert_loans(session, rows, [parts for _, parts in loans])
    await outbox.add_many(session, [loan_recorded(row) for row in rows])
    codes = await codes_of(session, {loan.cooperative_id for loan, _ in loans})
    await wake_waiting(session, [waiting_name(codes[loan.cooperative_id], loan.loan_number) for loan, _ in loans])


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every loan as it is now."""
    async for loan in repository.every_loan(session):
        yield loan_recorded(loan)


def waiting_name(cooperative_code: str, loan_number: str) -> str:
    """What a payment waits for until its loan is known."""
    return f"loan:{cooperative_code}|{loan_number}"


def _opened(loan: NewLoan, instalments: list[Instalment], opened_on: date) -> dict[str, Any]:
    """The row of a loan that enters the ledger on `opened_on`, never in a closed day."""
    overdue = overdue_at(instalments, opened_on)
    terms = loan.terms
    owed = any(part.principal or part.interest or part.fee for part in instalments)
    return {
        "id": uuid7(),
        "cooperative_id": loan.cooperative_id,
        "member_id": loan.member_id,
        "loan_number": loan.loan_number,
        "loan_type": loan.loan_type,
        "principal": terms.principal,
        "annual_rate": terms.annual_rate,
        "disbursed_on": terms.disbursed_on,
        "method": terms.method.value,
        "frequency": frequency_of(terms).value,
        "harvest_months": ";".join(str(harvest.month) for harvest in terms.harvest_months),
        "instalments": terms.instalments,
        "first_due_on": terms.first_due_on,
        "day_count": terms.day_count.value,
        "cut_over_on": loan.cut_over_on,
        "opening_principal": loan.opening_principal,
        "opening_interest": loan.opening_interest,
        "opening_fee": loan.opening_fee,
        "opening_overdue_principal": loan.opening_overdue_principal,
        "opening_last_paid_on": loan.opening_last_paid_on,
        "opened_on": opened_on,
        "outstanding_principal": sum(part.principal for part in instalments),
        "overdue_principal": overdue.principal,
        "overdue_interest": overdue.interest,
        "oldest_unpaid_due_on": overdue.oldest_due_on,
        "loan_class": _class_of(overdue.oldest_due_on, opened_on),
        "status": "active" if owed else "closed",
        "as_of": opened_on,
        "version": 1,
    }


@lru_cache(maxsize=4096)
def _class_of(oldest_due_on: date | None, on: date) -> LoanClass:
    """Loans of a file share few dates."""
    return classify(oldest_due_on, on, class_table(on))


_COMPARED_MONEY = ("principal", "opening_principal", "opening_interest", "opening_fee", "opening_overdue_principal")


def compare_loan(stored: Mapping[str, Any], stated: NewLoan) -> list[tuple[str, UUID, str, str]]:
    """(field, co-operative, ours, theirs) of what a file states otherwise than the ledger.

    A file that repeats the opening position is compared with the opening position; one with a later cut-over is
    compared with the balance as it stands, because that is what it states.
    """
    ours: dict[str, str] = {}
    theirs: dict[str, str] = {}
    if stated.cut_over_on <= stored["cut_over_on"]:
        stated_money = {"principal": stated.terms.principal} | {
            name: getattr(stated, name) for name in _COMPARED_MONEY if name != "principal"
        }
        ours = {name: format_baht(stored[name]) for name in _COMPARED_MONEY}
        theirs = {name: format_baht(amount) for name, amount in stated_money.items()}
    else:
        ours = {
            "outstanding_principal": format_baht(stored["outstanding_principal"]),
            "overdue_principal": format_baht(stored["overdue_principal"]),
        }
        theirs = {
            "outstanding_principal": format_baht(stated.opening_principal),
            "overdue_principal": format_baht(stated.opening_overdue_principal),
        }
    ours["member_id"], theirs["member_id"] = str(stored["member_id"]), str(stated.member_id)
    return [(name, stored["cooperative_id"], ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]]
