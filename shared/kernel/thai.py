"""Thai text: digits, titles, names, dictionary order.

PyThaiNLP is imported inside the function that needs it: importing it costs more than the rest of the kernel.
"""

import re
import unicodedata

_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

# Longest first, so that นางสาว is tried before นาง and ว่าที่ร้อยตรีหญิง before ว่าที่ร้อยตรี.
_TITLES = tuple(
    sorted(
        (
            "นาย", "นาง", "นางสาว", "น.ส.", "นส.", "ด.ช.", "ด.ญ.", "เด็กชาย", "เด็กหญิง",
            "ว่าที่ร้อยตรีหญิง", "ว่าที่ ร.ต.หญิง", "ว่าที่ร.ต.หญิง", "ว่าที่ร้อยตรี", "ว่าที่ ร.ต.", "ว่าที่ร.ต.",
            "ร้อยตรี", "ร้อยโท", "ร้อยเอก", "พันตรี", "พันโท", "พันเอก", "จ่าสิบตรี", "จ่าสิบโท", "จ่าสิบเอก",
            "สิบตรี", "สิบโท", "สิบเอก", "ดาบตำรวจ", "ร.ต.", "ร.ท.", "ร.อ.", "พ.ต.", "พ.ท.", "พ.อ.",
            "ร.ต.ต.", "ร.ต.ท.", "ร.ต.อ.", "พ.ต.ต.", "พ.ต.ท.", "พ.ต.อ.", "ส.ต.", "ส.ท.", "ส.อ.", "ด.ต.",
            "จ.ส.ต.", "จ.ส.ท.", "จ.ส.อ.", "ส.ต.ต.", "ส.ต.ท.", "ส.ต.อ.", "หม่อมหลวง", "หม่อมราชวงศ์", "ม.ล.", "ม.ร.ว.",
            "ดร.", "ผศ.", "รศ.", "พระภิกษุ",
        ),
        key=len,
        reverse=True,
    )
)  # fmt: skip

# A given name starts with a consonant or with a vowel written before it, never with a sign that follows a consonant.
_STARTS_A_WORD = re.compile(r"[ก-ฮเ-ไA-Za-z]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_TONES_AND_SIGNS = re.compile("[\u0e47-\u0e4e]")
_LEADING_VOWEL = re.compile(r"([เ-ไ])([ก-ฮ])")


def to_arabic_digits(text: str) -> str:
    """``text`` with ๐–๙ written as 0–9; everything else is left alone."""
    return text.translate(_DIGITS)


def has_control_characters(text: str) -> bool:
    """Whether ``text`` holds what no name or code does: control characters other than tab and line end, or half a
    surrogate pair."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def split_title(name: str) -> tuple[str, str]:
    """The title in front of a Thai name and the rest: ``("นางสาว", "สมใจ ดีงาม")``; an empty title if there is none.

    Files glue titles to given names. A title is taken off only if what remains can be a given name: two characters or
    more, the first one able to start a word. So "นางสาวิตรี ทองดี" is นาง + สาวิตรี, and "นายิกา ทองดี" has no title.
    """
    cleaned = _tidy(name)
    for title in _TITLES:
        if not cleaned.startswith(title):
            continue
        rest = cleaned[len(title) :].strip()
        given_name = rest.partition(" ")[0]
        if len(given_name) >= 2 and _STARTS_A_WORD.match(given_name):
            return title, rest
    return "", cleaned


def normalise_name(name: str) -> str:
    """A name written one way: single spaces, no invisible characters, vowels and tone marks in their usual order."""
    from pythainlp.util import normalize

    return _SPACES.sub(" ", str(normalize(_tidy(name)))).strip()


def sort_key(text: str) -> str:
    """A plain string whose code-point order is Thai dictionary order (the embedded PostgreSQL has no ICU).

    The method is that of PyThaiNLP's ``collate``: a vowel written before its consonant sorts after it, tone marks
    count only between words that are otherwise equal. Unlike there, the marks stand after a separator that sorts
    below every letter, so that a longer word never comes between two words that differ by their tone alone.
    """
    cleaned = _tidy(text).casefold()
    letters = _LEADING_VOWEL.sub(r"\2\1", _TONES_AND_SIGNS.sub("", cleaned))
    return letters + "\t" + "".join(_TONES_AND_SIGNS.findall(cleaned))


def _tidy(text: str) -> str:
    # NFC, not NFKC: the latter splits sara am (ำ) into two characters.
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip()
