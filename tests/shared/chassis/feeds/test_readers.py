"""Goal: a file is read as its sender meant it or refused with the reason, in bounded memory, and none can harm."""

import io
import resource
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from shared.chassis.feeds import xlsx, xlsx_to_csv
from shared.chassis.feeds.messages import FileRefused
from shared.chassis.feeds.readers import RECORD_CHARACTERS_MAX, CsvRows, NdjsonRows, match_headings
from tests.shared.chassis.feeds.conftest import Sender
from tests.shared.chassis.feeds.example import HEADINGS, HEADINGS_TH, TOOLS

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(content: bytes, piece: int = 7) -> list[tuple[int, list[str]]]:
    rows = CsvRows()
    found: list[tuple[int, list[str]]] = []
    for start in range(0, len(content), piece):
        rows.feed(content[start : start + piece])
        found += rows.rows()
    rows.end()
    return found + list(rows.rows())


def workbook(rows: list[list[Any]], first_row: int = 0, first_column: int = 0) -> bytes:
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(first_row + number, first_column, row)
    book.close()
    return output.getvalue()


async def csv_of(content: bytes, **bounds: int) -> str:
    bounds.setdefault("rows_max", 1_000)
    return b"".join([chunk async for chunk in xlsx.csv_of_workbook(content, **bounds)]).decode()


async def refusal_of(stream: AsyncIterator[bytes]) -> str:
    with pytest.raises(FileRefused) as caught:
        async for _ in stream:
            pass
    return caught.value.code


@pytest.mark.parametrize("piece", [1, 2, 5, 1_000])
def test_csv_is_the_same_whatever_the_pieces(piece: int) -> None:
    content = '\ufeffก,ข\r\n"a\nb","c""d"\n\n1,ๆ'.encode()
    assert read(content, piece) == [(1, ["ก", "ข"]), (2, ["a\nb", 'c"d']), (3, []), (4, ["1", "ๆ"])]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("ก,ข\n".encode("cp874"), "wrong_encoding"),
        ("ก,ข\n".encode("utf-16"), "wrong_encoding"),
        (b"a,b\n\x00,1\n", "wrong_encoding"),
        ("ก".encode()[:2], "wrong_encoding"),
        (b'a,b\n"x"y,1\n', "unreadable_csv"),
        (b'a,b\n"x,1\n', "unreadable_csv"),
        (b'a,b\n"' + b"x\n" * RECORD_CHARACTERS_MAX, "unreadable_csv"),
        (b"x" * 4 * RECORD_CHARACTERS_MAX, "unreadable_csv"),
    ],
)
def test_csv_that_cannot_be_read_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as caught:
        read(content, 65_536)
    assert caught.value.code == code


def test_csv_buffers_no_more_than_a_row_and_a_piece() -> None:
    rows, seen = CsvRows(), 0
    piece = b"0123456789,abcdefghij\n" * 50_000
    for _ in range(20):
        rows.feed(piece)
        seen += sum(1 for _ in rows.rows())
        assert rows._buffered <= RECORD_CHARACTERS_MAX
    rows.end()
    assert seen + sum(1 for _ in rows.rows()) == 1_000_000


def read_ndjson(content: bytes, piece: int = 7) -> list[tuple[int, list[str]]]:
    rows = NdjsonRows(TOOLS)
    found: list[tuple[int, list[str]]] = []
    for start in range(0, len(content), piece):
        rows.feed(content[start : start + piece])
        found += rows.rows()
    rows.end()
    return found + list(rows.rows())


