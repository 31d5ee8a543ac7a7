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

# The Ministry of Interior's abbreviations, as official letters carry them in Thai and in English.
_ABBREVIATIONS: Final = """
10 กท BKK 11 สป SPK 12 นบ NBI 13 ปท PTE 14 อย AYA 15 อท ATG 16 ลบ LRI 17 สห SBR 18 ชน CNT 19 สบ SRI
20 ชบ CBI 21 รย RYG 22 จบ CTI 23 ตร TRT 24 ฉช CCO 25 ปจ PRI 26 นย NYK 27 สก SKW
30 นม NMA 31 บร BRM 32 สร SRN 33 ศก SSK 34 อบ UBN 35 ยส YST 36 ชย CPM 37 อจ ACR 38 บก BKN 39 นภ NBP
40 ขก KKN 41 อด UDN 42 ลย LEI 43 นค NKI 44 มค MKM 45 รอ RET 46 กส KSN 47 สน SNK 48 นพ NPM 49 มห MDH
50 ชม CMI 51 ลพ LPN 52 ลป LPG 53 อต UTD 54 พร PRE 55 นน NAN 56 พย PYO 57 ชร CRI 58 มส MSN
60 นว NSN 61 อน UTI 62 กพ KPT 63 ตก TAK 64 สท STI 65 พล PLK 66 พจ PCT 67 พช PNB
70 รบ RBR 71 กจ KRI 72 สพ SPB 73 นฐ NPT 74 สค SKN 75 สส SKM 76 พบ PBI 77 ปข PKN
80 นศ NRT 81 กบ KBI 82 พง PNA 83 ภก PKT 84 สฎ SNI 85 รน RNG 86 ชพ CPN
90 สข SKA 91 สต STN 92 ตง TRG 93 พท PLG 94 ปน PTN 95 ยล YLA 96 นธ NWT
"""


def _read_layout() -> dict[str, tuple[int, int]]:
    rows = [line.split() for line in _LAYOUT.strip().splitlines()]
    return {code: (x, y) for y, row in enumerate(rows) for x, code in enumerate(row) if code != ".."}


def _read_abbreviations() -> dict[str, tuple[str, str]]:
    words = _ABBREVIATIONS.split()
    return {code: (thai, english) for code, thai, english in zip(words[::3], words[1::3], words[2::3], strict=True)}


PLACES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(_read_layout())
"""Province code → column and row of its tile."""

ABBREVIATIONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(_read_abbreviations())
"""Province code → its two Thai letters, and its three English ones."""

COLUMNS: Final = 1 + max(x for x, _ in PLACES.values())
ROWS: Final = 1 + max(y for _, y in PLACES.values())
