"""The year's figures computed again, by arithmetic that shares nothing with the services.

Two sources, neither of them a read model: the files that were sent in, and the owners' tables of what was agreed
(instalments) and what was done (allocation lines, payments, deliveries). Amounts are satang.

**Overdue.** An instalment is overdue at the close of day t when it fell due before t. OD(t) of a loan is the principal
and scheduled interest of its overdue instalments, less what postings up to t have settled of them.

**Parts.** A posting on day d takes from overdue debt what it settles of instalments that fell due before d; what it
settles of others keeps them from becoming overdue. An instalment becomes overdue with what is unpaid when its due date
has passed. So OD(t0) - OD(t) = what postings took, by channel - what became overdue.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

CHANNEL_PARTS = {
    "cash": "cash",
    "transfer": "cash",
    "produce": "produce",
    "savings_set_off": "set_off",
    "share_set_off": "set_off",
}
"""Which part of the change a channel's money counts in."""

PARTS = ("cash", "produce", "set_off", "waived", "written_off", "rescheduled", "left_cohort", "newly_overdue")
HUNDREDTHS_OF_PERCENT = 100 * 100


@dataclass(frozen=True, slots=True)
class Due:
    """An instalment as agreed."""

    number: int
    due_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What one posting settled of one instalment: principal and scheduled interest together, negative when undone."""

    number: int
    posted_on: date
    channel: str
    amount: int


@dataclass(slots=True)
class LoanBook:
    """A loan: what is due of it, and what was settled."""

    loan_id: str
    cooperative_id: str
    loan_number: str
    dues: list[Due] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    member_id: str = ""

    def overdue(self, day: date) -> int:
        """OD at the close of a day."""
        numbers = {due.number: due.amount for due in self.dues if due.due_on < day}
        paid = sum(one.amount for one in self.settled if one.posted_on <= day and one.number in numbers)
        return sum(numbers.values()) - paid

    def change(self, after: date, until: date) -> Counter[str]:
        """The parts of OD(after) - OD(until): what took overdue debt away, and (negative) what was added to it."""
        due_on = {due.number: due.due_on for due in self.dues}
        parts: Counter[str] = Counter()
        for one in self.settled:
            if after < one.posted_on <= until and due_on[one.number] < one.posted_on:
                parts[CHANNEL_PARTS[one.channel]] += one.amount
        for due in self.dues:
            if after <= due.due_on < until:
                # Its first overdue day begins: what was posted up to the due date itself has been settled in time.
                in_time = sum(
                    one.amount for one in self.settled if one.number == due.number and one.posted_on <= due.due_on
                )
                parts["newly_overdue"] -= due.amount - in_time
        return parts


@dataclass(frozen=True)
class CohortFigure:
    """K01 of some co-operatives at a day."""

    baseline: int
    overdue: int
    parts: Mapping[str, int]

    @property
    def change(self) -> int:
        """What the overdue debt has fallen by."""
        return self.baseline - self.overdue

    @property
    def percent_hundredths(self) -> int | None:
        """K01 in hundredths of a percent, a half rounded away from zero; None without a cohort."""
        return None if not self.baseline else rounded_quotient(self.change * HUNDREDTHS_OF_PERCENT, self.baseline)

    @property
    def gap(self) -> int:
        """What the parts leave unexplained: 0, or something is wrong."""
        return self.change - sum(self.parts.values())


def cohort_figure(books: Iterable[LoanBook], baseline_on: date, day: date) -> CohortFigure:
    """K01 and its parts over those of the loans that were overdue at the baseline."""
    baseline = overdue = 0
    parts: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
    for book in books:
        at_baseline = book.overdue(baseline_on)
        if not at_baseline:
            continue
        baseline += at_baseline
        overdue += book.overdue(day)
        for part, amount in book.change(baseline_on, day).items():
            parts[part] += amount
    return CohortFigure(baseline, overdue, dict(parts))


def by_cooperative(books: Iterable[LoanBook]) -> dict[str, list[LoanBook]]:
    """The books of each co-operative."""
    found: defaultdict[str, list[LoanBook]] = defaultdict(list)
    for book in books:
        found[book.cooperative_id].append(book)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Received:
    """Money that came in for a loan, or went back (negative)."""

    cooperative_id: str
    channel: str
    amount: int
    posted_on: date


@dataclass(frozen=True)
class Recovery:
    """K17: what was deducted from produce, of all that was collected."""

    produce: int
    collected: int

    @property
    def percent_hundredths(self) -> int | None:
        """K17 in hundredths of a percent; None when nothing was collected."""
        return None if not self.collected else rounded_quotient(self.produce * HUNDREDTHS_OF_PERCENT, self.collected)


def recovery(received: Iterable[Received], first: date, last: date) -> Recovery:
    """K17 of what was posted from a day to another."""
    produce = collected = 0
    for one in received:
        if first <= one.posted_on <= last:
            collected += one.amount
            produce += one.amount if one.channel == "produce" else 0
    return Recovery(produce, collected)


@dataclass(frozen=True, slots=True)
class Sale:
    """A delivery of produce as the file states it. Kilograms in thousandths, the share in ten-thousandths."""

    cooperative_code: str
    delivery_number: str
    kilogram_thousandths: int
    price_per_kilogram: int
    savings_share_units: int

    @property
    def gross(self) -> int:
        """Its worth, rounded half up once."""
        return rounded_quotient(self.kilogram_thousandths * self.price_per_kilogram, 1_000)

    @property
    def savings(self) -> int:
        """What is put aside, rounded half up once."""
        return rounded_quotient(self.gross * self.savings_share_units, 10_000)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as livelihood has divided it."""

    delivery_id: str
    cooperative_id: str
    delivery_number: str
    status: str
    deduction_share_units: int
    gross: int
    debt: int
    savings: int
    paid: int
    held: int


