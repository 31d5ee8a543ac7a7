"""When the calculator's rows fall due by the contract's rule, and what each night between them costs."""

from calendar import isleap, monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Body = dict[str, Any]
ONE_DAY = timedelta(days=1)
IN_360 = {"day": 1, "week": 7, "month": 30, "year": 360}


def satang(text: str) -> int:
    return int(Fraction(text) * 100)


def half_up(value: Fraction, multiple: int = 1) -> int:
    steps = value / multiple
    sign = -1 if steps < 0 else 1
    return sign * multiple * int(abs(steps) + Fraction(1, 2))


def day(text: str) -> date:
    return date.fromisoformat(text)


def month_later(anchor: date, months: int, month_end: str) -> date:
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    last = monthrange(year, month)[1]
    if anchor.day <= last:
        return date(year, month, anchor.day)
    return date(year, month, last) if month_end == "clamp" else date(year, month, last) + ONE_DAY


def step(anchor: date, every: Body, times: int, month_end: str) -> date:
    count = every.get("count", 1) * times
    if every["unit"] in ("day", "week"):
        return anchor + timedelta(days=count * IN_360[every["unit"]])
    return month_later(anchor, count * (12 if every["unit"] == "year" else 1), month_end)


Dues = list[tuple[date, Fraction]]  # due dates, and the weights of their instalments


