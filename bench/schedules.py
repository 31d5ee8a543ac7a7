"""What the schedule engine does in which time: ``python -m bench.schedules`` prints a row of JSON each.

Times are the least of several runs of the work itself, so that what else the machine does is not measured.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import numpy as np

from bench.load import latencies_of
from services.debt.loans.schedules.explanation import shown_rows
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import preview_schedule
from services.debt.loans.schedules.table import build_schedule
from services.debt.loans.schedules.terms import MONTHLY, DayCount, LoanTerms, Method
from services.debt.loans.schedules.vectorised import Book, schedule_book

ROWS = 120
LOANS = 100_000
PREVIEW = {
    "principal": "1000000.00", "annual_rate": "0.0850", "method": "equal_instalment", "disbursed_on": "2022-01-15",
    "instalments": ROWS,
}  # fmt: skip
Row = dict[str, Any]


def row(name: str, what: str, value: float, unit: str, must: float | None, aim: float | None) -> Row:
    """One figure; met when it is at most what it must be."""
    met = None if must is None else value <= must
    return {"id": name, "what": what, "value": round(value, 4), "unit": unit, "must": must, "aim": aim, "met": met}


def least(work: Callable[[], object], times: int) -> float:
    """The least seconds of several runs."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def terms(day_count: DayCount) -> LoanTerms:
    """A level loan of ten years."""
    return LoanTerms(
        100_000_000, Decimal("0.085"), date(2022, 1, 15), Method.EQUAL_INSTALMENT, day_count, MONTHLY, ROWS
    )  # fmt: skip


def book(day_count: DayCount) -> Book:
    """A book of level loans of ten years: principals and rates differ, under actual/365 the nights as well."""
    random = np.random.default_rng(7)
    principal = random.integers(50_000_00, 1_000_000_00, LOANS)
    rate = random.integers(50, 121, LOANS) * 1_000
    if day_count is DayCount.THIRTY_360:
        parts, days = np.full((1, LOANS), 30), 360
    else:
        parts, days = random.integers(28, 32, (ROWS, LOANS)), 365
    divisor = np.gcd(rate, 1_000_000)
    numerators = parts * (rate // divisor)
    denominators = np.broadcast_to((1_000_000 // divisor) * days, numerators.shape)
    return Book(Method.EQUAL_INSTALMENT, ROWS, principal, numerators, denominators, (1,) * ROWS)


def explained(loan: LoanTerms) -> None:
    """A schedule with every row's explanation."""
    for _ in shown_rows(build_schedule(loan)):
        pass


def preview(*, late: bool) -> None:
    """The whole answer of a preview, from the parsed body to its bytes."""
    body: dict[str, Any] = dict(PREVIEW)
    if late:
        body["changes"] = [{"type": "rate_change", "from": "2023-02-15", "annual_rate": "0.0600"}]
        body["payments"] = [{"on": f"2022-{month:02d}-20", "amount": "12398.57"} for month in range(2, 12)]
        body["as_of"] = "2023-03-03"
    preview_schedule(SchedulePreview.model_validate(body))


async def preview_under_load(client: httpx2.AsyncClient, *, connections: int = 32, seconds: float = 10) -> Row:
    """The preview over HTTP by a client with a token for ``loan:read``: each connection asks again when it is answered.

    For the runner that has a suite; ``main`` measures without a server.
    """
    durations: list[float] = []
    ends = time.perf_counter() + seconds

    async def ask() -> None:
        while (started := time.perf_counter()) < ends:
            answer = await client.post("/debt/v1/schedule-previews", json=PREVIEW)
            durations.append(time.perf_counter() - started)
            answer.raise_for_status()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(ask())
    p95 = latencies_of(durations, seconds).p95_ms
    return row("preview-load", f"a preview of {ROWS} rows over HTTP, {connections} clients, p95", p95, "ms", 20, None)


def measure() -> Iterator[Row]:
    """Every figure of the engine."""
    for day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_365, DayCount.ACTUAL_ACTUAL):
        loan = terms(day_count)
        what = f"one schedule of {ROWS} rows with explanations, {day_count}"
        yield row(f"schedule-{day_count}", what, least(partial(explained, loan), 200) * 1e3, "ms", 1, 0.3)
    for day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_365):
        loans = book(day_count)
        what = f"a book of {LOANS:,} loans of {ROWS} rows, {day_count}, a loan"
        seconds = least(partial(schedule_book, loans), 5)
        yield row(f"schedule-book-{day_count}", what, seconds / LOANS * 1e6, "us", 5, 2)
    yield row(
        "preview-plain",
        "a preview's answer, terms only",
        least(partial(preview, late=False), 100) * 1e3,
        "ms",
        None,
        None,
    )
    what = "a preview's answer, a rate change and ten late payments"
    yield row("preview-late", what, least(partial(preview, late=True), 50) * 1e3, "ms", None, None)


def main() -> None:
    """Print a row of JSON for each figure."""
    for figure in measure():
        print(json.dumps(figure))


if __name__ == "__main__":
    main()
