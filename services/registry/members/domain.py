"""Names as they are stored and searched, and what of a member may travel in events."""

import re
from datetime import date
from typing import NamedTuple

from shared.kernel.thai import normalise_name, sort_key, split_title, to_arabic_digits

_LAST = "\U0010ffff"  # above every character that a name may hold

# A vowel written before its consonant sorts after it, so at the end of what was typed it says nothing yet.
_UNFINISHED = re.compile("[\u0e40-\u0e44\u0e47-\u0e4e]+$")

# Names spelt as Thai is written, which is nearly every name of a file: normalising leaves them as they are, and costs
# half of an import. A syllable is a consonant with a vowel before, above, below or after it, and one mark.
_SYLLABLE = "[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31\u0e34-\u0e39\u0e47]?[\u0e48-\u0e4c]?[\u0e30\u0e32\u0e33]?"
_WELL_SPELT = re.compile(f"(?:{_SYLLABLE})+(?: (?:{_SYLLABLE})+)*")

_NOT_A_DIGIT = re.compile(r"\D")


class PersonName(NamedTuple):
    """A name taken apart.

    Attributes:
        title: what stands in front of the name, empty if nothing.
        full_name: given and family name, written one way.
        name_sort_key: puts names into Thai dictionary order.
    """

    title: str
    full_name: str
    name_sort_key: str


def read_name(text: str) -> PersonName:
    """A name as files write it, with its title glued to it."""
    title, rest = split_title(text if _WELL_SPELT.fullmatch(text) else normalise_name(text))
    return PersonName(title, rest, sort_key(rest))


def name_range(prefix: str) -> tuple[str, str]:
    """The sort keys between which every name lies that begins with this text; the upper one is not included.

    Tone marks make no difference: officers leave them out.
    """
    typed = _UNFINISHED.sub("", split_title(normalise_name(prefix))[1])
    low = sort_key(typed).partition("\t")[0]
    return low, low + _LAST


def clean_phone(text: str) -> str:
    """A telephone number as digits alone; +66 and Thai digits are read."""
    digits = _NOT_A_DIGIT.sub("", to_arabic_digits(text))
    return "0" + digits[2:] if digits.startswith("66") and len(digits) == 11 else digits


def birth_decade(birth_date: date | None) -> int | None:
    """1960 for 1960 to 1969: as near as an event says how old somebody is."""
    return None if birth_date is None else birth_date.year // 10 * 10
