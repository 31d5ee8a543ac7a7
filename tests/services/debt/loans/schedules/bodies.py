"""Loans as the preview takes them: named ones for tables, and any at all for properties."""

from datetime import date, timedelta
from itertools import combinations
from typing import Any

import orjson
from hypothesis import strategies as st

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import preview_schedule
from shared.kernel.money import format_baht, parse_baht

Body = dict[str, Any]

METHODS = ("equal_instalment", "equal_principal", "fixed_principal_percent", "flat", "bullet")
DAY_COUNTS = ("30/360", "actual/365", "actual/360", "actual/364", "actual/actual", "per_period")

LOAN: Body = {
    "principal": "100000.00", "annual_rate": "0.0850", "method": "equal_instalment", "day_count": "30/360",
    "disbursed_on": "2023-10-15", "instalments": 9,
}  # fmt: skip
CALENDARS: dict[str, Body] = {
    "monthly": {},
    "short_first": {"first_due_on": "2023-11-01"},
    "long_first": {"first_due_on": "2023-12-20"},
    "every_10_days": {"every": {"count": 10, "unit": "day"}},
    "weekly": {"every": {"count": 1, "unit": "week"}},
    "quarterly_clamp": {"every": {"count": 3, "unit": "month"}, "disbursed_on": "2023-08-31"},
    "monthly_roll": {"disbursed_on": "2023-12-31", "month_end": "roll"},
    "yearly_leap": {"every": {"count": 1, "unit": "year"}, "disbursed_on": "2024-02-29", "instalments": 3},
    "one_harvest": {"harvest_months": [{"month": 11}], "instalments": 3},
    "two_harvests": {"harvest_months": [{"month": 4, "weight": "1"}, {"month": 11, "weight": "2.5"}], "instalments": 5},
    "harvest_on_the_30th_roll": {
        "harvest_months": [{"month": 2, "weight": "1"}, {"month": 8, "weight": "3"}], "first_due_on": "2024-08-30",
        "month_end": "roll", "instalments": 4,
    },
    "dates": {"due_dates": ["2023-11-30", "2024-02-29", "2024-04-15", "2024-10-15"], "instalments": 4},
}  # fmt: skip
ROUNDINGS: dict[str, Body] = {
    "to_the_baht": {"instalment_multiple": "1"},
    "to_20": {"instalment_multiple": "20"},
    "to_100": {"instalment_multiple": "100"},
    "quarters": {"currency_multiple": "0.25"},
    "whole_baht_to_20": {"currency_multiple": "1", "instalment_multiple": "20"},
}
GRACES: dict[str, Body] = {
    "principal_grace": {"principal_grace": 3},
    "interest_grace": {"interest_grace": 3},
    "both_graces": {"principal_grace": 2, "interest_grace": 4},
}
CHANGES: dict[str, Body] = {
    "rate_change": {"type": "rate_change", "from": "2024-01-28", "annual_rate": "0.0600"},
    "extend": {"type": "extend", "from": "2024-02-15", "instalments": 3},
    "move_due_date": {"type": "move_due_date", "from": "2024-03-15", "to": "2024-03-31"},
    "principal_holiday": {"type": "principal_holiday", "from": "2024-02-01", "instalments": 2},
    "interest_pause": {"type": "interest_pause", "from": "2024-02-20", "to": "2024-04-03"},
    "drawdown": {"type": "drawdown", "on": "2024-01-20", "amount": "25000.00"},
    "re_age": {
        "type": "re_age", "on": "2024-03-20", "start_on": "2024-04-30", "instalments": 7,
        "every": {"count": 1, "unit": "month"}, "interest": "to_date",
    },
    "re_age_full": {
        "type": "re_age", "on": "2024-04-02", "start_on": "2024-04-15", "instalments": 5,
        "every": {"count": 2, "unit": "month"}, "interest": "full",
    },
    "re_amortise": {"type": "re_amortise", "on": "2024-02-26"},
    "set_instalment": {"type": "set_instalment", "due_on": "2024-02-15", "amount": "5000.00"},
    "set_to_nothing": {"type": "set_instalment", "due_on": "2024-01-15", "amount": "0.00"},
    "add_instalment": {"type": "add_instalment", "due_on": "2024-03-01", "amount": "7500.00"},
    "drop_instalment": {"type": "drop_instalment", "due_on": "2024-02-15"},
}  # fmt: skip
PAYMENTS = [{"on": "2023-11-15", "amount": "11506.31"}, {"on": "2023-12-27", "amount": "9000.00"}]


def body(method: str = "equal_instalment", day_count: str = "30/360", **fields: Any) -> Body:
    """The loan under a method and a day count, with the fields that these need."""
    loan = {**LOAN, "method": method, "day_count": day_count, **fields}
    if method == "fixed_principal_percent":
        loan.setdefault("principal_percent", "7.5")
    if day_count == "per_period":
        del loan["annual_rate"]
        loan.setdefault("period_rate", "0.0123")
    return loan


