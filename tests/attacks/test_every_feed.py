"""Goal: no file, whatever it holds, gets more than an answer that says what is wrong, and where.

Method: every kind of file that a service registers. A file that cannot be read is refused as a whole with a code in
both languages; a row that cannot be taken is refused with its column and code, while its neighbours are taken; and a
good row is the same row in Thai digits and Buddhist years.
"""

import io
import re
import zipfile
from functools import cache
from typing import Any

import pytest

from shared.chassis.feeds.kinds import Column
from shared.chassis.feeds.messages import FILE_MESSAGES, ROW_MESSAGES, FileRefused
from shared.chassis.feeds.readers import RECORD_CHARACTERS_MAX, CsvRows
from shared.kernel.calendar import BUDDHIST_OFFSET
from tests.attacks.belongings import rows_of
from tests.attacks.country import BASELINE_ON, CLOSED_ON, HERE, Country, csv_of, feed_kinds

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MARK = "zqbadcellqz"
KINDS = pytest.mark.parametrize(
    ("service", "kind"), feed_kinds(), ids=[f"{service}-{kind.name}" for service, kind in feed_kinds()]
)


def day_of(service: str) -> str:
    """The day that the files of the played year stand for: a row sent again then changes nothing at all."""
    return BASELINE_ON if service == "registry" else CLOSED_ON


