"""How a payment is shared out, what lateness costs, and how a loan is computed again from its entries. Satang.

**Order.** What is past due before what is due, and that before what is not due yet, each in the order that the table of
``loans/schedules/allocation.py`` has for the loan's class and the kind of transaction; what is over goes to the next
instalment.

**Lateness.** Principal of an instalment that is unpaid after its due date bears simple interest for each night from
the due date on. The whole late rate comes from an effective-dated policy; its contract part is ordinary interest
(``late_interest``), only the rest is ``default_interest``, which spares the grace days. Nothing bears interest but that
principal: no default interest on instalments not yet due (Civil and Commercial Code s.224/1), none on interest (s.224).

An instalment keeps exact integer sums of principal x nights x rate and rounds them half up when they are asked for, so
how a period is cut into pieces never changes a satang.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Literal, NamedTuple
from uuid import UUID

from services.debt.closing.domain import class_table, classify
from services.debt.errors import BackDatedEntry, PaymentInvalid
from services.debt.loans.domain import Instalment
from services.debt.loans.schedules.allocation import ORDERS, Open, Order, TransactionType, share_out
from shared.kernel.errors import FieldProblem
from shared.kernel.money import half_up

DAYS_IN_YEAR = 365
RATE_UNIT = 1_000_000
"""Rates enter the integer sums as millionths a year; a rate has at most six places."""
_BASIS_DIVISOR = DAYS_IN_YEAR * RATE_UNIT

LATE_RATE_MAX = Decimal("0.15")
"""Interest and default interest together, a year: the general ceiling of the law on excessive interest."""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """The late rate from a day on. ``kind`` says what ``rate`` means: the whole late rate by statute, or points above
    the contract's rate; never above ``cap`` in all. ``assumption`` marks what no law or decision fixes."""

    effective_from: date
    kind: Literal["statutory", "contract_plus"]
    rate: Decimal
    cap: Decimal
    grace_days: int
    source: str
    assumption: bool

    def whole_rate(self, contract_rate: Decimal) -> Decimal:
        """Interest on overdue principal in all, never below the contract's own rate unless the cap is."""
        by_policy = self.rate if self.kind == "statutory" else contract_rate + self.rate
        return min(max(by_policy, contract_rate), self.cap)


STATUTORY: tuple[PolicyVersion, ...] = (
    PolicyVersion(
        date.min, "statutory", Decimal("0.075"), LATE_RATE_MAX, 0, "Civil and Commercial Code s.224 before 2021", False
    ),
    PolicyVersion(
        date(2021, 4, 11), "statutory", Decimal("0.05"), LATE_RATE_MAX, 0,
        "Civil and Commercial Code s.7 (3 %) and s.224 (+2 %), amended 2021", False,
    ),
)  # fmt: skip
"""Where nothing was agreed on default."""

CONTRACT_PLUS_THREE: tuple[PolicyVersion, ...] = (
    STATUTORY[0],
    PolicyVersion(
        date(2021, 4, 1), "contract_plus", Decimal("0.03"), LATE_RATE_MAX, 15,
        "Bank of Thailand notice SorKorSor2 9/2563, by analogy; 15 days of grace", True,
    ),
)  # fmt: skip
"""The usual agreement: three points above the contract's rate."""


def late_version(on: date, versions: tuple[PolicyVersion, ...] = CONTRACT_PLUS_THREE) -> PolicyVersion:
    """The late rate in force on a day."""
    return max((version for version in versions if version.effective_from <= on), key=attrgetter("effective_from"))


class LateSpan(NamedTuple):
    """The late rates of one policy version for one contract rate, in millionths a year, from a day (an ordinal) on."""

    from_ordinal: int
    late_rate: int
    default_rate: int
    grace_days: int


class LatePolicy(NamedTuple):
    """A loan's late rates over time, ready for the inner loop. Make it with ``late_policy``."""

    starts: tuple[int, ...]
    spans: tuple[LateSpan, ...]


