"""Goal: the feeds are the same for a seed, hold exactly the defects that expected.json lists, refer only to what is
there, name nobody who could exist, and are written in memory that does not grow with the members."""

import hashlib
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from demo.generator import generate
from demo.generator.households import HOUSEHOLD_HEADINGS_TH
from shared.kernel.thai import split_title
from tests.demo.generator import reader
from tests.demo.generator.conftest import COOPERATIVES, MEMBERS, SEED, generated_province


def expected_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return content


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def known_cooperatives(folder: Path) -> set[str]:
    rows = reader.accepted_rows(folder / "cooperatives.csv", set())
    return {row["cooperative_code"] for _, row, problem in rows if problem is None}


def good_rows(folder: Path, name: str) -> list[dict[str, str]]:
    rows = reader.accepted_rows(folder / name, known_cooperatives(folder))
    return [row for _, row, problem in rows if problem is None]


def test_generate_same_seed_writes_the_same_bytes(province: Path, tmp_path: Path) -> None:
    generated_province(tmp_path / "again")
    assert digests(tmp_path / "again") == digests(province)
    assert set(digests(province)) == {*reader.KEYS, "farm_households.xlsx", "expected.json"}


def test_generate_other_seed_writes_other_people(province: Path, tmp_path: Path) -> None:
    generate("52", 3, 60, SEED + 1, tmp_path / "other")
    generate("52", 3, 60, SEED, tmp_path / "same")
    others = {row["national_id"] for row in good_rows(tmp_path / "other", "members.csv")}
    assert others.isdisjoint(row["national_id"] for row in good_rows(tmp_path / "same", "members.csv"))


@pytest.mark.parametrize("name", reader.KEYS)
def test_expected_agrees_with_an_independent_reading(province: Path, name: str) -> None:
    expected = expected_of(province)["files"][name]
    rows = list(reader.accepted_rows(province / name, known_cooperatives(province)))
    found = [(number, problem) for number, _, problem in rows if problem]
    assert found == [(reject["row"], reject["code"]) for reject in expected["rejects"]]
    assert expected["rows"] == len(rows)
    assert expected["accepted"] == len(rows) - len(found)
    assert expected["waiting"] == 0
    assert expected["rejected"] == Counter(problem for _, problem in found)


def test_expected_plants_every_kind_of_defect_in_every_file(province: Path) -> None:
    files = expected_of(province)["files"]
    everywhere = set().union(*(content["rejected"] for content in files.values()))
    assert everywhere == {
        "missing_value", "invalid_number", "invalid_date", "invalid_month", "invalid_code", "invalid_national_id",
        "negative_amount", "too_many_decimals", "unknown_cooperative", "duplicate_in_file", "principal_mismatch",
    }  # fmt: skip
    for name, content in files.items():
        assert sum(content["rejected"].values()) > 0, name
        if content["rows"] > 1000:
            assert sum(content["rejected"].values()) < content["rows"] * 0.03, name


def test_expected_counts_persons_and_repeated_memberships(province: Path) -> None:
    expected = expected_of(province)
    members = good_rows(province, "members.csv")
    memberships = Counter(row["national_id"] for row in members)
    repeated = sum(count > 1 for count in memberships.values())
    assert expected["persons"] == len(memberships)
    assert expected["duplicate_persons"] == repeated == expected["files"]["members.csv"]["duplicates"]
    assert len(members) == MEMBERS
    assert 0.01 < repeated / MEMBERS < 0.04
    assert max(memberships.values()) == 2
    assert len({(row["cooperative_code"], row["national_id"]) for row in members}) == MEMBERS


def test_every_row_refers_to_what_is_there(province: Path) -> None:
    members = {(row["cooperative_code"], row["member_number"]) for row in good_rows(province, "members.csv")}
    persons = {row["national_id"] for row in good_rows(province, "members.csv")}
    households = {row["household_number"] for row in good_rows(province, "farm_households.csv")}
    loans = {(row["cooperative_code"], row["loan_number"]) for row in good_rows(province, "loans.csv")}
    for name in ("farm_households.csv", "loans.csv", "produce.csv", "training.csv", "household_accounts.csv"):
        assert {(row["cooperative_code"], row["member_number"]) for row in good_rows(province, name)} <= members, name
    assert {row["household_number"] for row in good_rows(province, "members.csv")} - {""} == households
    assert {row["household_number"] for row in good_rows(province, "plots.csv")} == households
    assert {(row["cooperative_code"], row["loan_number"]) for row in good_rows(province, "payments.csv")} <= loans
    assert {row["national_id"].replace("-", "") for row in good_rows(province, "external_debts.csv")} <= persons


