"""A schedule calculator written apart from the engine, from the rules alone, to check the engine by.

It knows none of the engine's types: it takes the JSON of a preview and gives rows of satang. It walks night by night,
adds up exact fractions, and finds level instalments by present values; slow, and as plain as it can be.
"""

from datetime import date
from fractions import Fraction

from tests.services.debt.loans.schedules.nights import ONE_DAY, Body, Calendar, day, half_up, satang


class Row:
    def __init__(self, due: date, weight: Fraction) -> None:
        self.due, self.weight = due, weight
        self.principal = self.interest = self.paid_principal = self.paid_interest = 0
        self.agreed = 0  # interest that does not come from a balance
        self.lifted = 0  # interest that a set row before left to this one
        self.amount: int | None = None
        self.leaves = (0, 0)
        self.foreseen = self.foreseen_late = Fraction(0)  # what its interest was worked out from
        self.missed = 0  # by how much it was worked out wrongly, as a change made of it after it was paid
        self.made_good: list[tuple[Row, int]] = []  # the later paid rows that have paid for that, and how much
        self.of_past = 0  # what it has paid for rows that are past
        self.over = 0  # what of the last row's is left over
        self.is_set = self.no_principal = self.interest_waits = self.is_paid = self.has_too_much = False

    @property
    def unpaid(self) -> int:
        return self.principal + self.interest - self.paid_principal - self.paid_interest