@lru_cache(maxsize=1024)
def late_policy(contract_rate: Decimal, versions: tuple[PolicyVersion, ...] = CONTRACT_PLUS_THREE) -> LatePolicy:
    """The late rates of a loan with this contract rate. The first version must reach back to the first day."""
    ordered = sorted(versions, key=attrgetter("effective_from"))
    if not ordered or ordered[0].effective_from != date.min:
        raise ValueError("the first policy version must be effective from date.min")
    spans = []
    for version in ordered:
        whole = version.whole_rate(contract_rate)
        contract_part = min(contract_rate, whole)
        spans.append(
            LateSpan(
                version.effective_from.toordinal(),
                _in_millionths(contract_part),
                _in_millionths(whole - contract_part),
                version.grace_days,
            )
        )
    return LatePolicy(tuple(span.from_ordinal for span in spans), tuple(spans))


class Line(NamedTuple):
    """What one payment settled of one instalment."""

    number: int
    fee: int
    default_interest: int
    late_interest: int
    interest: int
    principal: int


class Parts(NamedTuple):
    """A payment taken apart. The parts and the excess sum to its amount."""

    fee: int = 0
    default_interest: int = 0
    late_interest: int = 0
    interest: int = 0
    principal: int = 0
    excess: int = 0

    @property
    def amount(self) -> int:
        return sum(self)


class Allocation(NamedTuple):
    """What a payment did: a line per instalment it touched, the excess, and all instalments as they are after it."""

    lines: tuple[Line, ...]
    excess: int
    instalments: list[Instalment]

    @property
    def parts(self) -> Parts:
        """The sums over all lines."""
        if not self.lines:
            return Parts(excess=self.excess)
        _, fee, default_interest, late_interest, interest, principal = map(sum, zip(*self.lines, strict=True))
        return Parts(fee, default_interest, late_interest, interest, principal, self.excess)


def accrued_bases(instalment: Instalment, on: date, policy: LatePolicy) -> tuple[int, int]:
    """The instalment's two integer sums (late, default) brought up to the night before ``on``."""
    late, default = instalment.late_basis, instalment.default_basis
    due = instalment.due_on.toordinal()
    start = due if instalment.accrued_to is None else max(due, instalment.accrued_to.toordinal())
    end = on.toordinal()
    principal = instalment.principal - instalment.paid_principal
    if not principal or end <= start:
        return late, default
    starts, spans = policy
    index = bisect_right(starts, start) - 1
    while start < end:
        span = spans[index]
        until = end if index + 1 == len(starts) else min(end, starts[index + 1])
        late += principal * (until - start) * span.late_rate
        default_nights = until - max(start, due + span.grace_days)
        if default_nights > 0:
            default += principal * default_nights * span.default_rate
        start = until
        index += 1
    return late, default


def owed(instalment: Instalment, on: date, policy: LatePolicy) -> Open:
    """What is unpaid of an instalment on a day, lateness included. Scheduled parts count whether due or not."""
    return _open(instalment, *accrued_bases(instalment, on, policy))


def total_owed(instalments: Iterable[Instalment], on: date, policy: LatePolicy) -> Parts:
    """All that is unpaid of a loan on a day, instalments not yet due included. Nothing left: the loan is paid."""
    fee = default_interest = late_interest = interest = principal = 0
    for instalment in instalments:
        unpaid = owed(instalment, on, policy)
        fee += unpaid.fee
        default_interest += unpaid.default_interest
        late_interest += unpaid.late_interest
        interest += unpaid.interest
        principal += unpaid.principal
    return Parts(fee, default_interest, late_interest, interest, principal)