def test_nobody_could_exist(province: Path) -> None:
    for _, row in reader.read_rows(province / "members.csv"):
        assert row["national_id"][0] in "09"
        assert row["phone"].startswith("000-")
        if row["full_name"]:
            assert " สมมติ" in row["full_name"]
    for _, row in reader.read_rows(province / "external_debts.csv"):
        assert row["national_id"][0] in "09"


def test_files_hold_the_mess_of_real_files(province: Path) -> None:
    planted = expected_of(province)["planted"]
    for kind in (
        "buddhist_era_dates", "thai_digits", "thousands_commas", "trailing_spaces", "glued_titles", "respelled_names",
    ):  # fmt: skip
        assert planted[kind] > 0, kind
    text = (province / "members.csv").read_text(encoding="utf-8")
    assert text.startswith("\ufeffcooperative_code,member_number")
    assert "/25" in text
    assert "๒๕" in text


def test_titles_come_off_every_name(province: Path) -> None:
    for row in good_rows(province, "members.csv"):
        title, rest = split_title(row["full_name"])
        assert title in (("นาย",) if row["sex"] == "M" else ("นาง", "นางสาว"))
        assert len(rest.split()) == 2


def test_repeated_people_are_spelt_otherwise(province: Path) -> None:
    names: dict[str, set[str]] = {}
    for row in good_rows(province, "members.csv"):
        names.setdefault(row["national_id"], set()).add(row["full_name"])
    spellings = [people for people in names.values() if len(people) > 1]
    assert len(spellings) >= expected_of(province)["duplicate_persons"] * 0.8


def test_workbook_holds_the_rows_of_the_csv_under_thai_headings(province: Path) -> None:
    sheet = CalamineWorkbook.from_path(str(province / "farm_households.xlsx")).get_sheet_by_index(0).to_python()
    assert tuple(sheet[0]) == HOUSEHOLD_HEADINGS_TH
    rows = [row for _, row in reader.read_rows(province / "farm_households.csv")]
    assert len(sheet) - 1 == len(rows)
    for cells, row in zip(sheet[1:], rows, strict=True):
        assert cells[:3] == [row["household_number"], row["cooperative_code"], row["member_number"]]
    expected = expected_of(province)["files"]
    assert expected["farm_households.xlsx"] == expected["farm_households.csv"]


def test_members_are_shared_out_over_all_institutions(province: Path) -> None:
    counts = Counter(row["cooperative_code"] for row in good_rows(province, "members.csv"))
    assert len(counts) == COOPERATIVES
    assert min(counts.values()) >= 5


def test_codes_of_many_institutions_are_their_own(tmp_path: Path) -> None:
    generate("52", 450, 450 * 5, SEED, tmp_path)
    assert len(known_cooperatives(tmp_path)) == 450


def test_generate_all_reaches_74_provinces(tmp_path: Path) -> None:
    generate("all", 80, 800, SEED, tmp_path)
    assert len({row["province_code"] for row in good_rows(tmp_path, "cooperatives.csv")}) == 74


@pytest.mark.parametrize(("province", "cooperatives", "members"), [("99", 1, 10), ("52", 0, 10), ("52", 3, 10)])
def test_generate_impossible_size_is_refused(tmp_path: Path, province: str, cooperatives: int, members: int) -> None:
    with pytest.raises(ValueError, match=r"institution|province"):
        generate(province, cooperatives, members, SEED, tmp_path)


def test_memory_does_not_grow_with_members(tmp_path: Path) -> None:
    peaks = {}
    generate("52", COOPERATIVES, 200, SEED, tmp_path / "warm")
    for members in (1_000, 10_000):
        tracemalloc.start()
        generate("52", COOPERATIVES, members, SEED, tmp_path / str(members))
        peaks[members] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(f"peak memory: {peaks}")
    assert peaks[10_000] < peaks[1_000] * 1.2
