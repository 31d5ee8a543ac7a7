"""A file of results as the README's table: ``python -m bench.table bench/results/<date>.json [--into README.md]``."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
_NOTE = (
    "The last column is the figure over the bare operation of the same run: a COPY of the same cells, a single select "
    "by asyncpg over the same connections, one reading of all instalments, aiokafka alone, a FastAPI that has its "
    "answer ready. The load generator, PostgreSQL, Kafka and the services share the machine's cores."
)


def render(results: Mapping[str, Any]) -> str:
    """Markdown with machine, date and commit above the rows."""
    lines = [
        f"Measured on {results['date']} at commit `{results['commit']}`: {results['machine']}.",
        "",
        "| what | measured | must | aim | met | × bare |",
        "|---|---:|---:|---:|---|---:|",
        *map(_line, results["rows"]),
        "",
        _NOTE,
    ]
    return "\n".join(lines)


def filled(text: str, table: str) -> str:
    """A document with the table between its two marks; raises ValueError when they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _line(row: Mapping[str, Any]) -> str:
    met = {True: "yes", False: "**no**", None: ""}[row["met"]]
    cells = [
        row["what"],
        f"{_number(row['value'])} {row['unit']}",
        _number(row["must"]),
        _number(row["aim"]),
        met,
        _number(row["ratio"]),
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    """As few digits as say it: 8,120 and 12.3 and 0.25."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def main() -> None:
    """Print the table, or put it into a document."""
    parser = argparse.ArgumentParser(prog="python -m bench.table", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--into", type=Path, help="a document with the two marks, instead of the terminal")
    options = parser.parse_args()
    table = render(json.loads(options.results.read_text(encoding="utf-8")))
    if options.into is None:
        print(table)
    else:
        options.into.write_text(filled(options.into.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main()