def allocate(
    instalments: Sequence[Instalment],
    amount: int,
    value_on: date,
    policy: LatePolicy,
    transaction: TransactionType = "payment",
) -> Allocation:
    """Share ``amount`` out over the instalments as of ``value_on``; what no instalment needs is the excess.

    ``instalments`` may come in any order and are returned in order of their due dates. ``value_on`` must not lie before
    the loan's last entry: a back-dated payment is a matter for ``replay``. Raises ``PaymentInvalid`` for an amount that
    is not positive and ``BackDatedEntry`` where interest has already been settled beyond ``value_on``.
    """
    if amount <= 0:
        raise PaymentInvalid(
            "a payment is more than nothing",
            "จำนวนเงินที่ชำระต้องมากกว่าศูนย์",
            [FieldProblem("amount", "out_of_range", "must be positive", "ต้องมากกว่าศูนย์")],
        )
    ordered = in_due_order(instalments)
    start = next((place for place, part in enumerate(ordered) if not _is_settled(part)), len(ordered))
    due_at = bisect_left(ordered, value_on, start, key=_due_on)
    later_at = bisect_right(ordered, value_on, due_at, key=_due_on)
    order = _order(ordered[start:due_at], value_on, transaction)

    def opened(from_place: int, to_place: int) -> Iterator[Open]:
        """Worked out when they are looked at: an amount reaches few of them."""
        for instalment in islice(ordered, from_place, to_place):
            unpaid = owed(instalment, value_on, policy)
            if any(unpaid):
                _refuse_back_dated(instalment, value_on)
            yield unpaid

    shared = share_out(opened(start, due_at), opened(due_at, later_at), opened(later_at, len(ordered)), amount, order)
    lines = []
    for first, taken in ((start, shared.past_due), (due_at, shared.due), (later_at, shared.in_advance)):
        for place, share in taken:
            instalment = ordered[first + place]
            lines.append(Line(instalment.number, *share))
            ordered[first + place] = _settled(instalment, share, value_on, policy)
    return Allocation(tuple(lines), shared.excess, ordered)


def _order(past_due: Iterable[Instalment], value_on: date, transaction: TransactionType) -> Order:
    """The order for a loan of the class that it has on ``value_on``, before the payment."""
    oldest_on = next((part.due_on for part in past_due if part.unpaid_principal or part.unpaid_interest), None)
    return ORDERS[classify(oldest_on, value_on, class_table(value_on)), transaction]


def in_due_order(instalments: Iterable[Instalment]) -> list[Instalment]:
    """A new list, oldest due date first; instalments of one date in order of their numbers."""
    return sorted(instalments, key=_due_order)


def waive_default_interest(
    instalments: Sequence[Instalment], value_on: date, policy: LatePolicy
) -> tuple[int, list[Instalment]]:
    """Waive all default interest accrued and unpaid on ``value_on``: the amount, and the instalments after it."""
    ordered = in_due_order(instalments)
    waived = 0
    for index, instalment in enumerate(ordered):
        amount = owed(instalment, value_on, policy).default_interest
        if amount:
            _refuse_back_dated(instalment, value_on)
            waived += amount
            ordered[index] = instalment._replace(waived_default_interest=instalment.waived_default_interest + amount)
    return waived, ordered


def overdue_reduced(lines: Iterable[Line], instalments: Iterable[Instalment], on: date) -> int:
    """What of the lines took overdue debt away: principal and scheduled interest of instalments overdue on ``on``."""
    overdue = {instalment.number for instalment in instalments if instalment.due_on < on}
    return sum(line.interest + line.principal for line in lines if line.number in overdue)


class Entry(NamedTuple):
    """Something that happened to a loan, by value date. ``entry_id`` orders entries of one date (UUIDv7: by arrival).

    A reversal names the payment it undoes in ``reverses``: that payment then never was. A waiver forgives all default
    interest accrued and unpaid at the start of its day.
    """

    entry_id: UUID
    kind: Literal["payment", "reversal", "waiver"]
    value_on: date
    amount: int = 0
    reverses: UUID | None = None
    transaction: TransactionType = "payment"


class Replay(NamedTuple):
    """A loan computed again: its instalments, and what each payment and waiver comes to."""

    instalments: list[Instalment]
    payments: dict[UUID, Allocation]
    waivers: dict[UUID, int]


