"""Goal: every table of ``independent_tables.jsonl`` comes out to the satang, on both paths.

The tables were made from the text of the rules alone by a second hand, in exact fractions, without the engine and
without the calculator beside it: one calculator can share a misreading with what it checks. Those with a source are
figures that other people published. They are data, because a table that is worked out again by code of this
repository would follow that code. A line is one loan: the request, (due date, principal, interest, balance) of each
row in satang, and the pay-off where the request names a day. A line changes only when a rule is read differently, and
that belongs into decision 9.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import terms_of_preview
from services.debt.loans.schedules.vectorised import schedule_terms
from shared.kernel.money import parse_baht
from tests.services.debt.loans.schedules.bodies import answer, rows_of_answer

LINES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("independent_tables.jsonl").read_text("utf-8").splitlines()
]
HISTORY = {"changes", "payments", "as_of"}


def test_the_tables_cover_what_a_request_can_say() -> None:
    requests = [line["request"] for line in LINES]
    assert len(requests) >= 300
    assert sum(line["source"] is not None for line in LINES) >= 10
    assert {request["method"] for request in requests} == {
        "equal_instalment", "equal_principal", "fixed_principal_percent", "flat", "bullet",
    }  # fmt: skip
    assert len({request["day_count"] for request in requests}) == 6
    assert len({change["type"] for request in requests for change in request.get("changes", [])}) == 11
    assert sum("payments" in request for request in requests) >= 50


@pytest.mark.parametrize("line", [pytest.param(line, id=line["name"]) for line in LINES])
def test_table_is_the_independent_one(line: dict[str, Any]) -> None:
    found = answer(line["request"])
    assert [list(row) for row in rows_of_answer(found)] == line["rows"]
    assert parse_baht(found["totals"]["interest"]) == sum(interest for _, _, interest, _ in line["rows"])
    if "pay_off" in line:
        assert parse_baht(found["pay_off"]) == line["pay_off"]


def test_book_is_the_independent_one() -> None:
    lines = [line for line in LINES if not HISTORY & line["request"].keys()]
    terms = [terms_of_preview(SchedulePreview.model_validate(line["request"])) for line in lines]
    assert len(lines) >= 100
    for line, (principal, interest) in zip(lines, schedule_terms(terms), strict=True):
        assert [row[1] for row in line["rows"]] == list(principal), line["name"]
        assert [row[2] for row in line["rows"]] == list(interest), line["name"]
