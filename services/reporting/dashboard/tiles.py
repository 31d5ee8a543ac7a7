"""The tile map of Thailand: one equal square a province, laid by hand so that neighbours stay near each other.

On a true map Bangkok and Samut Songkhram cannot be clicked while Nakhon Ratchasima fills the eye; here every province
weighs the same, which is what a comparison of programmes needs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Each row is a row of the map; two characters a cell, `..` for sea or neighbours.
_LAYOUT: Final = """
.. .. 57 .. .. .. .. .. .. ..
58 50 56 55 .. .. .. .. .. ..
.. 51 52 54 .. .. .. .. .. ..
.. .. 64 53 .. 42 43 38 .. ..
.. 63 62 65 67 39 41 47 48 ..
.. 61 60 66 .. 40 46 45 49 ..
.. .. 18 17 16 36 44 35 37 ..
.. 71 72 15 19 30 31 32 33 34
.. .. 73 14 26 25 27 .. .. ..
.. 70 12 13 24 .. .. .. .. ..
.. 75 74 10 11 20 .. .. .. ..
.. 76 .. .. .. 21 22 23 .. ..
.. 77 .. .. .. .. .. .. .. ..
85 86 .. .. .. .. .. .. .. ..
82 84 80 .. .. .. .. .. .. ..
83 81 92 93 .. .. .. .. .. ..
.. .. 91 90 94 .. .. .. .. ..
.. .. .. .. 95 96 .. .. .. ..
"""

# The abbreviations of the Ministry of Interior, as official letters carry them.
_ABBREVIATIONS: Final = """
10 กท 11 สป 12 นบ 13 ปท 14 อย 15 อท 16 ลบ 17 สห 18 ชน 19 สบ
20 ชบ 21 รย 22 จบ 23 ตร 24 ฉช 25 ปจ 26 นย 27 สก
30 นม 31 บร 32 สร 33 ศก 34 อบ 35 ยส 36 ชย 37 อจ 38 บก 39 นภ
40 ขก 41 อด 42 ลย 43 นค 44 มค 45 รอ 46 กส 47 สน 48 นพ 49 มห
50 ชม 51 ลพ 52 ลป 53 อต 54 พร 55 นน 56 พย 57 ชร 58 มส
60 นว 61 อน 62 กพ 63 ตก 64 สท 65 พล 66 พจ 67 พช
70 รบ 71 กจ 72 สพ 73 นฐ 74 สค 75 สส 76 พบ 77 ปข
80 นศ 81 กบ 82 พง 83 ภก 84 สฎ 85 รน 86 ชพ
90 สข 91 สต 92 ตง 93 พท 94 ปน 95 ยล 96 นธ
"""


def _read_layout() -> dict[str, tuple[int, int]]:
    rows = [line.split() for line in _LAYOUT.strip().splitlines()]
    return {code: (x, y) for y, row in enumerate(rows) for x, code in enumerate(row) if code != ".."}


def _read_abbreviations() -> dict[str, str]:
    words = _ABBREVIATIONS.split()
    return dict(zip(words[::2], words[1::2], strict=True))


PLACES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(_read_layout())
"""Province code → column and row of its tile."""

ABBREVIATIONS: Final[Mapping[str, str]] = MappingProxyType(_read_abbreviations())
"""Province code → its two Thai letters."""

COLUMNS: Final = 1 + max(x for x, _ in PLACES.values())
ROWS: Final = 1 + max(y for _, y in PLACES.values())