@cache
def _bomb() -> bytes:
    """A workbook of a few hundred kilobytes that unpacks to more than any may."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(600):
                sheet.write(bytes(1024 * 1024))
    return file.getvalue()


def bad_files(kind: Any) -> dict[str, tuple[bytes, str, str]]:
    """Files that are refused as a whole: content, content type, code."""
    row = HERE.rows(kind.name)
    good = csv_of([row]).decode()
    required = next(column.name for column in kind.columns if column.required)
    without = {name: value for name, value in row.items() if name != required}
    csv = "text/csv"
    return {
        "Thai code page": (good.replace("zq", "ก").encode("cp874"), csv, "wrong_encoding"),
        "UTF-16": (good.encode("utf-16"), csv, "wrong_encoding"),
        "NUL": (good.replace("zq", "zq\x00").encode(), csv, "wrong_encoding"),
        "semicolons": (good.replace(",", ";").encode(), csv, "wrong_delimiter"),
        "tabs": (good.replace(",", "\t").encode(), csv, "wrong_delimiter"),
        "a column is missing": (csv_of([without]), csv, "missing_column"),
        "a column nobody knows": (csv_of([row | {MARK: "1"}]), csv, "unknown_column"),
        "a column twice": (good.replace("\n", f",{required}\n", 1).encode(), csv, "duplicate_column"),
        "a quotation mark": (good.encode() + b'"' + MARK.encode() * 10, csv, "unreadable_csv"),
        "nothing": (b"", csv, "empty_file"),
        "headings alone": (good.split("\n")[0].encode(), csv, "empty_file"),
        "no workbook": (MARK.encode(), XLSX, "unreadable_xlsx"),
        "zip bomb": (_bomb(), XLSX, "xlsx_too_large"),
    }


@KINDS
@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_that_cannot_be_read_leaves_nothing(country: Country, service: str, kind: Any) -> None:
    chief = country.caller(areas=["52"], subject="chief-52")
    before = await rows_of(country, HERE)
    for name, (content, content_type, code) in bad_files(kind).items():
        found = await country.send(chief, service, kind.name, content, as_of=day_of(service), content_type=content_type)
        assert (found["status"], found["error"]["code"]) == ("failed", code), (name, found)
        assert found["error"]["message_th"].startswith(FILE_MESSAGES[code].th)
        assert MARK not in str(found), name
    async with country.databases[service].unscoped() as session:
        assert await session.scalar("select count(*) from feed_file_part") == 0
        assert await session.scalar("select count(*) from feed_row where status <> 'waiting'") == 0
    assert await rows_of(country, HERE) == before


def bad_cells(column: Column) -> dict[str, str]:
    """Cells that a column refuses, each with its code."""
    found = {"\x1b[31m" + MARK: "invalid_text", MARK * 400: "too_long"} if column.kind in ("text", "code") else {}
    if column.kind in ("money", "integer", "decimal"):
        found |= {text: "invalid_number" for text in ("NaN", "Infinity", "1e5", MARK, "1,23", "0x10", "--1")}
        found["1.23456789"] = "too_many_decimals"
        if not column.negative:
            found["-1"] = "negative_amount"
    if column.kind == "money":
        found |= {"1.234": "too_many_decimals", "9" * 30: "invalid_number"}
    if column.kind == "date":
        days = ("30/09/66", "0066-09-30", "31/02/2565", "2022-13-01", "2565-02-29", "1.1.1", MARK)
        found |= dict.fromkeys(days, "invalid_date")
    if column.kind == "month":
        found |= dict.fromkeys(("0066-10", "2565-13", MARK), "invalid_month")
    if column.kind == "national_id":
        found |= dict.fromkeys(("1234567890123", "0", MARK), "invalid_national_id")
    if column.choices:
        found = {"zq": "invalid_code"}
    if column.required:
        found[""] = "missing_value"
    return found


@KINDS
@pytest.mark.asyncio(loop_scope="module")
async def test_every_cell_that_cannot_be_read_is_named(country: Country, service: str, kind: Any) -> None:
    chief = country.caller(areas=["52"], subject="chief-52")
    before = await rows_of(country, HERE)
    good = HERE.rows(kind.name)
    rows, expected = [good], []
    for column in kind.columns:
        for text, code in bad_cells(column).items():
            rows.append(good | {column.name: text})
            expected.append((len(rows) + 1, column.name, code))
    found = await country.send(chief, service, kind.name, csv_of(rows), as_of=day_of(service))
    file = (await chief.get(f"/{service}/v1/feed-deliveries/{found['id']}/rejects")).text
    told = [line.split(",")[:3] for line in file.lstrip("\ufeff").splitlines()[1:]]
    assert [(int(row), column, code) for row, column, code in told] == expected
    assert all(ROW_MESSAGES[code].th in file for _, _, code in expected)
    assert MARK not in file
    assert (found["unchanged"] + found["older"], found["rejected"]) == (1, len(expected)), found
    assert await rows_of(country, HERE) == before


_THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
_DAY = re.compile(r"(20\d\d|19\d\d)-(\d\d)(-\d\d)?")


def in_thai(column: Column, text: str) -> str:
    """The same cell as a Thai clerk would write it."""
    if column.kind in ("date", "month") and (day := _DAY.fullmatch(text)):
        text = f"{int(day[1]) + BUDDHIST_OFFSET}-{day[2]}{day[3] or ''}"
    return text if column.kind == "text" or column.choices else text.translate(_THAI)


@KINDS
@pytest.mark.asyncio(loop_scope="module")
async def test_a_row_in_thai_digits_is_the_same_row(country: Country, service: str, kind: Any) -> None:
    chief = country.caller(areas=["52"], subject="chief-52")
    before = await rows_of(country, HERE)
    good = HERE.rows(kind.name)
    thai = {name: in_thai(kind.by_name[name], value) for name, value in good.items()}
    assert thai != good
    found = await country.send(chief, service, kind.name, csv_of([thai]), as_of=day_of(service))
    assert (found["rejected"], found["waiting"], found["accepted"]) == (0, 0, 0), found
    assert await rows_of(country, HERE) == before
    # Numbers that name a thing are codes, or a file in Thai digits names another thing.
    assert all(kind.by_name[name].kind != "text" for name in good if name.endswith(("_code", "_number")))


@KINDS
@pytest.mark.asyncio(loop_scope="module")
async def test_a_row_of_a_cooperative_nobody_knows_is_never_taken(country: Country, service: str, kind: Any) -> None:
    if "cooperative_code" not in kind.by_name or kind.name == "cooperatives":
        pytest.skip("its rows name no co-operative that has to exist")
    chief = country.caller(areas=["52"], subject="chief-52")
    row = HERE.rows(kind.name) | {"cooperative_code": "ZQNONE"}
    found = await country.send(chief, service, kind.name, csv_of([row]), as_of=CLOSED_ON)
    assert found["accepted"] == 0
    assert found["rejected"] + found["waiting"] == 1
    rejects = (await chief.get(f"/{service}/v1/feed-deliveries/{found['id']}/rejects")).text
    assert found["waiting"] or "unknown_cooperative" in rejects


@pytest.mark.asyncio(loop_scope="module")
async def test_a_payment_that_comes_before_its_loan_waits_for_it(country: Country) -> None:
    chief = country.caller(areas=["52"], subject="chief-52")
    await country.send(chief, "registry", "members", csv_of([HERE.rows("members", 3)]))
    early = await country.send(chief, "debt", "payments", csv_of([HERE.rows("payments", 3)]), as_of=CLOSED_ON)
    assert (early["waiting"], early["accepted"]) == (1, 0), early
    loan = await country.send(chief, "debt", "loans", csv_of([HERE.rows("loans", 3)]))
    assert loan["accepted"] == 1, loan
    found = (await chief.get(f"/debt/v1/feed-deliveries/{early['id']}")).json()
    assert (found["waiting"], found["accepted"]) == (0, 1), found


def test_a_line_of_two_gigabytes_is_refused_when_it_is_longer_than_any_row() -> None:
    chunk, taken = b"x" * 262_144, 0

    def read() -> None:
        nonlocal taken
        rows = CsvRows()
        for _ in range(2 * 1024**3 // len(chunk)):
            rows.feed(chunk)
            taken += len(chunk)
            list(rows.rows())

    with pytest.raises(FileRefused) as refusal:
        read()
    assert refusal.value.code == "unreadable_csv"
    assert taken <= 2 * RECORD_CHARACTERS_MAX
