"""Goal: a payment is shared out to the satang in the lawful order, lateness costs what the law allows and no more, and
a loan computed again from its entries is the same whatever the order in which they arrived."""

import math
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import sub
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.debt.errors import BackDatedEntry, PaymentInvalid
from services.debt.loans.domain import Instalment
from services.debt.loans.schedules.allocation import ORDERS, VERTICAL
from services.debt.payments.domain import (
    CONTRACT_PLUS_THREE,
    STATUTORY,
    Allocation,
    Entry,
    LatePolicy,
    Line,
    Parts,
    PolicyVersion,
    accrued_bases,
    allocate,
    late_policy,
    overdue_reduced,
    owed,
    replay,
    total_owed,
    waive_default_interest,
)

DUE = date(2022, 11, 30)
POLICY = late_policy(Decimal("0.10"))
RATES = st.integers(0, 200_000).map(lambda millionths: Decimal(millionths).scaleb(-6))


def days(count: int) -> timedelta:
    return timedelta(days=count)


def literal_lateness(
    principal_of_night: dict[date, int], due_on: date, contract: Decimal, versions: tuple[PolicyVersion, ...]
) -> tuple[int, int]:
    """Late and default interest, night by night in exact rationals: shares no code with the rule under test."""
    late = default = Fraction(0)
    for night, principal in principal_of_night.items():
        version = max((v for v in versions if v.effective_from <= night), key=lambda v: v.effective_from)
        by_policy = version.rate if version.kind == "statutory" else contract + version.rate
        whole = min(max(by_policy, contract), version.cap)
        late += Fraction(principal) * Fraction(min(contract, whole)) / 365
        if night >= due_on + days(version.grace_days):
            default += Fraction(principal) * Fraction(whole - min(contract, whole)) / 365
    return math.floor(late + Fraction(1, 2)), math.floor(default + Fraction(1, 2))


def nights(first: date, until: date, principal: int) -> dict[date, int]:
    return {first + days(n): principal for n in range((until - first).days)}


# --- Order of allocation ----------------------------------------------------------------------------------------------


def test_oldest_instalment_first_and_inside_it_fee_interest_principal() -> None:
    instalments = [
        Instalment(2, DUE + days(365), 10_000_00, 500_00),
        Instalment(1, DUE, 10_000_00, 800_00, fee=50_00),
    ]
    allocation = allocate(instalments, 6_000_00, DUE, POLICY)
    assert allocation.lines == (Line(1, 50_00, 0, 0, 800_00, 5_150_00),)
    assert allocation.excess == 0
    assert [instalment.number for instalment in allocation.instalments] == [1, 2]
    assert allocation.instalments[0].unpaid_principal == 4_850_00


def test_default_interest_is_paid_before_interest_and_principal_last() -> None:
    instalment = Instalment(1, DUE, 10_000_00, 800_00)
    on = DUE + days(115)  # 100 nights after the 15 days of grace
    late, default = round(10_000_00 * 0.10 * 115 / 365), round(10_000_00 * 0.03 * 100 / 365)
    assert (late, default) == (315_07, 82_19)
    assert allocate([instalment], 82_00, on, POLICY).lines == (Line(1, 0, 82_00, 0, 0, 0),)
    assert allocate([instalment], 400_00, on, POLICY).lines == (Line(1, 0, 82_19, 315_07, 2_74, 0),)
    settled = allocate([instalment], 20_000_00, on, POLICY)
    assert settled.lines == (Line(1, 0, 82_19, 315_07, 800_00, 10_000_00),)
    assert settled.excess == 20_000_00 - 11_197_26
    assert total_owed(settled.instalments, on + days(400), POLICY) == Parts()


def test_surplus_goes_to_the_next_instalments_in_due_order() -> None:
    instalments = [Instalment(n, DUE + days(30 * n), 1_000_00, 10_00) for n in range(1, 4)]
    allocation = allocate(instalments, 2_500_00, DUE, POLICY)
    assert [(line.number, line.interest, line.principal) for line in allocation.lines] == [
        (1, 10_00, 1_000_00),
        (2, 10_00, 1_000_00),
        (3, 10_00, 470_00),
    ]
    assert all(instalment.accrued_to is None for instalment in allocation.instalments)


