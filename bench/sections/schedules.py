"""The schedule engine: one schedule with its explanations, a whole book, and previews over HTTP.

Times of the arithmetic are the least of several runs of the work itself, so that what else the machine does is not
measured.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from os import cpu_count
from typing import Any

import numpy as np

from bench.load import Request, load
from bench.machine import Api, Machine
from bench.results import Row, Table
from bench.sizes import Sizes
from services.debt.loans.schedules.explanation import explained_schedule
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import preview_schedule
from services.debt.loans.schedules.table import build_schedule
from services.debt.loans.schedules.terms import MONTHLY, DayCount, LoanTerms, Method
from services.debt.loans.schedules.vectorised import Book, schedule_book

IDS = ("schedule", "preview")

ROWS = 120
ROWS_OF_A_YEAR = 12
LOANS = 100_000
CONNECTIONS = 32
LARGEST_CONNECTIONS = 8
PAUSE_SECONDS = 0.2  # far less than a person takes to look at a schedule
PREVIEW: dict[str, Any] = {
    "principal": "1000000.00", "annual_rate": "0.0850", "method": "equal_instalment", "disbursed_on": "2022-01-15",
    "instalments": ROWS,
}  # fmt: skip
LATE = PREVIEW | {
    "changes": [{"type": "rate_change", "from": "2023-02-15", "annual_rate": "0.0600"}],
    "payments": [{"on": f"2022-{month:02d}-20", "amount": "12398.57"} for month in range(2, 12)],
    "as_of": "2023-03-03",
}
LARGEST = PREVIEW | {
    "principal": "10000000.00",
    "annual_rate": "0.1200",
    "day_count": "actual/actual",
    "instalments": 550,
    "changes": [
        {"type": "rate_change", "from": str(date(2022, 3, 1) + timedelta(days=300 * number)),
         "annual_rate": f"0.1{number:02d}"}
        for number in range(50)
    ],
    "payments": [
        {"on": str(date(2022, 1, 16) + timedelta(days=15 * number)), "amount": "51000.00"} for number in range(1_000)
    ],
}  # fmt: skip


async def measure(machine: Machine, sizes: Sizes, table: Table) -> None:
    """The arithmetic alone, then previews as a partner asks for them."""
    for day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_365, DayCount.ACTUAL_ACTUAL):
        seconds = least(partial(explained, terms_of_months(day_count)), 400)
        what = f"one schedule of {ROWS} rows with explanations, {day_count}"
        table.add(Row(f"schedule-{day_count}", what, seconds * 1e3, "ms", 1, 0.3))
    for day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_365):
        seconds = least(partial(schedule_book, book(day_count)), 5)
        what = f"a book of {LOANS:,} loans of {ROWS} rows, {day_count}, per loan"
        table.add(Row(f"schedule-book-{day_count}", what, seconds / LOANS * 1e6, "us", 5, 2))
    for name, body, times, what in (
        ("preview-plain", PREVIEW, 50, "terms only"),
        ("preview-late", LATE, 50, "a rate change and ten late payments"),
        ("preview-largest", LARGEST, 3, "550 rows, 50 changes of the rate and 1,000 payments"),
    ):
        seconds = least(partial(preview, body), times)
        table.add(Row(name, f"a preview's answer without its way over HTTP, {what}", seconds * 1e3, "ms"))
    every = cpu_count() or 1
    apis = [await machine.start_api("debt") for _ in range(every)]
    bare = {
        rows: [await machine.start_bare_api(len(preview(previews(rows)[0]))) for _ in range(every)]
        for rows in (ROWS_OF_A_YEAR, ROWS)
    }
    for name, rows, processes, pause_seconds, what in (
        ("preview-year", ROWS_OF_A_YEAR, 1, 0, "without a pause, one api process"),
        ("preview-year-all", ROWS_OF_A_YEAR, every, 0, f"without a pause, {every} api processes"),
        ("preview-load", ROWS, 1, 0, "without a pause, one api process"),
        ("preview-load-all", ROWS, every, 0, f"without a pause, {every} api processes"),
        ("preview-clients", ROWS, 1, PAUSE_SECONDS, f"{PAUSE_SECONDS * 1000:g} ms after its last answer"),
    ):
        alone, found = [
            await load(
                [api.address for api in asked[:processes]],
                apis[0].token("loan:read", ["TH"]),
                [_request(body) for body in previews(rows)],
                connections=CONNECTIONS,
                seconds=sizes.load_seconds,
                pause_seconds=pause_seconds,
            )
            for asked in (bare[rows], apis)
        ]
        said = f"a preview of {rows} rows over HTTP, {CONNECTIONS} connections, each {what}, p95"
        table.add(Row(name, said, found.p95_ms, "ms", 20, bare=alone.p95_ms))
    await _beside_the_largest(apis[0], sizes, table)


async def _beside_the_largest(api: Api, sizes: Sizes, table: Table) -> None:
    """What a quick preview takes while others never stop to ask one process for the largest."""
    token, largest = api.token("loan:read", ["TH"]), [_request(LARGEST)]
    seconds = sizes.load_seconds
    others = asyncio.create_task(
        load([api.address], token, largest, connections=LARGEST_CONNECTIONS, seconds=seconds + 1, warm_seconds=0)
    )
    quick = [_request(body) for body in previews(ROWS_OF_A_YEAR)]
    found = await load([api.address], token, quick, connections=1, seconds=seconds)
    await others
    what = f"a preview of {ROWS_OF_A_YEAR} rows while {LARGEST_CONNECTIONS} connections ask for the largest, p95"
    table.add(Row("preview-beside-largest", what, found.p95_ms, "ms"))


def _request(body: dict[str, Any]) -> Request:
    return Request("/debt/v1/schedule-previews", "POST", json.dumps(body))


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


def terms_of_months(day_count: DayCount) -> Iterator[LoanTerms]:
    """The loan disbursed in one month after another, so that no calendar is remembered from the one before."""
    for month in itertools.count():
        yield replace(terms(day_count), disbursed_on=date(2000 + month // 12, month % 12 + 1, 15))


def explained(loans: Iterator[LoanTerms]) -> None:
    """A schedule with every row's explanation."""
    explained_schedule(build_schedule(next(loans)))


def previews(rows: int) -> list[dict[str, Any]]:
    """What many ask in one month: principals and rates of their own, disbursed on any day of it."""
    return [
        PREVIEW | {
            "principal": f"{100_000 + 7_919 * number}.00",
            "annual_rate": f"0.0{600 + 25 * (number % 9)}",
            "disbursed_on": f"2022-01-{1 + number % 28:02d}",
            "instalments": rows,
        }
        for number in range(56)
    ]  # fmt: skip


def preview(body: dict[str, Any]) -> bytes:
    """The whole answer of a preview, from the parsed body to its bytes."""
    return preview_schedule(SchedulePreview.model_validate(body))
