"""Pydantic's findings as fields with a code and both languages, without a word of what was sent.

Pydantic's own messages sometimes quote the input, so they are not passed on: each code has a text here, filled with
the rule's own limits only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.kernel.errors import BilingualValueError, FieldProblem

_SAFE_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_FIELDS_MAX = 100
_SECTIONS = frozenset({"body", "query", "path", "header", "cookie"})

# code -> (English, Thai); {limit} is the rule's own number.
_TEXTS: dict[str, tuple[str, str]] = {
    "missing": ("This field is needed", "ต้องระบุ"),
    "json_invalid": ("The body is not valid JSON", "ข้อมูลไม่ใช่ JSON ที่ถูกต้อง"),
    "json_type": ("The body is not valid JSON", "ข้อมูลไม่ใช่ JSON ที่ถูกต้อง"),
    "extra_forbidden": ("This field is not known here", "ไม่มีฟิลด์นี้"),
    "model_attributes_type": ("Send a JSON object", "ต้องเป็นออบเจ็กต์ JSON"),
    "model_type": ("Send a JSON object", "ต้องเป็นออบเจ็กต์ JSON"),
    "dict_type": ("Send a JSON object", "ต้องเป็นออบเจ็กต์ JSON"),
    "list_type": ("Send a list", "ต้องเป็นรายการ"),
    "string_type": ("Send text", "ต้องเป็นข้อความ"),
    "string_too_short": ("At least {limit} characters", "อย่างน้อย {limit} อักขระ"),
    "string_too_long": ("At most {limit} characters", "ไม่เกิน {limit} อักขระ"),
    "string_pattern_mismatch": ("The form of this text is not right", "รูปแบบข้อความไม่ถูกต้อง"),
    "too_short": ("At least {limit} items", "อย่างน้อย {limit} รายการ"),
    "too_long": ("At most {limit} items", "ไม่เกิน {limit} รายการ"),
    "int_type": ("Send a whole number", "ต้องเป็นจำนวนเต็ม"),
    "int_parsing": ("Send a whole number", "ต้องเป็นจำนวนเต็ม"),
    "int_from_float": ("Send a whole number", "ต้องเป็นจำนวนเต็ม"),
    "decimal_type": ("Send a decimal number as text", "ต้องเป็นเลขทศนิยมในรูปข้อความ"),
    "decimal_parsing": ("Send a decimal number as text", "ต้องเป็นเลขทศนิยมในรูปข้อความ"),
    "decimal_max_places": ("At most {limit} decimal places", "ทศนิยมไม่เกิน {limit} ตำแหน่ง"),
    "decimal_max_digits": ("At most {limit} digits in all", "ตัวเลขทั้งหมดไม่เกิน {limit} หลัก"),
    "decimal_whole_digits": ("At most {limit} digits before the point", "ตัวเลขหน้าจุดทศนิยมไม่เกิน {limit} หลัก"),
    "bool_type": ("Send true or false", "ต้องเป็น true หรือ false"),
    "bool_parsing": ("Send true or false", "ต้องเป็น true หรือ false"),
    "greater_than": ("Must be more than {limit}", "ต้องมากกว่า {limit}"),
    "greater_than_equal": ("Must be at least {limit}", "ต้องไม่น้อยกว่า {limit}"),
    "less_than": ("Must be less than {limit}", "ต้องน้อยกว่า {limit}"),
    "less_than_equal": ("Must be at most {limit}", "ต้องไม่เกิน {limit}"),
    "uuid_parsing": ("Send a UUID", "ต้องเป็น UUID"),
    "uuid_type": ("Send a UUID", "ต้องเป็น UUID"),
    "date_parsing": ("Send a date as 2022-09-30", "ต้องเป็นวันที่ เช่น 2022-09-30"),
    "date_type": ("Send a date as 2022-09-30", "ต้องเป็นวันที่ เช่น 2022-09-30"),
    "date_from_datetime_parsing": ("Send a date as 2022-09-30", "ต้องเป็นวันที่ เช่น 2022-09-30"),
    "date_from_datetime_inexact": ("Send a date as 2022-09-30", "ต้องเป็นวันที่ เช่น 2022-09-30"),
    "in_the_future": (
        "Must not lie in the future; a year is of the Common Era, 2023 and not 2566",
        "ต้องไม่เป็นวันในอนาคต ปีต้องเป็น ค.ศ. เช่น 2023 ไม่ใช่ 2566",
    ),
    "date_out_of_era": (
        "Write the year of the Common Era, 1900 to 2200: 2022 and not 2565",
        "ให้เขียนปีเป็น ค.ศ. ตั้งแต่ 1900 ถึง 2200 เช่น 2022 ไม่ใช่ 2565",
    ),
    "text_unstorable": ("The text holds characters that cannot be stored", "ข้อความมีอักขระที่จัดเก็บไม่ได้"),
    "datetime_parsing": ("Send a time as 2022-09-30T08:00:00+07:00", "ต้องเป็นเวลา เช่น 2022-09-30T08:00:00+07:00"),
    "unknown_type": ("One of: {limit}", "ต้องเป็นค่าใดค่าหนึ่งของ {limit}"),
    "literal_error": ("One of: {limit}", "ต้องเป็นค่าใดค่าหนึ่งของ {limit}"),
    "enum": ("One of: {limit}", "ต้องเป็นค่าใดค่าหนึ่งของ {limit}"),
}
_OTHER = ("This value is not acceptable", "ค่านี้ใช้ไม่ได้")
_LIMITS = (
    "min_length", "max_length", "gt", "ge", "lt", "le", "decimal_places", "max_digits", "whole_digits", "expected",
    "expected_tags",
)  # fmt: skip
SHAPE = "~"
"""What the tag of one of several shapes begins with: it says which shape was read, and is no part of the path."""


def field_problems(errors: Iterable[Mapping[str, Any]]) -> list[FieldProblem]:
    """The fields that Pydantic refuses, at most 100 of them."""
    found: list[FieldProblem] = []
    for error in errors:
        if len(found) == _FIELDS_MAX:
            break
        code = str(error["type"])
        message_en, message_th = _texts(code, error)
        # Where JSON breaks off is a count of characters, no field.
        location = error["loc"][:1] if code == "json_invalid" else [*error["loc"], *_choice(error)]
        found.append(FieldProblem(_path(location), code, message_en, message_th))
    return found


def _texts(code: str, error: Mapping[str, Any]) -> tuple[str, str]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, BilingualValueError):
        return _without_input(cause, error.get("input"))
    if code not in _TEXTS:
        return _OTHER
    limit = next((context[name] for name in _LIMITS if name in context), "")
    limit_th = str(limit).replace(" or ", " หรือ ")  # Pydantic's list of choices ends so
    return _TEXTS[code][0].format(limit=limit), _TEXTS[code][1].format(limit=limit_th)


def _without_input(error: BilingualValueError, sent: object) -> tuple[str, str]:
    """The rule's own words, which say how to mend the value, unless they quote more of it than can be cut out."""
    quoted = _pattern(repr(sent))
    message_en, message_th = quoted.sub("the value", error.message_en), quoted.sub("ค่านี้", error.message_th)
    pieces = map(_pattern, {*re.findall(r"\w{2,}", str(sent)), *re.findall(r"\d+(?:[.,]\d+)+", str(sent))})
    if any(piece.search(message_en) or piece.search(message_th) for piece in pieces):
        return _OTHER
    return message_en, message_th


def _pattern(text: str) -> re.Pattern[str]:
    """A text, wherever it stands; a number only where it is not a part of another: 50 is not quoted by 0.0850."""
    if not _NUMBER.fullmatch(text):
        return re.compile(re.escape(text))
    return re.compile(rf"(?<!\d)(?<!\d[.,]){re.escape(text)}(?!\d)(?![.,]\d)")


def _choice(error: Mapping[str, Any]) -> list[str]:
    """The field that should have said which of several shapes this is."""
    context: Mapping[str, Any] = error.get("ctx") or {}
    return [context["discriminator"]] if error["type"] == "unknown_type" else []


def _path(location: Sequence[str | int]) -> str:
    """``items.0.amount``; a part that the caller invented (the key of a map) is shown as ``*``."""
    parts = [part for part in location if isinstance(part, int) or not part.startswith(SHAPE)]
    if len(parts) > 1 and parts[0] in _SECTIONS:
        parts = parts[1:]
    return ".".join(str(part) if isinstance(part, int) or _SAFE_PART.fullmatch(part) else "*" for part in parts)