@pytest.mark.parametrize("piece", [1, 2, 5, 1_000])
def test_ndjson_is_the_same_whatever_the_pieces(piece: int) -> None:
    content = (
        '\ufeff{"number": "๑", "รหัสสหกรณ์": "C1", "price": 1234567890123456789.10}\r\n'
        '\n{"cooperative_code": "C1", "pieces": 3, "note": null, "number": "a\\nb"}'
    )
    headings, first, empty, second = read_ndjson(content.encode(), piece)
    assert headings == (0, HEADINGS)
    assert (first[0], empty, second[0]) == (1, (2, []), 3)
    cells = [dict(zip(HEADINGS, row[1], strict=True)) for row in (first, second)]
    assert {name: text for name, text in cells[0].items() if text} == {
        "cooperative_code": "C1", "number": "๑", "price": "1234567890123456789.10",
    }  # fmt: skip
    assert {name: text for name, text in cells[1].items() if text} == {
        "cooperative_code": "C1", "number": "a\nb", "pieces": "3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"number": "นายสมชาย"'.encode(), "unreadable_ndjson"),
        (b'["1"]', "unreadable_ndjson"),
        (b'"1"', "unreadable_ndjson"),
        (b'{"number": ["1"]}', "unreadable_ndjson"),
        (b'{"number": {"a": 1}}', "unreadable_ndjson"),
        (b'{"number": {}}', "unreadable_ndjson"),
        (b'{"number": true}', "unreadable_ndjson"),
        (b'{"price": NaN}', "unreadable_ndjson"),
        (b'{"price": -Infinity}', "unreadable_ndjson"),
        (b'{"note": "\\u0000"}', "unreadable_ndjson"),
        (b'{"note": "\\ud800"}', "unreadable_ndjson"),
        (b'{"note": ' + b"[" * 10_000, "unreadable_ndjson"),
        (b'{"note": "' + b"x" * RECORD_CHARACTERS_MAX + b'"}', "unreadable_ndjson"),
        ('{"นายสมชาย": 1}'.encode(), "unknown_field"),
        (b'{"number": "1", "number": "2"}', "duplicate_field"),
        ('{"number": "1", "เลขที่": "2"}'.encode(), "duplicate_field"),
    ],
)
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_ndjson_that_cannot_be_read_is_refused_by_its_row(line: bytes, code: str, end: bytes) -> None:
    with pytest.raises(FileRefused) as caught:
        read_ndjson(b'{"number": "1"}\n\n' + line + end, 65_536)
    assert caught.value.code == code
    assert caught.value.message_en.endswith("(row 3)")
    assert caught.value.message_th.endswith("(แถวที่ 3)")
    assert "สมชาย" not in caught.value.message_en + caught.value.message_th


@pytest.mark.parametrize("content", ["ก".encode("cp874"), "ก".encode()[:2], '{"note": "ก"}'.encode("utf-16"), b"\x00"])
def test_ndjson_in_another_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused) as caught:
        read_ndjson(content)
    assert caught.value.code == "wrong_encoding"


