"""Identifiers: time-ordered and derived UUIDs, and the national id of Thailand."""

import uuid

from uuid_utils.compat import uuid5 as _uuid5
from uuid_utils.compat import uuid7 as _uuid7

NATIONAL_ID_LENGTH = 13
DEMO_FIRST_DIGITS = frozenset("09")
"""Digits outside 1-8, the kinds of person: no demo id can belong to a living one."""

_NAMESPACE = uuid.UUID("5c0f0d6e-3b1e-5a52-9f0a-706c6f646e65")
_SEPARATOR = "\x1f"


def uuid7() -> uuid.UUID:
    """A new identifier that sorts by the time of its making."""
    return _uuid7()


def derived_id(*parts: object) -> uuid.UUID:
    """The same parts give the same identifier, everywhere and always (UUID version 5). At least one part."""
    if not parts:
        raise ValueError("a derived identifier needs at least one part")
    return _uuid5(_NAMESPACE, _SEPARATOR.join(str(part) for part in parts))


def national_id_check_digit(first_twelve: str) -> str:
    """The thirteenth digit: (11 − Σ dᵢ·(13−i) mod 11) mod 10."""
    if len(first_twelve) != NATIONAL_ID_LENGTH - 1 or not _ascii_digits(first_twelve):
        raise ValueError("twelve digits are needed")
    total = sum(int(digit) * (NATIONAL_ID_LENGTH - place) for place, digit in enumerate(first_twelve))
    return str((11 - total % 11) % 10)


def national_id_is_valid(text: str) -> bool:
    """Thirteen Arabic digits, nothing between them, with a right check digit. Demo ids are valid as well."""
    return len(text) == NATIONAL_ID_LENGTH and _ascii_digits(text) and national_id_check_digit(text[:-1]) == text[-1]


def is_demo_national_id(text: str) -> bool:
    """Whether the first digit is one that no person has (0 or 9)."""
    return text[:1] in DEMO_FIRST_DIGITS


def mask_national_id(text: str) -> str:
    """``x-xxxx-xxxxx-41-2``: only the last three digits are shown."""
    return f"x-xxxx-xxxxx-{text[-3:-1]}-{text[-1:]}" if len(text) == NATIONAL_ID_LENGTH else "x-xxxx-xxxxx-xx-x"


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