def faults_of_delivery(delivery: Delivery, sale: Sale | None, applied: int) -> list[str]:
    """What is wrong with a delivery at the end of the year; empty when nothing is.

    Args:
        delivery: as it stands.
        sale: as it was sent in; None when it was weighed by hand.
        applied: what debt has applied of it and not undone.
    """
    faults = []
    if delivery.held:
        faults.append(f"{delivery.held} satang are still held")
    if delivery.gross != delivery.debt + delivery.savings + delivery.paid + delivery.held:
        faults.append("gross is not debt + savings + paid + held")
    if delivery.debt != applied:
        faults.append(f"livelihood says {delivery.debt} satang paid the debt, debt says {applied}")
    if delivery.status not in ("settled", "reversed"):
        faults.append(f"it is {delivery.status}")
    if delivery.debt > rounded_quotient(delivery.gross * delivery.deduction_share_units, 10_000):
        faults.append("more than the agreed share went to the debt")
    if sale is not None and delivery.status != "reversed":
        if delivery.gross != sale.gross:
            faults.append(f"gross is {delivery.gross} and not {sale.gross} satang")
        if delivery.savings != sale.savings:
            faults.append(f"savings are {delivery.savings} and not {sale.savings} satang")
    return faults


def rounded_quotient(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, a half away from zero; the denominator is positive."""
    whole, rest = divmod(abs(numerator), denominator)
    whole += 2 * rest >= denominator
    return whole if numerator >= 0 else -whole


def differences(expected: Mapping[str, int], found: Mapping[str, int], names: Sequence[str] | None = None) -> list[str]:
    """Where two accounts of the same figures differ, in words."""
    keys = names if names is not None else sorted({*expected, *found})
    return [
        f"{key}: {found.get(key, 0)} satang and not {expected.get(key, 0)}"
        for key in keys
        if expected.get(key, 0) != found.get(key, 0)
    ]