def named_bodies() -> dict[str, Body]:
    """Every method with every day count, and every calendar, rounding, grace and change, and pairs of them."""
    named = {f"{method}-{day_count}": body(method, day_count) for method in METHODS for day_count in DAY_COUNTS}
    for name, fields in CALENDARS.items():
        named |= {f"{name}-{method}": body(method, **fields) for method in METHODS}
        named |= {f"{name}-{day_count}": body(day_count=day_count, **fields) for day_count in DAY_COUNTS[1:]}
    for name, fields in {**ROUNDINGS, **GRACES}.items():
        named |= {f"{name}-{method}": body(method, **fields) for method in METHODS}
    named |= {f"{a}-{b}": body(**ROUNDINGS[a], **GRACES[b]) for a in ROUNDINGS for b in GRACES}
    named["flat-by-percent"] = body("flat", principal_percent="6")
    named["flat-by-percent-to-20"] = body("flat", principal_percent="6", instalment_multiple="20")
    for name, change in CHANGES.items():
        named |= {f"{name}-{method}": body(method, changes=[change]) for method in METHODS}
        named[f"{name}-actual"] = body(day_count="actual/actual", changes=[change])
        named[f"{name}-paid"] = body(changes=[change], payments=PAYMENTS, as_of="2024-04-05")
    for one, other in combinations(CHANGES, 2):
        if {one, other} == {"set_instalment", "drop_instalment"}:
            continue  # both of the same row: refused
        named[f"{one}+{other}"] = body(changes=[CHANGES[other], CHANGES[one]])
        paid = {"payments": PAYMENTS, "as_of": "2024-05-20"}
        named[f"{one}+{other}-paid"] = body(
            "equal_principal", "actual/365", changes=[CHANGES[one], CHANGES[other]], **paid
        )
    for name in ("monthly", "short_first", "weekly", "two_harvests"):
        late = {**CALENDARS[name], "payments": PAYMENTS, "as_of": "2024-03-03"}
        named |= {f"late-{name}-{method}": body(method, **late) for method in METHODS}
    later = {"type": "rate_change", "from": "2024-05-01", "annual_rate": "0.0400"}
    for method in METHODS:
        named[f"late-and-later-another-rate-{method}"] = body(
            method, changes=[later], payments=PAYMENTS[:1], as_of="2024-02-20"
        )
    named["so-late-that-interest-exceeds-the-instalment"] = body(
        "equal_principal", annual_rate="0.3000", every={"count": 1, "unit": "year"}, instalments=12, as_of="2034-01-01"
    )
    named["a-credit-before-an-added-row"] = body(
        changes=[
            {"type": "interest_pause", "from": "2023-10-25", "to": "2023-11-10"},
            {"type": "add_instalment", "due_on": "2023-11-20", "amount": "0.00"},
        ],
        payments=[{"on": "2023-10-20", "amount": "11506.31"}],
    )
    named["a-pause-within-a-pause"] = body(
        day_count="actual/365",
        changes=[
            {"type": "interest_pause", "from": "2024-01-21", "to": "2024-02-21"},
            {"type": "interest_pause", "from": "2024-01-23", "to": "2024-01-24"},
        ],
    )
    named["late-after-the-end"] = body(payments=PAYMENTS, as_of="2024-11-30")
    return named


def answer(loan: Body) -> Body:
    """What the preview answers."""
    found: Body = orjson.loads(preview_schedule(SchedulePreview.model_validate(loan)))
    return found


def rows_of_answer(found: Body) -> list[tuple[str, int, int, int]]:
    """(due date, principal, interest, balance) of every row, in satang; its total is their sum."""
    assert all(
        parse_baht(row["total"]) == parse_baht(row["principal"]) + parse_baht(row["interest"]) for row in found["rows"]
    )
    return [
        (row["due_on"], parse_baht(row["principal"]), parse_baht(row["interest"]), parse_baht(row["balance"]))
        for row in found["rows"]
    ]


# --- Any loan at all --------------------------------------------------------------------------------------------------

_rates = st.integers(0, 300_000).map(lambda millionths: f"{millionths / 1_000_000:.6f}")
_units = st.sampled_from(["day", "week", "month", "month"])