class Calculator:
    """One loan, from the day of disbursement to its end."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.calendar = Calendar(body)
        self.currency = satang(body.get("currency_multiple", "0.01"))
        multiple = satang(body.get("instalment_multiple", "0.01"))
        self.multiple = next(
            m for m in range(multiple, multiple * self.currency + 1, multiple) if m % self.currency == 0
        )
        self.start = day(body["disbursed_on"])
        self.drawn = satang(body["principal"])
        self.rows = [Row(due, weight) for due, weight in self.calendar.first_dues(body)]
        for index, row in enumerate(self.rows):
            row.no_principal = index < body.get("principal_grace", 0)
            row.interest_waits = index < body.get("interest_grace", 0)
        self.closed: list[Row] = []
        self.today = self.start
        self.balance = self.drawn
        self.draws = [(self.start, self.drawn)]
        self.own = self.late = Fraction(0)
        self.left_unpaid = 0  # interest of set rows and late rows that the next row takes
        self.waiting = 0  # interest in grace
        self.missed = 0  # interest that changes made of nights in rows that were paid before
        self.aged = False
        self.flat_on = self.drawn if body["method"] == "flat" else 0
        self.flat_so_far = self.flat_before = self.late_before = Fraction(0)
        self.nights_of_row: list[tuple[date, int, int, int]] = []  # night, and what bore it
        self.agreed_pool = self.agreed_gone = 0
        self.excess = 0
        self.after_end = Fraction(0)
        self.final: Row | None = None
        known = [day(p["on"]) for p in body.get("payments", [])]
        known += [day(c["on"]) for c in body.get("changes", []) if c["type"] in ("re_age", "re_amortise")]
        self.known_until = day(body["as_of"]) if "as_of" in body else max(known, default=None)
        self.pay_off: int | None = None

    # --- levelling ---

    @property
    def shared(self) -> bool:
        return self.aged or self.body["method"] == "flat"

    def open_rows(self) -> list[Row]:
        return self.rows[len(self.closed) :]

    def free_rows(self) -> list[Row]:
        return [row for row in self.open_rows() if not row.is_paid]

    def start_of(self, row: Row) -> date:
        index = self.rows.index(row)
        return self.rows[index - 1].due if index else self.start

    def level(self, rows: list[Row], taken_over: int = 0) -> None:
        """New instalments for the free rows, on the principal that is left for them."""
        if not rows:
            return
        self.foresee(in_between=True)
        before = self.open_rows()[: self.open_rows().index(rows[0])]
        principal = self.balance - sum(row.principal for row in self.open_rows() if row in before or row.is_paid)
        for row in rows:
            row.is_set = False
        interest_only = 0
        while interest_only < len(rows) - 1 and rows[interest_only].no_principal:
            interest_only += 1
        if self.shared:
            self.agreed_pool += taken_over
            self.level_shares(rows, principal, interest_only)
        elif self.body["method"] == "equal_instalment":
            self.level_annuity(rows, principal, interest_only, taken_over, bool(before))
        else:
            self.level_declining(rows, principal, interest_only, taken_over, bool(before))
        partly = [index for index, row in enumerate(rows[:-1]) if row.paid_principal][:1]
        for index in partly:
            self.foresee()
            if rows[index].has_too_much:
                rows[index].amount = None
                self.level(rows[index + 1 :])

    def interests(
        self, rows: list[Row], balance: int, totals: list[int | None], extra: int, later: bool
    ) -> list[tuple[int, int, int]]:
        """(principal, interest, what of ``extra`` is in it) of rows that pay given totals; the last pays all."""
        table, last = [], len(rows) - 1
        for index, (row, total) in enumerate(zip(rows, totals, strict=True)):
            begun = index == 0 and not later
            if begun and self.today > self.start_of(row):
                exact = self.own + self.late + self.calendar.nights(self.today, row.due) * self.balance
            else:
                exact = self.calendar.nights(self.start_of(row), row.due) * balance
            own = half_up(exact, self.currency)
            taken = extra if total is None or index == last else min(extra, max(total - own, 0))
            extra -= taken
            principal = balance if index == last else min(max((total or 0) - own - taken, 0), balance)
            table.append((principal, own + taken, taken))
            balance -= principal
        return table

    def payable(self, value: Fraction) -> int:
        return half_up(value, self.multiple) or half_up(value, self.currency)

    def level_annuity(self, rows: list[Row], principal: int, interest_only: int, extra: int, later: bool) -> None:
        extra += sum(row.agreed for row in rows)
        paying = rows[interest_only:]
        exact = self.level_of(paying, principal, 0 if interest_only else extra)
        candidates = [[None] * interest_only + [self.payable(exact * row.weight) for row in paying]]
        table = self.interests(rows, principal, candidates[0], extra, later)
        off = sum(table[-1][:2]) - (candidates[0][-1] or 0)
        if abs(off) > len(paying) // 2:
            weights = sum(row.weight for row in paying)
            moved = [
                self.payable(Fraction(self.payable(exact * row.weight) + half_up(off * row.weight / weights)))
                for row in paying
            ]
            other = self.interests(rows, principal, [None] * interest_only + moved, extra, later)
            if abs(sum(other[-1][:2]) - moved[-1]) < abs(off):
                table = other
        for index, (row, (paid, interest, taken)) in enumerate(zip(rows, table, strict=True)):
            row.amount = None if index < interest_only else paid + interest + row.lifted
            row.agreed = taken

    def level_of(self, rows: list[Row], principal: int, extra: int) -> Fraction:
        """The instalment of weight 1 whose first rows pay ``extra`` first: the present value of them all is what is
        owed, and what rows of interest alone leave of ``extra`` is worth a period less with the row that ends it."""
        costs = [self.calendar.nights(self.start_of(row), row.due) for row in rows]
        owed, weights = Fraction(extra), Fraction(0)
        for done in range(len(rows)):
            worth, discount = Fraction(0), Fraction(1)
            for row, cost in zip(rows[done:], costs[done:], strict=True):
                discount /= 1 + cost
                worth += row.weight * discount
            level = (principal + owed / (1 + costs[done])) / (worth + weights / (1 + costs[done]))
            owed += principal * costs[done]
            weights += rows[done].weight
            if not extra or level * weights >= owed:
                break
        return level

    def shares(self, rows: list[Row], principal: int, interest_only: int) -> list[int]:
        if self.body["method"] == "bullet" and not self.aged:
            return [0] * (len(rows) - 1) + [principal]
        left, shares = principal, [0] * interest_only
        percent = None if self.aged else self.body.get("principal_percent")
        weights = sum(row.weight for row in rows[interest_only:])
        unit = 1 if self.multiple > self.currency else self.currency  # rounded once: with the instalment, or here
        for row in rows[interest_only:-1]:
            if percent:
                share = half_up(self.drawn * Fraction(percent) / 100, unit)
            else:
                share = half_up(principal * row.weight / weights, unit)
            shares.append(min(share, left))
            left -= shares[-1]
        return [*shares, left]

    def level_declining(self, rows: list[Row], principal: int, interest_only: int, extra: int, later: bool) -> None:
        shares = self.shares(rows, principal, interest_only)
        owed = left = extra + sum(row.agreed for row in rows)
        spread = []
        for _ in rows[:-1]:
            spread.append(min(half_up(Fraction(owed, len(rows)), self.currency), left))
            left -= spread[-1]
        spread.append(left)
        balance, last = principal, len(rows) - 1
        for index, (row, share, more) in enumerate(zip(rows, shares, spread, strict=True)):
            if index == 0 and not later and self.today > self.start_of(row):
                exact = self.own + self.late + self.calendar.nights(self.today, row.due) * self.balance
            else:
                exact = self.calendar.nights(self.start_of(row), row.due) * balance
            interest = half_up(exact, self.currency)
            if self.multiple > self.currency and share and index < last:
                share = max(self.payable(Fraction(share + interest)) - interest, 0)
            share = balance if index == last else min(share, balance)
            balance -= share
            only_interest = index < interest_only or (self.body["method"] == "bullet" and index < last)
            row.agreed = more
            row.amount = None if only_interest else share + interest + more + row.lifted

    def level_shares(self, rows: list[Row], principal: int, interest_only: int) -> None:
        shares = self.shares(rows, principal, interest_only)
        pool = self.pool_left(rows[0])
        weights = sum(row.weight for row in rows)
        interests, left = [], pool
        for row in rows[:-1]:
            interests.append(min(half_up(pool * row.weight / weights, self.currency), left))
            left -= interests[-1]
        interests.append(left)
        balance = principal
        for index, (row, share, interest) in enumerate(zip(rows, shares, interests, strict=True)):
            if self.multiple > self.currency and share and index < len(rows) - 1:
                rounded = half_up(Fraction(share), self.multiple) + half_up(Fraction(interest), self.multiple)
                rounded = rounded or half_up(Fraction(share + interest), self.currency)
                share = min(max(rounded - interest, 0), balance)
            if index == len(rows) - 1:
                share = balance
            balance -= share
            row.agreed = interest
            row.amount = None if index < interest_only else share + interest + row.lifted

    def pool_left(self, first: Row) -> int:
        end = self.last_free()[0].due
        to_come = self.flat_on * self.calendar.nights(self.today, end) if self.flat_on else Fraction(0)
        before = sum(row.agreed for row in self.open_rows()[: self.open_rows().index(first)])
        whole = self.agreed_pool + half_up(self.flat_so_far + to_come, self.currency)
        return max(0, whole - self.agreed_gone - before)

    # --- rows falling due ---

    def settle(self, row: Row, own: Fraction, late: Fraction, carry: list[int], last: bool, kept: int) -> None:
        """Fill in one row. ``carry`` holds balance, interest left unpaid and interest in grace, and is moved on."""
        balance, left_unpaid, waiting = carry
        due = row.agreed + half_up(own + late, self.currency) + left_unpaid
        owing, due, left_unpaid = min(due, 0), max(due, 0), 0
        row.foreseen, row.foreseen_late = own + late, late
        ahead = sum(other.paid_principal for other in self.rows[self.rows.index(row) + 1 :])
        if last:
            principal, interest = balance - kept, due + owing + waiting
            interest, owing, waiting = max(interest, 0), min(interest, 0), 0
            too_much = min(max(row.paid_interest - interest, 0), principal - row.paid_principal)
            row.paid_interest, row.paid_principal = row.paid_interest - too_much, row.paid_principal + too_much
        elif row.is_set:
            interest = min(due + waiting, row.amount or 0)
            left_unpaid, waiting = due + waiting - interest, 0
            principal = min((row.amount or 0) - interest, balance - ahead)
        else:
            if row.amount is None:
                principal, interest = 0, due
            else:
                ceiling = max(row.amount, row.agreed + half_up(own, self.currency))
                interest = min(due, ceiling)
                left_unpaid = due - interest
                paid = row.paid_interest - (0 if row.interest_waits else waiting)
                principal = min(max(row.amount - max(interest, paid), 0), balance - ahead)
            if row.interest_waits:
                waiting, interest = waiting + interest, 0
            else:
                interest, waiting = interest + waiting, 0
        owing += min(interest - row.paid_interest, 0)
        row.over = owing if last else 0
        row.has_too_much = principal < row.paid_principal
        row.principal = max(principal, row.paid_principal)
        row.interest = max(interest, row.paid_interest)
        carry[:] = [balance - row.principal, left_unpaid + owing, waiting]

    def last_free(self) -> tuple[Row, int]:
        rows, kept = self.open_rows(), 0
        while len(rows) > 1 and rows[-1].is_paid:
            kept += rows[-1].principal
            rows = rows[:-1]
        return rows[-1], kept

    def foresee(self, *, in_between: bool = False) -> None:
        """The open rows, if all that is unpaid were paid now; ``in_between``: amid a change that goes on."""
        if not self.open_rows():
            return
        carry = [self.balance, self.left_unpaid + self.missed, self.waiting]
        final, kept = self.last_free()
        late = self.late
        for index, row in enumerate(self.open_rows()):
            own = self.own if index == 0 else Fraction(0)
            if not self.shared:
                own += self.calendar.nights(max(self.start_of(row), self.today), row.due) * carry[0]
            if row.is_paid:
                carry[0] -= row.principal
                row.missed = self.missed_by(row, own)
                carry[1] += row.missed - sum(amount for _, amount in row.made_good)
                continue
            paid = row.paid_principal, row.paid_interest
            self.settle(row, own, late, carry, row is final, kept)
            if in_between:
                row.paid_principal, row.paid_interest = paid
            row.leaves, late = (carry[1], carry[2]), Fraction(0)

    def fall_due(self) -> None:
        row = self.open_rows()[0]
        self.drop_following()
        final, kept = self.last_free()
        if row.is_paid:
            self.balance -= row.principal
            self.missed += self.missed_by(row, self.own) - sum(amount for _, amount in row.made_good)
            for other, amount in row.made_good:
                other.of_past += amount
        else:
            carry = [self.balance, self.left_unpaid + self.missed, self.waiting]
            self.missed = 0
            self.settle(row, self.own, self.late, carry, row is final, kept)
            self.balance, self.left_unpaid, self.waiting = carry
            if row is final:
                self.final, self.after_end = row, self.own + self.late
            self.late = Fraction(0)
        self.own = Fraction(0)
        self.flat_before, self.late_before, self.nights_of_row = self.flat_so_far, self.late, []
        self.agreed_gone += row.agreed
        self.closed.append(row)

    def missed_by(self, row: Row, own: Fraction) -> int:
        """What the nights of a paid row cost beyond what it paid for them; may be less than nothing."""
        if self.shared:
            return 0
        return half_up(own + row.foreseen_late, self.currency) - half_up(row.foreseen, self.currency)

    def overdue(self) -> int:
        if self.known_until is None or self.today >= self.known_until:
            return 0
        return sum(row.principal - row.paid_principal for row in self.closed)

    def pass_night(self) -> None:
        cost, overdue = (
            self.calendar.night(self.today) if self.overdue() or self.open_rows() else Fraction(0),
            self.overdue(),
        )
        if self.open_rows():
            balance = 0 if self.shared else self.balance
            self.nights_of_row.append((self.today, balance, overdue, self.flat_on))
            self.flat_so_far += self.flat_on * cost
            if not self.shared:
                self.own += self.balance * cost
        if self.final is None:
            self.late += overdue * cost
        elif overdue:
            before = half_up(self.after_end, self.currency)
            self.after_end += overdue * cost
            due = self.final.interest + self.final.over + half_up(self.after_end, self.currency) - before
            self.final.interest = max(due, self.final.paid_interest)
            self.final.over = due - self.final.interest
        self.today += ONE_DAY

    # --- events ---

    def run(self) -> "Calculator":
        self.level(self.rows)
        changes = self.body.get("changes", [])
        self.drops = {day(c["due_on"]) for c in changes if c["type"] == "drop_instalment"}
        while self.rows[0].due in self.drops:
            self.drop(0)
        dated = [(self.when(c), c) for c in changes if c["type"] != "drop_instalment"]
        by_due_date = ("move_due_date", "drop_instalment", "extend", "principal_holiday", "re_amortise",
                       "set_instalment", "add_instalment")  # fmt: skip
        by_night = ("interest_pause", "rate_change", "drawdown", "re_age")
        end = max([self.known_until or self.start, *(on for on, _ in dated)])
        while self.open_rows() or self.today <= end:
            today = [c for kind in by_due_date for on, c in dated if on == self.today and c["type"] == kind]
            kinds = [c["type"] for c in today]
            first = kinds.index("re_amortise") if "re_amortise" in kinds else len(kinds)
            for change in today[:first]:
                self.apply(change)
            while self.open_rows() and self.open_rows()[0].due in self.drops:
                self.drop(len(self.closed))
            if self.open_rows() and self.open_rows()[0].due == self.today:
                self.drop_following()
            for amount in sorted(
                satang(p["amount"]) for p in self.body.get("payments", []) if day(p["on"]) == self.today
            ):
                self.pay(amount)
            for change in today[first:]:
                self.apply(change)
            while self.open_rows() and self.open_rows()[0].due == self.today:
                self.fall_due()
            for kind in by_night:
                for change in [c for on, c in dated if on == self.today and c["type"] == kind]:
                    self.apply(change)
            if "as_of" in self.body and self.today == self.known_until:
                self.pay_off = sum(self.owed_today())
            while self.open_rows() and self.open_rows()[0].due == self.today:
                self.fall_due()  # a re-aged row may be due on the day of the re-ageing
            self.pass_night()
        return self

    def apply(self, change: Body) -> None:
        getattr(self, change["type"])(change)
        self.foresee()

    def when(self, change: Body) -> date:
        if change["type"] == "move_due_date":
            return min(day(change["from"]), day(change["to"]))
        return day(change.get("from") or change.get("on") or change["due_on"])

    def pay(self, amount: int) -> None:
        self.foresee()
        left = self.share_out(amount, self.closed)
        if not left:
            return  # it reaches no row that is not due yet, and settles none of them
        self.excess += self.share_out(left, self.open_rows())
        settled = [row for row in self.free_rows() if row.unpaid == 0 < row.paid_interest + row.paid_principal]
        for row in self.free_rows()[: self.free_rows().index(settled[-1]) + 1] if settled else ():
            # Its interest is paid, with all that had gathered for it.
            row.is_paid, self.late, self.late_before = True, Fraction(0), Fraction(0)
            self.left_unpaid, self.waiting = row.leaves
            row.of_past, self.missed = row.of_past + self.missed, 0
            for before in self.open_rows()[: self.open_rows().index(row)]:
                if before.is_paid:
                    before.made_good.append((row, before.missed - sum(amount for _, amount in before.made_good)))

    def share_out(self, amount: int, rows: list[Row]) -> int:
        for row in rows:
            interest = min(amount, row.interest - row.paid_interest)
            principal = min(amount - interest, row.principal - row.paid_principal)
            row.paid_interest += interest
            row.paid_principal += principal
            amount -= interest + principal
        return amount

    def owed_today(self) -> tuple[int, int]:
        principal = sum(row.principal - row.paid_principal for row in self.closed)
        interest = sum(row.interest - row.paid_interest for row in self.closed)
        rows = self.open_rows()
        if rows:
            principal += self.balance - sum(row.paid_principal for row in rows)
            interest += self.interest_so_far() - self.paid_ahead()
        elif self.final is not None:
            interest += self.final.over
        return principal, max(interest, -principal)

    def paid_ahead(self) -> int:
        return sum(row.paid_interest for row in self.open_rows())

    def interest_so_far(self) -> int:
        first, *later = self.open_rows()
        if self.shared:
            exact, agreed = self.flat_so_far + self.late, self.agreed_pool - self.agreed_gone
            # Rows settled ahead took no more of the sum agreed than their share; the rest of theirs was late or waited.
            ahead = [row for row in self.open_rows() if row.is_paid]
            agreed += sum(row.interest - row.agreed - half_up(row.foreseen, self.currency) for row in ahead)
            exact += sum(row.foreseen for row in ahead)
        elif first.is_paid:
            so_far = first.interest + self.missed_by(first, self.own)
            return so_far + sum(first.leaves) + self.missed + sum(row.agreed + row.of_past for row in later)
        else:
            exact, agreed = self.own + self.late, self.missed + sum(row.agreed for row in self.open_rows())
        return half_up(exact, self.currency) + agreed + self.left_unpaid + self.waiting

    def rate_change(self, change: Body) -> None:
        self.calendar.rate_from[self.today] = Fraction(change.get("annual_rate") or change["period_rate"])
        self.level(self.free_rows())

    def interest_pause(self, change: Body) -> None:
        self.calendar.pauses.append((day(change["from"]), day(change["to"])))
        rows = self.free_rows()
        if self.shared and rows:
            left = self.pool_left(rows[0])
            for row in rows[:-1]:
                row.agreed = min(row.agreed, left)
                left -= row.agreed
            rows[-1].agreed = left

    def drawdown(self, change: Body) -> None:
        amount = satang(change["amount"])
        self.balance += amount
        self.drawn += amount
        self.draws.append((self.today, amount))
        if self.shared:
            self.flat_on += amount
        self.level(self.free_rows())

    def extend(self, change: Body) -> None:
        self.append(change["instalments"])
        self.level(self.free_rows())

    def append(self, count: int) -> None:
        # A row that was paid ahead may fall due after the last of the rule; the nights before it are the next period's.
        previous = min(self.rows[-1].due, self.calendar.regular(self.calendar.next_index - 1))
        self.rows += [Row(due, weight) for due, weight in self.calendar.more_dues(count, previous)]

    def principal_holiday(self, change: Body) -> None:
        rows = self.free_rows()
        self.append(change["instalments"])
        for row in rows[: change["instalments"]]:
            row.no_principal = True
        self.level(self.free_rows())

    def move_due_date(self, change: Body) -> None:
        index = next(i for i, row in enumerate(self.rows) if row.due == day(change["from"]))
        rows = [row for row in self.rows[index:] if not row.is_paid]
        moved = self.calendar.move([row.due for row in rows], day(change["to"]), self.start_of(rows[0]))
        for row, due in zip(rows, moved, strict=True):
            row.due = due
        self.rows[index:] = sorted(self.rows[index:], key=lambda row: row.due)
        if index == len(self.closed) and self.calendar.day_count in ("30/360", "per_period"):
            self.own, self.late, self.flat_so_far = Fraction(0), self.late_before, self.flat_before
            for night, balance, overdue, flat_on in self.nights_of_row:
                cost = self.calendar.night(night)
                self.own += cost * balance
                self.late += cost * overdue
                self.flat_so_far += cost * flat_on
        self.level(rows)

    def set_instalment(self, change: Body) -> None:
        self.hold(self.open_rows()[0], satang(change["amount"]))

    def add_instalment(self, change: Body) -> None:
        following = self.open_rows()[0]
        row = Row(self.today, following.weight)
        self.rows.insert(len(self.closed), row)
        if self.shared:
            self.level(self.free_rows())
        self.hold(row, satang(change["amount"]))

    def hold(self, row: Row, amount: int) -> None:
        row.amount, row.is_set, row.no_principal, row.interest_waits = amount, True, False, False
        self.foresee()
        due = row.agreed + half_up(self.own + self.late, self.currency) + self.left_unpaid + self.waiting
        due += self.missed
        rows = [other for other in self.free_rows() if other is not row]
        rows[0].lifted = max(0, due - row.interest)  # a credit comes off its interest, and its amount stays
        self.level(rows)

    def drop_following(self) -> None:
        while len(self.closed) + 1 < len(self.rows) and self.rows[len(self.closed) + 1].due in self.drops:
            self.drop(len(self.closed) + 1)

    def drop(self, index: int) -> None:
        self.drops.remove(self.rows[index].due)
        dropped = self.rows.pop(index)
        for row in self.rows[index : index + 1]:
            row.lifted = dropped.lifted + (0 if dropped.is_set else row.lifted)
        rows = self.rows[min(index, len(self.rows) - 1) :]
        self.level([row for row in rows if row in self.free_rows()], 0 if self.shared else dropped.agreed)
        self.foresee()

    def re_age(self, change: Body) -> None:
        self.foresee()
        principal, interest = self.owed_today()
        interest = max(interest, 0)
        if change.get("interest") == "full":
            interest = sum(row.interest - row.paid_interest for row in self.rows)
        kept = [row for row in self.open_rows() if row.paid_principal or row.paid_interest]
        for row in [*self.closed, *kept]:
            row.principal, row.interest = row.paid_principal, row.paid_interest
            row.agreed = 0
        for row in kept:
            row.is_paid, row.foreseen, row.foreseen_late = True, Fraction(0), Fraction(0)
        every = change.get("every", {"count": 1, "unit": "month"})
        dues = self.calendar.begin_anew(self.today, day(change["start_on"]), every, change["instalments"])
        new = [Row(due, weight) for due, weight in dues]
        self.rows = self.closed + sorted([*kept, *new], key=lambda row: row.due)
        self.balance = principal + sum(row.principal for row in kept)
        self.own = self.late = self.flat_so_far = self.flat_before = self.late_before = Fraction(0)
        self.nights_of_row = []
        self.left_unpaid = self.waiting = self.missed = self.flat_on = 0
        self.final = None
        self.aged, self.agreed_pool, self.agreed_gone = True, interest, 0
        multiple, self.multiple = self.multiple, self.currency
        self.level_shares(new, principal, 0)
        self.multiple = multiple

    def re_amortise(self, change: Body) -> None:
        unpaid = sum(row.interest - row.paid_interest for row in self.closed)
        self.balance += sum(row.principal - row.paid_principal for row in self.closed)
        for row in self.closed:
            row.principal, row.interest = row.paid_principal, row.paid_interest
        self.level(self.free_rows(), unpaid)

    def table(self) -> list[tuple[str, int, int, int]]:
        """(due date, principal, interest, balance) of every row."""
        table, paid_off = [], 0
        for row in self.rows:
            paid_off += row.principal
            drawn = sum(amount for on, amount in self.draws if on <= row.due)
            table.append((row.due.isoformat(), row.principal, row.interest, drawn - paid_off))
        return table