class Calendar:
    """The due dates, by name or by a rule that goes on after the last, and what part of a balance a night costs."""

    def __init__(self, body: Body) -> None:
        self.month_end = body.get("month_end", "clamp")
        self.day_count = body.get("day_count") or ("per_period" if "period_rate" in body else "30/360")
        self.start = day(body["disbursed_on"])
        self.rate_from = {self.start: Fraction(body.get("annual_rate") or body["period_rate"])}
        self.pauses: list[tuple[date, date]] = []
        self.part_of: dict[date, Fraction] = {}
        self.harvest_month: date | None = None
        self.harvest_day: int | None = None
        self.is_named = "due_dates" in body
        self.next_index = 0

    def first_dues(self, body: Body) -> Dues:
        if self.is_named:
            return [(due, Fraction(1)) for due in self.measure_all_named(map(day, body["due_dates"]), self.start)]
        self.every = body.get("every", {"count": 1, "unit": "month"})
        if body.get("harvest_months"):
            self.harvest_rule(body)
        else:
            usual = step(self.start, self.every, 1, self.month_end)
            first = day(body["first_due_on"]) if "first_due_on" in body else usual
            self.anchor, self.anchor_index = (self.start, -1) if first == usual else (first, 0)
        return self.more_dues(body["instalments"], self.start)

    def more_dues(self, count: int, previous: date) -> Dues:
        dues = []
        for index in range(self.next_index, self.next_index + count):
            due = self.regular(index)
            dues.append((due, self.weight(index)))
            self.measure(previous, due, (due - self.regular(index - 1)).days, self.regular_days(index))
            previous = due
        self.next_index += count
        return dues

    def begin_anew(self, on: date, first: date, every: Body, count: int) -> Dues:
        self.every = every
        self.anchor, self.anchor_index, self.harvest_month = first, 0, None
        self.is_named, self.next_index = False, 0
        self.forget_nights(on)
        return self.more_dues(count, on)

    def move(self, dues: list[date], to: date, previous: date) -> list[date]:
        """The last due dates of all, their first moved to another date and the others after it."""
        self.forget_nights(previous)
        if self.is_named:
            return self.measure_all_named([due + (to - dues[0]) for due in dues], previous)
        number = self.next_index - len(dues)
        if self.harvest_month is None:
            self.anchor, self.anchor_index = to, number
        else:
            self.harvest_day = to.day
        moved = [to, *(self.regular(index) for index in range(number + 1, self.next_index))]
        for index, due in enumerate(moved, start=number):
            nights = (self.regular(index) - self.regular(index - 1)).days
            self.measure(previous, due, nights, self.regular_days(index))
            previous = due
        return moved

    # --- the rule ---

    def weight(self, index: int) -> Fraction:
        return Fraction(1) if self.harvest_month is None else self.weights[self.harvest(index).month]

    def regular(self, index: int) -> date:
        """Due date ``index`` of the rule, from 0; the rule goes on in both directions."""
        if self.harvest_month is None:
            return step(self.anchor, self.every, index - self.anchor_index, self.month_end)
        month = self.harvest(index)
        last = monthrange(month.year, month.month)[1]
        if self.harvest_day is None or self.harvest_day > last:
            rolls = self.harvest_day is not None and self.month_end == "roll"
            return month.replace(day=last) + (ONE_DAY if rolls else timedelta())
        return month.replace(day=self.harvest_day)

    def regular_days(self, index: int) -> int:
        """The length of the period that ends on due date ``index``, in days of a year of 360."""
        if self.harvest_month is None:
            return int(IN_360[self.every["unit"]] * self.every.get("count", 1))
        month, before = self.harvest(index), self.harvest(index - 1)
        return 30 * ((month.year - before.year) * 12 + month.month - before.month)

    def harvest(self, index: int) -> date:
        """The first day of harvest month ``index``."""
        month = self.harvest_month or self.start
        for _ in range(abs(index)):
            month = month_later(month, 1 if index > 0 else -1, "clamp")
            while month.month not in self.weights:
                month = month_later(month, 1 if index > 0 else -1, "clamp")
        return month

    def harvest_rule(self, body: Body) -> None:
        self.weights = {h["month"]: Fraction(h.get("weight", "1")) for h in body["harvest_months"]}
        if "first_due_on" in body:
            first = day(body["first_due_on"])
            self.harvest_month, self.harvest_day = first.replace(day=1), first.day
            return
        month = month_later(self.start.replace(day=1), 1, "clamp")
        while month.month not in self.weights:
            month = month_later(month, 1, "clamp")
        self.harvest_month, self.harvest_day = month, None

    # --- nights ---

    def measure(self, start: date, end: date, full_nights: int, days_of_360: int) -> None:
        """What part of a year each night of a period is, where the period itself says so."""
        whole = Fraction(1) if self.day_count == "per_period" else Fraction(days_of_360, 360)
        night = start
        while night < end:
            self.part_of[night] = whole / full_nights
            night += ONE_DAY

    def forget_nights(self, since: date) -> None:
        self.part_of = {night: part for night, part in self.part_of.items() if night < since}

    def measure_all_named(self, dues: Iterable[date], previous: date) -> list[date]:
        measured = []
        for due in dues:
            self.measure_named(previous, due)
            measured.append(due)
            previous = due
        return measured

    def measure_named(self, start: date, end: date) -> None:
        if self.day_count == "per_period":
            self.measure(start, end, (end - start).days, 0)
            return
        months = 0
        while month_later(end, -(months + 1), "clamp") >= start:
            months += 1
        forward = (end.year - start.year) * 12 + end.month - start.month
        if forward and month_later(start, forward, "clamp") == end:
            self.measure(start, end, (end - start).days, 30 * forward)
            return
        edge = month_later(end, -months, "clamp")
        if edge > start:
            self.measure(start, edge, (edge - month_later(end, -months - 1, "clamp")).days, 30)
        self.measure(edge, end, (end - edge).days, 30 * months)

    def night(self, on: date) -> Fraction:
        """The part of the balance that the night beginning on a date costs."""
        by_part = self.day_count in ("30/360", "per_period")
        if by_part and on not in self.part_of:
            self.go_on(on)  # also for a night that bears none: what follows is measured from the last due date on
        if any(first <= on <= last for first, last in self.pauses):
            return Fraction(0)
        rate = self.rate_from[max(since for since in self.rate_from if since <= on)]
        if by_part:
            return rate * self.part_of[on]
        if self.day_count == "actual/actual":
            return rate / (366 if isleap((on + ONE_DAY).year) else 365)
        return rate / int(self.day_count.split("/")[1])

    def nights(self, start: date, end: date) -> Fraction:
        total = Fraction(0)
        while start < end:
            total += self.night(start)
            start += ONE_DAY
        return total

    def go_on(self, night: date) -> None:
        """Nights after the last due date are measured as if the loan went on."""
        if self.is_named:
            self.measure_named(night, night + timedelta(days=31))
            return
        index = self.next_index
        while self.regular(index) <= night:
            index += 1
        end = self.regular(index)
        self.measure(night, end, (end - self.regular(index - 1)).days, self.regular_days(index))