@st.composite
def any_terms(draw: st.DrawFn, *, rows_max: int = 9) -> Body:
    """A contract of any method, day count, frequency, rounding and grace."""
    disbursed_on = draw(st.dates(date(2022, 1, 1), date(2025, 12, 31)))
    instalments = draw(st.integers(1, rows_max))
    loan: Body = {
        "principal": format_baht(draw(st.integers(10_000, 10**8))),
        "method": draw(st.sampled_from(METHODS)),
        "day_count": draw(st.sampled_from(DAY_COUNTS)),
        "disbursed_on": disbursed_on.isoformat(),
        "instalments": instalments,
        "month_end": draw(st.sampled_from(["clamp", "roll"])),
        "principal_grace": draw(st.integers(0, instalments - 1)) if draw(st.booleans()) else 0,
        "interest_grace": draw(st.integers(0, instalments - 1)) if draw(st.booleans()) else 0,
        "instalment_multiple": draw(st.sampled_from(["0.01", "0.01", "1", "20", "100"])),
        "currency_multiple": draw(st.sampled_from(["0.01", "0.01", "0.25", "1"])),
    }
    loan["period_rate" if loan["day_count"] == "per_period" else "annual_rate"] = draw(_rates)
    if loan["method"] == "fixed_principal_percent" or (loan["method"] == "flat" and draw(st.booleans())):
        loan["principal_percent"] = f"{draw(st.integers(1, 10_000 // instalments)) / 100:.2f}"
    calendar = draw(st.sampled_from(["every", "every", "harvest", "dates"]))
    if calendar == "every":
        loan["every"] = {"count": draw(st.integers(1, 2)), "unit": draw(_units)}
        if draw(st.booleans()):
            loan["first_due_on"] = (disbursed_on + timedelta(days=draw(st.integers(1, 90)))).isoformat()
    elif calendar == "harvest":
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
        loan["harvest_months"] = [{"month": month, "weight": str(draw(st.integers(1, 9)))} for month in months]
    else:
        gaps = draw(st.lists(st.integers(1, 90), min_size=instalments, max_size=instalments))
        days = [disbursed_on + timedelta(days=sum(gaps[: place + 1])) for place in range(instalments)]
        loan["due_dates"] = [day.isoformat() for day in days]
    return loan


@st.composite
def any_history(draw: st.DrawFn) -> Body:
    """A contract with changes and payments, less the changes that the loan refuses."""
    loan = draw(any_terms())
    due_on = [row[0] for row in rows_of_answer(answer(loan))]
    first, last = date.fromisoformat(loan["disbursed_on"]), date.fromisoformat(due_on[-1])
    kinds = st.sampled_from(sorted({change["type"] for change in CHANGES.values()}))
    loan["changes"] = [draw(_change(kind, loan, due_on, first, last)) for kind in draw(st.lists(kinds, max_size=3))]
    principal = parse_baht(loan["principal"])
    days = st.dates(first, last + timedelta(days=40)).map(date.isoformat)
    amounts = st.integers(1, principal // 2).map(format_baht)
    payments = draw(st.lists(st.fixed_dictionaries({"on": days, "amount": amounts}), max_size=4))
    if payments:
        loan["payments"] = payments
    if draw(st.booleans()):
        latest = [payment["on"] for payment in payments]
        latest += [change["on"] for change in loan["changes"] if change["type"] in ("re_age", "re_amortise")]
        loan["as_of"] = max([draw(days), *latest])
    while True:
        try:
            answer(loan)
        except LoanTermsInvalid:
            if not loan["changes"]:
                raise
            loan["changes"].pop()
        else:
            return loan


@st.composite
def _change(draw: st.DrawFn, kind: str, loan: Body, due_on: list[str], first: date, last: date) -> Body:
    day = draw(st.dates(first, last))
    later = (day + timedelta(days=draw(st.integers(0, 60)))).isoformat()
    on, due = day.isoformat(), draw(st.sampled_from(due_on))
    amount = format_baht(draw(st.integers(0, parse_baht(loan["principal"]) // 3)))
    rate = "period_rate" if loan["day_count"] == "per_period" else "annual_rate"
    every = {"count": draw(st.integers(1, 2)), "unit": draw(st.sampled_from(["week", "month"]))}
    few = draw(st.integers(1, 4))
    interest = draw(st.sampled_from(["to_date", "full"]))
    fields: dict[str, Body] = {
        "rate_change": {"from": on, rate: draw(_rates)},
        "extend": {"from": on, "instalments": few},
        "move_due_date": {"from": due, "to": on},
        "principal_holiday": {"from": on, "instalments": few},
        "interest_pause": {"from": on, "to": later},
        "drawdown": {"on": on, "amount": amount},
        "re_age": {"on": on, "start_on": later, "instalments": few, "every": every, "interest": interest},
        "re_amortise": {"on": on},
        "set_instalment": {"due_on": due, "amount": amount},
        "add_instalment": {"due_on": on, "amount": amount},
        "drop_instalment": {"due_on": due},
    }  # fmt: skip
    return {"type": kind, **fields[kind]}
