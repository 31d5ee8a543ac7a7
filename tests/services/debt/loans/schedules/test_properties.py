"""Goal: what must hold of every loan, whatever happened to it, holds."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.allocation import (
    COMPONENTS,
    HORIZONTAL,
    ORDERS,
    PRINCIPAL_FIRST,
    VERTICAL,
    Open,
    Order,
    Surplus,
    Taken,
    allocate,
    share_out,
)
from services.debt.loans.schedules.changes import effective_on, order_of
from services.debt.loans.schedules.explanation import explained_table
from services.debt.loans.schedules.history import History, Table, table_of
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import history_of
from services.debt.loans.schedules.table import build_schedule
from services.debt.loans.schedules.terms import (
    DayCount,
    DropInstalment,
    Every,
    LoanTerms,
    Method,
    PaymentMade,
    RateChange,
    ReAge,
    ReAmortise,
    Unit,
)
from shared.kernel.money import parse_baht
from tests.services.debt.loans.schedules.bodies import Body, any_history, any_terms, body


def history(loan: Body) -> History:
    return history_of(SchedulePreview.model_validate(loan))


def day(text: str) -> date:
    return date.fromisoformat(text)


def table(known: History) -> Table:
    try:
        return table_of(known)
    except LoanTermsInvalid:
        assume(False)
        raise


def figures(found: Table) -> list[tuple[int, int, int]]:
    return [(row.due, row.principal, row.interest) for row in found.rows]


# Rows paid far ahead lie between those of a re-ageing, which are levelled again.
AHEAD = {
    "principal": "233233.61", "annual_rate": "0.051700",
    "method": "fixed_principal_percent", "principal_percent": "0.19", "day_count": "actual/364",
    "disbursed_on": "2023-05-02", "instalments": 10, "as_of": "2028-02-23",
    "harvest_months": [{"month": 1}, {"month": 10}],
    "payments": [{"on": "2025-06-29", "amount": "137124.70"}, {"on": "2026-12-19", "amount": "101911.45"}],
    "changes": [
        {"type": "re_age", "on": "2027-01-31", "start_on": "2027-03-22", "instalments": 5,
         "every": {"count": 3, "unit": "month"}},
        {"type": "rate_change", "from": "2027-09-17", "annual_rate": "0.008500"},
    ],
}  # fmt: skip


@example(loan=AHEAD)
@given(any_history())
def test_principal_is_what_was_drawn_and_every_payment_is_shared_out(loan: Body) -> None:
    known = history(loan)
    found = table(known)
    paid = sum(payment.amount for payment in known.payments)
    assert sum(row.principal for row in found.rows) == found.drawn
    assert found.balances[-1] == 0
    assert min(found.balances) >= 0
    assert all(row.principal >= 0 and row.interest >= 0 for row in found.rows)
    assert all(row.paid_principal <= row.principal and row.paid_interest <= row.interest for row in found.rows)
    assert sum(row.paid_principal + row.paid_interest for row in found.rows) + found.excess == paid
    assert [row.due for row in found.rows] == sorted(row.due for row in found.rows)
    explained = explained_table(found, with_payments=bool(known.payments))
    assert all("nights" in text.en and "half up" in text.en for text in explained.texts)
    assert all("คืน" in text.th and "ปัดเศษครึ่งขึ้น" in text.th for text in explained.texts)
    assert len(explained.texts) == len(found.rows)


@given(any_history(), st.integers(1, 10**9))
def test_a_payment_lowers_the_pay_off_of_its_day_by_its_amount(loan: Body, amount: int) -> None:
    """Whatever rows it goes to: on a day on which nothing else happens, money is worth what it is.

    Of flat interest, what rows took that were due is theirs, so that to pay them later than on the day saves none.
    """
    known = history(loan)
    on = known.as_of
    assume(on is not None and all(effective_on(change) != on for change in known.changes))
    before = table(known).pay_off
    assert on is not None
    assert before is not None
    amount = min(amount, sum(before))
    assume(amount)
    after = table(replace(known, payments=(*known.payments, PaymentMade(on, amount)))).pay_off
    assert after is not None
    assert sum(after) == sum(before) - amount


@given(any_history(), st.data())
def test_order_of_arrival_does_not_matter(loan: Body, data: st.DataObject) -> None:
    known = history(loan)
    changes = data.draw(st.permutations(known.changes))
    payments = data.draw(st.permutations(known.payments))
    shuffled = History(known.terms, tuple(changes), tuple(payments), known.as_of)
    assert figures(table(shuffled)) == figures(table(known))


@given(any_history(), st.data())
def test_paying_what_the_table_asks_on_the_day_leaves_it_as_it_is(loan: Body, data: st.DataObject) -> None:
    known = history({**loan, "payments": [], "changes": loan["changes"]} | {"as_of": None})
    planned = table(known)
    asked = [PaymentMade(date.fromordinal(row.due), row.principal + row.interest) for row in planned.rows]
    paid = tuple(payment for payment in asked[: data.draw(st.integers(1, len(asked)))] if payment.amount)
    assume(paid and not any(isinstance(change, ReAge | ReAmortise) for change in known.changes))
    after = table_of(replace(known, payments=paid))
    assert [(row.due, row.principal, row.interest) for row in after.rows] == [
        (row.due, row.principal, row.interest) for row in planned.rows
    ]
    assert not after.excess


# Two changes of different kinds with the same day and figure.
TWINS = {
    "principal": "100.00", "annual_rate": "0.000000", "method": "equal_instalment", "day_count": "30/360",
    "disbursed_on": "2022-01-01", "instalments": 2, "every": {"count": 1, "unit": "day"},
    "changes": [
        {"type": "extend", "from": "2022-01-01", "instalments": 1},
        {"type": "drawdown", "on": "2022-01-01", "amount": "0.01"},
    ],
}  # fmt: skip


@example(loan=TWINS)
@given(any_history())
def test_undo_brings_the_table_before_back(loan: Body) -> None:
    known = history(loan)
    assume(known.changes)
    *earlier, last = known.changes
    without = History(known.terms, tuple(earlier), known.payments, known.as_of)
    before = figures(table(without))
    with_it = without.with_change(last)
    table(with_it)
    assert figures(table(with_it.without_change(last))) == before
    assert with_it.without_change(last) == without


@given(any_terms(), st.data())
def test_past_rows_are_frozen(loan: Body, data: st.DataObject) -> None:
    """A rate change leaves alone what is past on its date."""
    first = date.fromisoformat(loan["disbursed_on"])
    rate = "period_rate" if loan["day_count"] == "per_period" else "annual_rate"
    changes = [
        {"type": "rate_change", "from": (first + timedelta(days=days)).isoformat(), rate: "0.020000"}
        for days in sorted(data.draw(st.lists(st.integers(0, 200), min_size=1, max_size=3, unique=True)))
    ]
    known = history({**loan, "changes": changes})
    *earlier, last = sorted(
        (change for change in known.changes if isinstance(change, RateChange)), key=lambda change: change.from_on
    )
    before = table(History(known.terms, tuple(earlier), known.payments, known.as_of))
    after = table(known)
    day = last.from_on.toordinal()
    for was, now in zip(before.rows, after.rows, strict=True):
        if was.due <= day:
            assert (was.principal, was.interest) == (now.principal, now.interest)


@given(any_history())
def test_every_change_leaves_past_rows_as_they_are(loan: Body) -> None:
    """But for what is unpaid of them, when that is arranged anew; and the row before a dropped last one becomes it."""
    known = history(loan)
    assume(known.changes)
    *earlier, last = sorted(known.changes, key=order_of)
    assume(not isinstance(last, DropInstalment))
    on = effective_on(last)
    payments = tuple(payment for payment in known.payments if payment.on <= on)
    before = table(History(known.terms, tuple(earlier), payments, on))
    after = table(History(known.terms, (*earlier, last), payments, on))
    for was, now in zip(before.rows, after.rows, strict=False):
        if was.due < on.toordinal() and not (was.unpaid and isinstance(last, ReAge | ReAmortise)):
            assert (was.due, was.principal, was.interest) == (now.due, now.principal, now.interest)


@given(any_terms(), st.lists(st.tuples(st.integers(0, 100), st.integers(1, 10**8)), min_size=1, max_size=4))
def test_paid_rows_are_frozen(loan: Body, paid: list[tuple[int, int]]) -> None:
    """Rows that payments have settled keep their figures, also those paid in advance, whatever follows."""
    first, last = day(loan["disbursed_on"]), table(history(loan)).rows[-1].due
    payments = tuple(PaymentMade(first + timedelta(days=days), amount) for days, amount in paid)
    known = History(history(loan).terms, (), payments)
    later = max(last - 1, max(payment.on for payment in payments).toordinal())
    before = table(known)
    settled = [row.paid_principal + row.paid_interest == row.principal + row.interest > 0 for row in before.rows]
    if all(settled) or later >= last:
        return
    after = table(known.with_change(RateChange(date.fromordinal(later), Decimal("0.01"))))
    for was, now, is_settled in zip(before.rows, after.rows, settled, strict=True):
        if is_settled:
            assert (was.principal, was.interest, was.paid_principal) == (
                now.principal,
                now.interest,
                now.paid_principal,
            )


@given(any_terms(), st.integers(1, 50_000))
def test_interest_grows_with_the_rate(loan: Body, more: int) -> None:
    known = history(loan)
    try:
        less = build_schedule(known.terms)
    except LoanTermsInvalid:
        assume(False)
        return
    fields: dict[str, Any] = {name: getattr(known.terms, name) for name in LoanTerms.__dataclass_fields__}
    name = "annual_rate" if known.terms.period_rate is None else "period_rate"
    fields[name] += Decimal(more).scaleb(-6)
    greater = build_schedule(LoanTerms(**fields))
    # Rounding instalments to 100 baht may move a row of principal forward, so only the exact multiples can promise it.
    if known.terms.instalment_multiple == known.terms.currency_multiple == 1:
        rows = len(less.interest)
        assert sum(greater.interest) + rows >= sum(less.interest)


@given(st.integers(10_000, 10**9), st.sampled_from(list(DayCount)[:-1]), st.integers(1, 400), st.integers(1, 100))
def test_interest_grows_with_the_days(principal: int, day_count: DayCount, days: int, more: int) -> None:
    def interest(nights: int) -> int:
        terms = LoanTerms(principal, Decimal("0.085"), date(2023, 10, 1), Method.BULLET, day_count,
                          Every(nights, Unit.DAY), 1)  # fmt: skip
        return sum(build_schedule(terms).interest)

    assert interest(days + more) >= interest(days)


@given(any_history(), st.none() | st.integers(1, 500))
def test_every_night_bears_its_interest_once(loan: Body, days_late: int | None) -> None:
    """However principal is re-arranged: what nobody has paid is owed until it is known how the loan stands, and what
    the table asks for after that until it falls due."""
    assume(loan["method"] != "flat" and loan["day_count"] != "per_period")
    changes = [change for change in loan["changes"] if change["type"] not in ("re_age", "re_amortise")]
    loan = {**loan, "day_count": "actual/365", "changes": changes, "payments": []}  # re-aged rows bear no interest
    if days_late is not None:
        re_amortised_on = (day(loan["disbursed_on"]) + timedelta(days=days_late)).isoformat()
        changes.append({"type": "re_amortise", "on": re_amortised_on})
        loan["as_of"] = max(loan.get("as_of", ""), re_amortised_on)
    found = table(history(loan))
    roundings = len(found.rows) + len(changes) + 1
    difference = sum(row.interest for row in found.rows) - interest_of_nights(loan, found)
    assert abs(difference) <= roundings * parse_baht(loan["currency_multiple"])


def interest_of_nights(loan: Body, found: Table) -> Fraction:
    """Of a loan that nobody has paid, by the rates and pauses of its changes, in satang."""
    begin = day(loan["disbursed_on"])
    rates, draws, pauses = [(begin, Fraction(loan["annual_rate"]))], [(begin, parse_baht(loan["principal"]))], []
    for change in loan["changes"]:
        match change["type"]:
            case "rate_change":
                rates.append((day(change["from"]), Fraction(change["annual_rate"])))
            case "drawdown":
                draws.append((day(change["on"]), parse_baht(change["amount"])))
            case "interest_pause":
                pauses.append((day(change["from"]), day(change["to"])))
    rates.sort(key=itemgetter(0))  # of one date the change comes after the contract
    paid = [(date.fromordinal(row.due), row.principal) for row in found.rows]
    known = day(loan["as_of"]) if "as_of" in loan else begin
    nights = (begin + timedelta(days=night) for night in range((max(known, *(due for due, _ in paid)) - begin).days))
    whole = Fraction(0)
    for night in nights:
        if not any(first <= night <= last for first, last in pauses):
            owed = sum(amount for on, amount in draws if on <= night)
            owed -= sum(amount for due, amount in paid if max(due, known) <= night)
            whole += owed * [rate for on, rate in rates if on <= night][-1]
    return whole / 365


@given(any_history())
def test_late_rows_never_bear_interest_on_interest(loan: Body) -> None:
    """Interest of the whole table is at most simple interest of all principal drawn, for all nights until it ends."""
    rate = loan.get("annual_rate") or loan["period_rate"]
    fields = {name: value for name, value in loan.items() if name not in ("period_rate", "principal_percent")}
    known = history(
        {**fields, "annual_rate": rate, "day_count": "actual/365", "method": "equal_instalment", "changes": []}
    )
    found = table(known)
    end = max(found.rows[-1].due, known.known_until.toordinal() if known.known_until else 0)
    nights = end - known.terms.disbursed_on.toordinal()
    most = known.terms.principal * nights * known.terms.annual_rate / 365
    slack = len(found.rows) * known.terms.currency_multiple
    assert sum(row.interest for row in found.rows) <= most + slack


# --- Allocation -------------------------------------------------------------------------------------------------------

_parts = st.integers(0, 10**6)
_rows = st.lists(st.builds(Open, _parts, _parts, _parts, _parts, _parts), max_size=8)


@given(_rows, st.integers(0, 10**8), st.sampled_from([HORIZONTAL, VERTICAL, PRINCIPAL_FIRST]))
def test_allocated_and_excess_are_the_payment(rows: list[Open], amount: int, order: Order) -> None:
    taken, left = allocate(rows, amount, order)
    assert sum(sum(share) for _, share in taken) + left == amount
    for place, share in taken:
        assert all(part <= owed for part, owed in zip(share, rows[place], strict=True))
    if left:
        assert [place for place, _ in taken] == [place for place, row in enumerate(rows) if any(row)]


def taken_sum(taken: Taken) -> int:
    return sum(sum(share) for _, share in taken)


@given(_rows, _rows, _rows, st.integers(0, 10**8), st.sampled_from(Surplus))
def test_past_due_comes_before_due_and_due_before_in_advance(
    past: list[Open], due: list[Open], ahead: list[Open], amount: int, surplus: Surplus
) -> None:
    shared = share_out(past, due, ahead, amount, HORIZONTAL, surplus)
    assert (
        taken_sum(shared.past_due)
        + taken_sum(shared.due)
        + taken_sum(shared.in_advance)
        + shared.re_amortised
        + shared.excess
        == amount
    )
    if shared.due or shared.in_advance or shared.re_amortised or shared.excess:
        assert taken_sum(shared.past_due) == sum(map(sum, past))
    if shared.in_advance or shared.re_amortised or shared.excess:
        assert taken_sum(shared.due) == sum(map(sum, due))


def test_surplus_goes_to_the_next_row_the_last_row_or_the_rest_of_the_loan() -> None:
    ahead = [Open(0, 0, 0, 5, 50), Open(0, 0, 0, 4, 60)]
    assert share_out([], [], ahead, 56).in_advance == [(0, Open(0, 0, 0, 5, 50)), (1, Open(0, 0, 0, 1, 0))]
    assert share_out([], [], ahead, 30, surplus=Surplus.LAST_ROW).in_advance == [(1, Open(0, 0, 0, 4, 26))]
    assert share_out([], [], ahead, 120, surplus=Surplus.RE_AMORTISE)[3:] == (110, 10)


def test_the_three_orders_by_hand() -> None:
    rows = [Open(10, 20, 5, 30, 40), Open(1, 2, 1, 3, 4)]
    assert allocate(rows, 70, HORIZONTAL) == ([(0, Open(10, 20, 5, 30, 5))], 0)
    assert allocate(rows, 71, VERTICAL) == ([(0, Open(10, 20, 5, 30, 0)), (1, Open(1, 2, 1, 2, 0))], 0)
    assert allocate(rows, 65, PRINCIPAL_FIRST) == ([(0, Open(10, 10, 0, 0, 40)), (1, Open(1, 0, 0, 0, 4))], 0)
    assert COMPONENTS == ("fee", "default_interest", "late_interest", "interest", "principal")


def test_order_is_data_for_every_class_and_transaction() -> None:
    classes = ("normal", "substandard", "doubtful", "doubtful_loss", "loss")
    horizontal = ("payment", "produce_deduction", "set_off", "recovery")
    assert {
        **{(asset, transaction): HORIZONTAL for asset in classes for transaction in horizontal},
        **{(asset, "restructured_payment"): PRINCIPAL_FIRST for asset in classes},
    } == ORDERS


def test_changes_of_a_history_by_hand() -> None:
    """Half the nights of a leap February at the old rate and half at the new: 14 and 15."""
    loan = body(disbursed_on="2024-02-01", instalments=2, annual_rate="0.1200", principal="290000.00", method="bullet",
                changes=[{"type": "rate_change", "from": "2024-02-15", "annual_rate": "0.0600"}])  # fmt: skip
    assert table_of(history(loan)).rows[0].interest == (14 * 29_000_000 // 29 + 15 * 29_000_000 // 58) // 100