def test_the_order_is_that_of_the_table_for_the_loans_class_and_the_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instalments = [Instalment(n, DUE + days(30 * n), 1_000_00, 10_00) for n in range(2)]
    on = DUE + days(31)
    rates = late_policy(Decimal(0), (replace(STATUTORY[0], rate=Decimal(0)),))
    by_row = allocate(instalments, 1_015_00, on, rates).lines
    assert by_row == (Line(0, 0, 0, 0, 10_00, 1_000_00), Line(1, 0, 0, 0, 5_00, 0))
    principal_first = allocate(instalments, 1_015_00, on, rates, "restructured_payment").lines
    assert principal_first == (Line(0, 0, 0, 0, 0, 1_000_00), Line(1, 0, 0, 0, 0, 15_00))

    monkeypatch.setitem(cast(dict[object, object], ORDERS), ("substandard", "payment"), VERTICAL)
    assert allocate(instalments, 1_015_00, on, rates).lines == by_row
    late_on = DUE + days(100)
    by_component = allocate(instalments, 1_015_00, late_on, rates).lines
    assert by_component == (Line(0, 0, 0, 0, 10_00, 995_00), Line(1, 0, 0, 0, 10_00, 0))
    assert allocate(instalments, 1_015_00, late_on, rates, "set_off").lines == by_row


def test_what_is_past_due_comes_before_what_is_due_in_any_order() -> None:
    instalments = [Instalment(n, DUE + days(30 * n), 1_000_00, 10_00) for n in range(3)]
    rates = late_policy(Decimal(0), (replace(STATUTORY[0], rate=Decimal(0)),))
    lines = allocate(instalments, 2_025_00, DUE + days(30), rates, "restructured_payment").lines
    assert lines == (
        Line(0, 0, 0, 0, 10_00, 1_000_00), Line(1, 0, 0, 0, 10_00, 1_000_00), Line(2, 0, 0, 0, 0, 5_00)
    )  # fmt: skip


@pytest.mark.parametrize("amount", [0, -1])
def test_a_payment_is_more_than_nothing(amount: int) -> None:
    with pytest.raises(PaymentInvalid):
        allocate([Instalment(1, DUE, 100, 0)], amount, DUE, POLICY)


def test_overdue_reduced_counts_principal_and_scheduled_interest_of_overdue_instalments() -> None:
    instalments = [Instalment(1, DUE, 1_000_00, 10_00, fee=5_00), Instalment(2, DUE + days(1), 1_000_00, 10_00)]
    allocation = allocate(instalments, 2_025_00, DUE + days(1), POLICY)
    assert allocation.parts.fee == 5_00
    assert overdue_reduced(allocation.lines, allocation.instalments, DUE + days(1)) == 1_010_00
    assert overdue_reduced(allocation.lines, allocation.instalments, DUE + days(2)) == sum(
        line.principal + line.interest for line in allocation.lines
    )


# --- What lateness costs ----------------------------------------------------------------------------------------------


def test_nothing_accrues_on_instalments_not_yet_due_nor_on_interest() -> None:
    future = Instalment(1, DUE, 1_000_00, 50_00)
    assert owed(future, DUE, POLICY) == (0, 0, 0, 50_00, 1_000_00)
    interest_only = Instalment(1, DUE, 0, 500_00)
    assert owed(interest_only, DUE + days(1000), POLICY) == (0, 0, 0, 500_00, 0)


@pytest.mark.parametrize(
    ("contract", "late_rate", "default_rate"),
    [("0.10", 100_000, 30_000), ("0.13", 130_000, 20_000), ("0.15", 150_000, 0), ("0.18", 150_000, 0)],
)
def test_interest_and_default_interest_stay_under_the_cap_together(
    contract: str, late_rate: int, default_rate: int
) -> None:
    newest = late_policy(Decimal(contract)).spans[-1]
    assert (newest.late_rate, newest.default_rate) == (late_rate, default_rate)


def test_statutory_rate_is_the_whole_late_rate() -> None:
    low = late_policy(Decimal("0.02"), STATUTORY)
    assert [(span.late_rate, span.default_rate) for span in low.spans] == [(20_000, 55_000), (20_000, 30_000)]
    usual = late_policy(Decimal("0.10"), STATUTORY)
    assert [span.default_rate for span in usual.spans] == [0, 0]


def test_policy_must_cover_every_day_and_six_places() -> None:
    with pytest.raises(ValueError, match=r"date\.min"):
        late_policy(Decimal("0.1"), (STATUTORY[1],))
    with pytest.raises(ValueError, match="six places"):
        late_policy(Decimal("0.1234567"))


def test_days_of_grace_carry_no_default_interest() -> None:
    instalment = Instalment(1, DUE, 1_000_000_00, 0)
    assert owed(instalment, DUE + days(15), POLICY).default_interest == 0
    assert owed(instalment, DUE + days(16), POLICY).default_interest == 82_19
    assert owed(instalment, DUE + days(15), POLICY).late_interest > 0