def replay(opening: Sequence[Instalment], entries: Iterable[Entry], as_of: date, policy: LatePolicy) -> Replay:
    """Compute a loan from its opening instalments and every entry with a value date up to ``as_of``.

    The order in which entries arrived does not matter. A waiver counts before the payments of its day; book one by
    replay if the day already has payments. Raises ``PaymentInvalid`` if a reversal names no payment among the entries,
    and ``BackDatedEntry`` if an entry would settle an overdue row before its opening position.
    """
    known = list(entries)
    payments = {entry.entry_id: entry for entry in known if entry.kind == "payment"}
    reversed_ids: set[UUID] = set()
    for entry in known:
        if entry.kind == "reversal":
            if entry.reverses is None or entry.reverses not in payments:
                raise PaymentInvalid(
                    "a reversal must name a payment of its loan", "รายการยกเลิกต้องอ้างถึงรายการชำระของสัญญาเดียวกัน"
                )
            reversed_ids.add(entry.reverses)
    counted = sorted(
        (
            entry
            for entry in known
            if entry.kind != "reversal" and entry.value_on <= as_of and entry.entry_id not in reversed_ids
        ),
        # A waiver counts from the start of its day, before that day's payments.
        key=lambda entry: (entry.value_on, entry.kind == "payment", entry.entry_id),
    )
    state = in_due_order(opening)
    allocations: dict[UUID, Allocation] = {}
    waivers: dict[UUID, int] = {}
    for entry in counted:
        if entry.kind == "waiver":
            waivers[entry.entry_id], state = waive_default_interest(state, entry.value_on, policy)
        else:
            allocations[entry.entry_id] = allocate(state, entry.amount, entry.value_on, policy, entry.transaction)
            state = allocations[entry.entry_id].instalments
    return Replay(state, allocations, waivers)


def _in_millionths(rate: Decimal) -> int:
    millionths = rate * RATE_UNIT
    if millionths != int(millionths):
        raise ValueError(f"the rate {rate} has more than six places")
    return int(millionths)


_due_on = attrgetter("due_on")


def _due_order(instalment: Instalment) -> tuple[date, int]:
    return instalment.due_on, instalment.number


def _open(instalment: Instalment, late_basis: int, default_basis: int) -> Open:
    return Open(
        instalment.fee - instalment.paid_fee,
        half_up(default_basis, _BASIS_DIVISOR) - instalment.paid_default_interest - instalment.waived_default_interest,
        half_up(late_basis, _BASIS_DIVISOR) - instalment.paid_late_interest,
        instalment.interest - instalment.paid_interest,
        instalment.principal - instalment.paid_principal,
    )


def _is_settled(instalment: Instalment) -> bool:
    """Whether nothing can be owed: all scheduled parts are paid and no late interest ever accrued."""
    return (
        instalment.paid_principal == instalment.principal
        and instalment.paid_interest == instalment.interest
        and instalment.paid_fee == instalment.fee
        and not instalment.late_basis
        and not instalment.default_basis
    )


def _settled(instalment: Instalment, share: Open, value_on: date, policy: LatePolicy) -> Instalment:
    """An instalment after its share of a payment."""
    after = instalment._replace(
        paid_fee=instalment.paid_fee + share.fee,
        paid_default_interest=instalment.paid_default_interest + share.default_interest,
        paid_late_interest=instalment.paid_late_interest + share.late_interest,
        paid_interest=instalment.paid_interest + share.interest,
        paid_principal=instalment.paid_principal + share.principal,
    )
    if share.principal and value_on > instalment.due_on:
        # Only a change of the principal ends a stretch of accrual: the sums do not depend on how often one looks.
        late_basis, default_basis = accrued_bases(instalment, value_on, policy)
        after = after._replace(accrued_to=value_on, late_basis=late_basis, default_basis=default_basis)
    return after


def _refuse_back_dated(instalment: Instalment, value_on: date) -> None:
    if instalment.accrued_to is not None and value_on < instalment.accrued_to:
        raise BackDatedEntry(
            f"instalment {instalment.number} is settled up to {instalment.accrued_to}; the value date is {value_on}",
            f"งวดที่ {instalment.number} คำนวณถึงวันที่ {instalment.accrued_to} แล้ว แต่วันที่มีผลคือ {value_on}",
        )
