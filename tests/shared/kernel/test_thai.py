"""Goal: Thai names are taken apart, normalised and ordered as a Thai reader expects."""

import random

import pytest

from shared.kernel.thai import (
    normalise_name,
    sort_key,
    split_title,
    to_arabic_digits,
)


def test_thai_digits_become_arabic() -> None:
    assert to_arabic_digits("๑๒๓ ก 4") == "123 ก 4"


@pytest.mark.parametrize(
    ("name", "title", "rest"),
    [
        ("นายสมชาย ใจดี", "นาย", "สมชาย ใจดี"),
        ("นางสาวสมใจ ดีงาม", "นางสาว", "สมใจ ดีงาม"),
        ("น.ส. สมใจ  ดีงาม", "น.ส.", "สมใจ ดีงาม"),
        ("นางสาวิตรี ทองดี", "นาง", "สาวิตรี ทองดี"),
        ("นายิกา ทองดี", "", "นายิกา ทองดี"),
        ("ว่าที่ร้อยตรีหญิงแก้ว ทองดี", "ว่าที่ร้อยตรีหญิง", "แก้ว ทองดี"),
        ("สมชาย ใจดี", "", "สมชาย ใจดี"),
        ("นาง", "", "นาง"),
        ("", "", ""),
    ],
)
def test_title_is_split_only_when_a_given_name_remains(name: str, title: str, rest: str) -> None:
    assert split_title(name) == (title, rest)


def test_names_are_written_one_way() -> None:
    assert normalise_name("  สมชาย\u200b   ใจดี ") == "สมชาย ใจดี"
    assert normalise_name("เเก้ว") == "แก้ว"  # two เ typed for one แ
    assert normalise_name("นํ้า") == normalise_name("น้ำ")


@pytest.mark.parametrize(
    "ordered",
    [
        ["กา", "ก่า", "เก", "แก", "ไก่", "ข"],
        ["กา", "ก่า", "กาก", "ก่าก", "กาข"],
        ["กล", "กลม", "เกล", "ขวด", "ไข่"],
        ["สมชาย ใจดี", "สมชาย ทองดี", "สมหญิง แก้ว"],
    ],
)
def test_sort_key_gives_dictionary_order(ordered: list[str]) -> None:
    shuffled = ordered[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=sort_key) == ordered


def test_sort_key_agrees_with_the_library_where_no_tone_decides() -> None:
    from pythainlp.util import collate

    words = ["กาล", "เกิด", "ไก", "เป็ด", "หมู", "วัว", "วันที", "สมชาย", "เสาวนี", "ไพร", "พร", "โพธิ", "อร", "เอก"]
    assert sorted(words, key=sort_key) == collate(words)