@given(
    principal=st.integers(1, 10**11),
    contract=RATES,
    due_on=st.dates(date(2020, 6, 1), date(2022, 1, 1)),
    late_days=st.integers(0, 700),
    versions=st.sampled_from([STATUTORY, CONTRACT_PLUS_THREE]),
)
def test_lateness_equals_the_literal_night_by_night_sum(
    principal: int, contract: Decimal, due_on: date, late_days: int, versions: tuple[PolicyVersion, ...]
) -> None:
    on = due_on + days(late_days)
    unpaid = owed(Instalment(1, due_on, principal, 0), on, late_policy(contract, versions))
    expected = literal_lateness(nights(due_on, on, principal), due_on, contract, versions)
    assert (unpaid.late_interest, unpaid.default_interest) == expected


@given(
    principal=st.integers(1, 10**11),
    contract=RATES,
    cuts=st.lists(st.integers(0, 900), max_size=6),
    due_on=st.dates(date(2020, 1, 1), date(2023, 1, 1)),
)
def test_accrual_does_not_depend_on_how_the_period_is_cut(
    principal: int, contract: Decimal, cuts: list[int], due_on: date
) -> None:
    policy = late_policy(contract)
    end = due_on + days(900)
    whole = accrued_bases(Instalment(1, due_on, principal, 0), end, policy)
    piece = Instalment(1, due_on, principal, 0)
    for cut in sorted(cuts):
        on = due_on + days(cut)
        late, default = accrued_bases(piece, on, policy)
        piece = piece._replace(accrued_to=on, late_basis=late, default_basis=default)
    assert accrued_bases(piece, end, policy) == whole


def test_payments_in_between_change_the_principal_that_bears_interest() -> None:
    instalment = Instalment(1, DUE, 10_000_00, 0)
    first = allocate([instalment], 5_000_00, DUE + days(100), POLICY)
    paid = first.parts.principal
    on = DUE + days(300)
    by_night = nights(DUE, DUE + days(100), 10_000_00) | nights(DUE + days(100), on, 10_000_00 - paid)
    late, default = literal_lateness(by_night, DUE, Decimal("0.10"), CONTRACT_PLUS_THREE)
    unpaid = owed(first.instalments[0], on, POLICY)
    assert unpaid.late_interest == late - first.parts.late_interest
    assert unpaid.default_interest == default - first.parts.default_interest


def test_waiver_forgives_default_interest_up_to_its_day_only() -> None:
    instalment = Instalment(1, DUE, 10_000_00, 800_00)
    on = DUE + days(115)
    waived, after = waive_default_interest([instalment], on, POLICY)
    assert waived == 82_19
    assert owed(after[0], on, POLICY) == owed(instalment, on, POLICY)._replace(default_interest=0)
    assert owed(after[0], on + days(100), POLICY).default_interest == 82_19
    assert waive_default_interest(after, on, POLICY) == (0, after)


def test_a_value_date_before_what_is_settled_is_refused() -> None:
    paid = allocate([Instalment(1, DUE, 10_000_00, 0)], 100_00, DUE + days(1), POLICY)
    with pytest.raises(BackDatedEntry):
        allocate(paid.instalments, 100_00, DUE, POLICY)
    opened = Instalment(1, DUE, 10_000_00, 0, accrued_to=DUE + days(30))
    with pytest.raises(BackDatedEntry):
        waive_default_interest([opened._replace(default_basis=10**15)], DUE + days(29), POLICY)


# --- Properties over whole loans --------------------------------------------------------------------------------------


@st.composite
def loans(draw: st.DrawFn) -> list[Instalment]:
    count = draw(st.integers(1, 6))
    amounts = st.integers(0, 10**9)
    return [
        Instalment(n, DUE + days(91 * n), draw(amounts), draw(amounts), draw(st.integers(0, 10**6)))
        for n in range(1, count + 1)
    ]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Instalment], list[Entry]]:
    """A loan, and payments, reversals and waivers on it in order of their value dates."""
    entries: list[Entry] = []
    for number in range(draw(st.integers(1, 10))):
        # A few days come often, so that payments and waivers meet on one day.
        value_on = DUE + days(draw(st.sampled_from([0, 120, 365]) | st.integers(0, 900)))
        kind = draw(st.sampled_from(["payment", "payment", "payment", "waiver"]))
        if kind == "waiver":
            entries.append(Entry(UUID(int=number), "waiver", value_on))
        else:
            entries.append(Entry(UUID(int=number), "payment", value_on, draw(st.integers(1, 10**9))))
    payments = [entry for entry in entries if entry.kind == "payment"]
    undo: bool = draw(st.booleans())
    if payments and undo:
        undone = draw(st.sampled_from(payments))
        entries.append(Entry(UUID(int=100), "reversal", undone.value_on, undone.amount, undone.entry_id))
    return draw(loans()), entries


