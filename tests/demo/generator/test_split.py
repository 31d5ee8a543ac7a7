"""Goal: the monthly deliveries hold every row of the year's file once, in order, and expect the same rejects."""

import csv
import json
from pathlib import Path

import pytest

from demo.generator.split import split_by_month
from tests.demo.generator import reader

DATED = {
    "payments.csv": "paid_on",
    "produce.csv": "delivered_on",
    "training.csv": "session_date",
    "household_accounts.csv": "month",
}


def raw_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("name", DATED)
def test_split_keeps_every_row_once(province: Path, tmp_path: Path, name: str) -> None:
    heading, *year = raw_rows(province / name)
    parts = split_by_month(province, name, tmp_path)
    assert [part.as_of.isoformat() for part in parts][::11] == ["2022-10-31", "2023-09-30"]
    originals: list[int] = []
    for part in parts:
        part_heading, *rows = raw_rows(part.path)
        assert part_heading == heading
        assert part.rows == len(rows)
        for row_number, row in enumerate(rows, start=2):
            assert row == year[part.original_row(row_number) - 2]
        assert list(part.original_rows) == sorted(part.original_rows)
        originals += part.original_rows
    assert sorted(originals) == list(range(2, len(year) + 2))


@pytest.mark.parametrize("name", DATED)
def test_split_expects_the_rejects_of_the_year(province: Path, tmp_path: Path, name: str) -> None:
    expected = json.loads((province / "expected.json").read_text(encoding="utf-8"))["files"][name]
    parts = split_by_month(province, name, tmp_path)
    found = sorted(
        (part.original_row(reject.row), reject.code, reject.column) for part in parts for reject in part.rejects
    )
    assert found == [(reject["row"], reject["code"], reject["column"]) for reject in expected["rejects"]]
    assert sum(part.accepted for part in parts) == expected["accepted"]


@pytest.mark.parametrize("name", DATED)
def test_split_puts_rows_into_the_month_of_their_date(province: Path, tmp_path: Path, name: str) -> None:
    parts = split_by_month(province, name, tmp_path)
    for part in parts:
        rejected = {reject.row for reject in part.rejects}
        for number, row in reader.read_rows(part.path):
            text = row[DATED[name]]
            day = reader.day(f"{text}-01" if DATED[name] == "month" else text)
            if number not in rejected:
                assert day is not None
                assert (day.year, day.month) == (part.as_of.year, part.as_of.month)
            elif day is None:
                assert part is parts[0]


def test_split_undated_file_is_refused(province: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no date to split by"):
        split_by_month(province, "loans.csv", tmp_path)