def test_ndjson_buffers_no_more_than_a_line() -> None:
    rows = NdjsonRows(TOOLS)
    for _ in range(RECORD_CHARACTERS_MAX // 65_536):
        rows.feed(b"x" * 65_536)
    assert len(rows._tail) <= RECORD_CHARACTERS_MAX
    with pytest.raises(FileRefused):
        rows.feed(b"x")


def test_headings_in_either_language_and_any_order() -> None:
    required = ["เลขที่", "cooperative_code"]
    assert [column.name for column in match_headings(TOOLS, [*required, " ราคา ", ""])] == [
        "number", "cooperative_code", "price",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headings", "code", "place"),
    [
        ([], "empty_file", ""),
        (["cooperative_code;number"], "wrong_delimiter", ""),
        (["cooperative_code\tnumber"], "wrong_delimiter", ""),
        (["cooperative_code", "number", "นายสมชาย ใจดี"], "unknown_column", "(column 3)"),
        (["cooperative_code", "", "number"], "unknown_column", "(column 2)"),
        (["cooperative_code", "number", "เลขที่"], "duplicate_column", "(number)"),
        (["cooperative_code"], "missing_column", "(number)"),
    ],
)
def test_headings_that_do_not_fit_are_refused_without_quoting_them(headings: list[str], code: str, place: str) -> None:
    with pytest.raises(FileRefused) as caught:
        match_headings(TOOLS, headings)
    assert caught.value.code == code
    assert caught.value.message_en.endswith(place)
    assert "สมชาย" not in caught.value.message_en + caught.value.message_th


async def test_workbook_becomes_csv_with_the_rows_of_the_sheet() -> None:
    content = workbook(
        [["a", 1234567890123, 0.1 + 0.2, 1.5, True], [], [datetime(2022, 9, 30), date(2565, 9, 30), "x,y", "ก"]],
        first_row=2,
        first_column=1,
    )
    assert await csv_of(content) == (
        ',,,,,\n,,,,,\n,a,1234567890123,0.3,1.5,TRUE\n,,,,,\n,2022-09-30,2565-09-30,"x,y",ก,\n'
    )


async def test_workbook_with_thai_headings_is_taken_in(sender: Sender) -> None:
    content = workbook(
        [
            HEADINGS_TH,
            ["C1", "๐๑", "", "0-0000-00000-01-9", "plough", 1234.5, datetime(2022, 9, 30), "2565-09", 3, 0.25, "ก"],
            ["C1", 2, "", "", "", "๑,๒๓๔.๕๐", "30/09/2565", "", "", "", ""],
            [],
            ["C1", 5, "", "", "axe"],
        ]
    )
    delivery = await sender.send(content, content_type=XLSX_TYPE)
    assert (delivery["status"], delivery["accepted"], delivery["rejected"]) == ("completed", 2, 1)
    assert await sender.rejects(delivery["id"]) == ["5,sort,invalid_code"]
    tools = await sender.tools()
    assert tools["C1/๐๑"]["data"]["price"] == tools["C1/2"]["data"]["price"] == 123450
    assert tools["C1/๐๑"]["data"]["bought_on"] == tools["C1/2"]["data"]["bought_on"] == "2022-09-30"
    assert tools["C1/๐๑"]["data"]["share"] == "0.25"


async def test_what_is_no_workbook_is_refused() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xl/workbook.xml", "<not-a-workbook/>")
    for content in (b"", b"PK\x03\x04 and nothing", b"a,b\n1,2\n", archive.getvalue()):
        assert await refusal_of(xlsx.csv_of_workbook(content, rows_max=10)) == "unreadable_xlsx"


async def test_workbook_with_too_many_rows_is_refused() -> None:
    assert await refusal_of(xlsx.csv_of_workbook(workbook([["x"]] * 12), rows_max=10)) == "xlsx_too_large"


def bomb(sheet: bytes, strings: bytes = b"") -> bytes:
    """A workbook with these parts, as small as the archive makes them."""
    plain, output = workbook([["a", "b"]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                content = sheet
            if entry.filename == "xl/sharedStrings.xml" and strings:
                content = strings
            target.writestr(entry.filename, content)
    return output.getvalue()


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


async def test_workbook_that_says_it_unpacks_to_gigabytes_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*arguments: Any, **options: Any) -> None:
        raise AssertionError("the reading process was started")

    monkeypatch.setattr("asyncio.create_subprocess_exec", never)
    content = bomb(SHEET.format(" " * (60 * 1024 * 1024)).encode())
    assert len(content) < 100 * 1024
    assert await refusal_of(xlsx.csv_of_workbook(content, rows_max=10)) == "xlsx_too_large"


@pytest.mark.parametrize("bound", ["XLSX_BYTES_MAX", "UNPACKED_BYTES_MAX", "ENTRIES_MAX", "RATIO_MAX"])
def test_each_bound_of_an_archive_holds_alone(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    content = workbook([["a", "b"]])
    xlsx.check_archive(content)
    monkeypatch.setattr(xlsx, bound, 0)
    with pytest.raises(FileRefused) as caught:
        xlsx.check_archive(content)
    assert caught.value.code == "xlsx_too_large"


async def test_reading_process_has_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "sleep.py"
    program.write_text("import time; time.sleep(5); print('late')")
    monkeypatch.setattr(xlsx, "_PROGRAM", program)
    monkeypatch.setattr(xlsx, "SECONDS_MAX", 0)
    assert await refusal_of(xlsx.csv_of_workbook(workbook([["a"]]), rows_max=10)) == "xlsx_too_large"


async def test_reading_process_holds_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "tell.py"
    program.write_text("import os; print(sorted(name for name in os.environ if name.startswith('PLODNEE_')))")
    monkeypatch.setattr(xlsx, "_PROGRAM", program)
    monkeypatch.setenv("PLODNEE_SESSION_KEY", "secret")
    assert await csv_of(workbook([["a"]])) == "[]\n"


def test_reading_process_bounds_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = {}
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: bounds.update({which: limits}))
    monkeypatch.setattr(sys, "argv", ["xlsx_to_csv", "1000", "20", "3"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no workbook")))
    assert xlsx_to_csv.main() == xlsx_to_csv.EXIT_UNREADABLE
    assert bounds == {
        resource.RLIMIT_AS: (1000, 1000), resource.RLIMIT_CPU: (20, 20), resource.RLIMIT_CORE: (0, 0),
    }  # fmt: skip


ENTITIES = {
    "one that names a file": '<!ENTITY e SYSTEM "file:///etc/hostname">',
    "a thousand million": '<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True))
    + '<!ENTITY e "&j;">',
}


@pytest.mark.parametrize("entities", ENTITIES.values(), ids=ENTITIES)
async def test_workbook_with_entities_is_refused(entities: str) -> None:
    sheet = SHEET.format('<row r="1"><c r="A1" t="s"><v>0</v></c></row>').encode()
    strings = (
        '{}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>before{}after</t></si></sst>'
    )
    assert await csv_of(bomb(sheet, strings.format("", "").encode())) == "beforeafter\n"
    content = bomb(sheet, strings.format(f"<!DOCTYPE sst [{entities}]>", "&e;").encode())
    assert await refusal_of(xlsx.csv_of_workbook(content, rows_max=10)) == "unreadable_xlsx"


async def test_formula_gives_the_value_that_its_sheet_holds() -> None:
    cells = (
        '<row r="1"><c r="A1" t="str"><f>HYPERLINK("http://evil.example")</f><v>shown</v></c><c r="B1"><f>1+1</f></c>'
    )
    assert await csv_of(bomb(SHEET.format(cells + "</row>").encode())) == "shown\n"


async def test_workbook_whose_directory_lies_is_stopped() -> None:
    size = 200 * 1024 * 1024
    content = bomb(SHEET.format(" " * size).encode())
    stated = (size + len(SHEET) - 2).to_bytes(4, "little")
    assert stated in content
    content = content.replace(stated, (1000).to_bytes(4, "little"))
    code = await refusal_of(xlsx.csv_of_workbook(content, rows_max=10, memory_bytes_max=150 * 1024 * 1024))
    assert code in ("xlsx_too_large", "unreadable_xlsx")


async def test_workbook_with_two_cells_at_opposite_corners_is_stopped() -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    code = await refusal_of(xlsx.csv_of_workbook(bomb(SHEET.format(cells).encode()), rows_max=2_000_000))
    assert code == "xlsx_too_large"


async def test_workbook_with_one_long_text_in_a_million_cells_is_stopped() -> None:
    cells = '<row r="1">' + '<c t="s"><v>0</v></c>' * 16_000 + "</row>"
    strings = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
        + "x" * 2_000_000
        + "</t></si></sst>"
    )
    content = bomb(SHEET.format(cells).encode(), strings.encode())
    code = await refusal_of(xlsx.csv_of_workbook(content, rows_max=100, memory_bytes_max=1024 * 1024 * 1024))
    assert code == "xlsx_too_large"


async def test_bomb_fails_the_delivery_and_nothing_else(sender: Sender) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    delivery = await sender.send(bomb(SHEET.format(cells).encode()), content_type=XLSX_TYPE)
    assert (delivery["status"], delivery["error"]["code"]) == ("failed", "xlsx_too_large")
    delivery = await sender.send(workbook([HEADINGS, ["C1", "1"]]), content_type=XLSX_TYPE)
    assert delivery["status"] == "completed"
