"""The page of worked schedules: the examples of the API, worked by the engine when the page is generated."""

from collections.abc import Iterator

import orjson

from services.debt.loans.schedules.examples import EXAMPLES, Example
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import preview_schedule

PATH = "docs/schedules.md"
_HEAD = """# Schedules, worked

`POST /debt/v1/schedule-previews` answers what terms come to, and what has happened to a loan since. It stores nothing
and needs the scope `loan:read`. This page is generated: the figures are what the engine answers. The rules are in the
modules of `services/debt/loans/schedules/`; what they leave open is decided in
[`decisions/0009`](decisions/0009-schedules-where-the-rules-are-silent.md).
"""


def schedule_documents() -> dict[str, str]:
    """The page, by its path."""
    return {PATH: "\n".join([_HEAD, *(line for example in EXAMPLES for line in _lines(example))])}


def _lines(example: Example) -> Iterator[str]:
    answer = orjson.loads(preview_schedule(SchedulePreview.model_validate(example.body)))
    body = orjson.dumps(example.body, option=orjson.OPT_INDENT_2).decode()
    paid = ["paid"] if "paid" in answer["totals"] else []
    names = ["due_on", "principal", "interest", "total", "balance", *paid]
    yield f"## {example.title_en}\n\n{example.title_th}\n\n{example.shows_en}\n\n```json\n{body}\n```\n"
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' + '--:|' * (len(names) - 1)}"
    for row in answer["rows"]:
        yield f"| {' | '.join(row[name] for name in names)} |"
    totals = answer["totals"]
    shown = [totals["principal"], totals["interest"], totals["total"], "", *(totals[name] for name in paid)]
    yield f"| **sum** | {' | '.join(shown)} |\n"
    if "pay_off" in answer:
        yield f"Pay-off on {example.body['as_of']}: **{answer['pay_off']}**.\n"
    told = answer["rows"][1]
    yield f"The row of {told['due_on']}, explained:\n\n> {told['explain']['en']}\n>\n> {told['explain']['th']}\n"