@given(loans(), st.integers(1, 10**10), st.integers(0, 900))
def test_allocated_and_excess_are_the_payment_and_nothing_is_overpaid(
    loan: list[Instalment], amount: int, after: int
) -> None:
    on = DUE + days(after)
    before = total_owed(loan, on, POLICY)
    allocation = allocate(loan, amount, on, POLICY)
    assert allocation.parts.amount == amount
    assert all(min(line[1:]) >= 0 and sum(line[1:]) > 0 for line in allocation.lines)
    rest = total_owed(allocation.instalments, on, POLICY)
    assert min(rest) >= 0
    assert Parts(*map(sub, before, rest)) == allocation.parts._replace(excess=0)
    assert allocation.excess == 0 or rest == Parts()


@given(loans(), st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 900))
def test_two_payments_of_one_day_are_as_one(loan: list[Instalment], first: int, second: int, after: int) -> None:
    on = DUE + days(after)
    halves = allocate(allocate(loan, first, on, POLICY).instalments, second, on, POLICY)
    assert halves.instalments == allocate(loan, first + second, on, POLICY).instalments


@given(histories(), st.randoms(use_true_random=False))
def test_replay_gives_the_same_state_in_any_arrival_order(
    history: tuple[list[Instalment], list[Entry]], chance: random.Random
) -> None:
    loan, entries = history
    arrived, shuffled_loan = entries[:], loan[:]
    chance.shuffle(arrived)
    chance.shuffle(shuffled_loan)
    as_of = DUE + days(1000)
    assert replay(shuffled_loan, arrived, as_of, POLICY) == replay(loan, entries, as_of, POLICY)


@given(histories())
def test_replay_equals_posting_in_order_of_value_dates(history: tuple[list[Instalment], list[Entry]]) -> None:
    loan, entries = history
    undone = {entry.reverses for entry in entries if entry.kind == "reversal"}
    state = loan
    posted: dict[UUID, Allocation] = {}
    for entry in sorted(entries, key=lambda entry: (entry.value_on, entry.kind == "payment", entry.entry_id)):
        if entry.kind == "waiver":
            _, state = waive_default_interest(state, entry.value_on, POLICY)
        elif entry.kind == "payment" and entry.entry_id not in undone:
            posted[entry.entry_id] = allocate(state, entry.amount, entry.value_on, POLICY)
            state = posted[entry.entry_id].instalments
    again = replay(loan, entries, DUE + days(1000), POLICY)
    assert again.payments == posted
    assert total_owed(again.instalments, DUE + days(1000), POLICY) == total_owed(state, DUE + days(1000), POLICY)


@given(histories())
def test_a_reversed_payment_never_was(history: tuple[list[Instalment], list[Entry]]) -> None:
    loan, entries = history
    undone = {entry.reverses for entry in entries if entry.kind == "reversal"}
    without = [entry for entry in entries if entry.kind != "reversal" and entry.entry_id not in undone]
    as_of = DUE + days(1000)
    assert replay(loan, entries, as_of, POLICY) == replay(loan, without, as_of, POLICY)


def test_replay_counts_entries_up_to_its_day() -> None:
    loan = [Instalment(1, DUE, 1_000_00, 0)]
    entries = [
        Entry(UUID(int=1), "payment", DUE, 400_00),
        Entry(UUID(int=2), "payment", DUE + days(1), 400_00),
    ]
    assert replay(loan, entries, DUE, POLICY).instalments[0].unpaid_principal == 600_00
    assert list(replay(loan, entries, DUE, POLICY).payments) == [UUID(int=1)]


def test_back_dated_payment_moves_what_later_payments_paid() -> None:
    loan = [Instalment(1, DUE, 10_000_00, 0)]
    late = Entry(UUID(int=1), "payment", DUE + days(200), 5_000_00)
    alone = replay(loan, [late], late.value_on, POLICY).payments[late.entry_id].parts
    early = Entry(UUID(int=2), "payment", DUE, 10_000_00)
    again = replay(loan, [late, early], DUE + days(200), POLICY)
    assert alone.late_interest > 0
    assert again.payments[early.entry_id].parts == Parts(principal=10_000_00)
    assert again.payments[late.entry_id].parts == Parts(excess=5_000_00)


def test_reversal_of_an_unknown_payment_is_refused() -> None:
    with pytest.raises(PaymentInvalid):
        replay([], [Entry(UUID(int=1), "reversal", DUE, 1, UUID(int=9))], DUE, POLICY)


def test_policies_are_data_that_say_what_is_assumed() -> None:
    assert not any(version.assumption for version in STATUTORY)
    assert CONTRACT_PLUS_THREE[-1].assumption
    assert isinstance(late_policy(Decimal("0.08")), LatePolicy)
