"""Provinces, districts and the regions of the department's tables. Names and codes come from ``geothai``.

An area code is ``TH`` (the nation), two digits (a province) or four (a district), as the Department of Provincial
Administration numbers them. Regions are the four of the statistical offices and Bangkok, by the first digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import geothai

from shared.kernel.errors import BilingualValueError

NATION = "TH"


@dataclass(frozen=True, slots=True)
class Region:
    """One of the four regions, or Bangkok."""

    code: str
    name_th: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Province:
    """A province: two digits, and the code of its region."""

    code: str
    name_th: str
    name_en: str
    region: str


@dataclass(frozen=True, slots=True)
class District:
    """An amphoe, or a khet of Bangkok: four digits that begin with the province's two."""

    code: str
    name_th: str
    name_en: str

    @property
    def province_code(self) -> str:
        return self.code[:2]


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        region.code: region
        for region in (
            Region("BKK", "กรุงเทพมหานคร", "Bangkok"),
            Region("C", "ภาคกลาง", "Central"),
            Region("NE", "ภาคตะวันออกเฉียงเหนือ", "Northeast"),
            Region("N", "ภาคเหนือ", "North"),
            Region("S", "ภาคใต้", "South"),
        )
    }
)

_REGION_BY_FIRST_DIGIT = {
    "1": "C", "2": "C", "7": "C",
    "3": "NE", "4": "NE",
    "5": "N", "6": "N",
    "8": "S", "9": "S",
}  # fmt: skip


def _region_by_digits(province_code: str) -> str:
    return "BKK" if province_code == "10" else _REGION_BY_FIRST_DIGIT[province_code[0]]


PROVINCES: Mapping[str, Province] = MappingProxyType(
    {
        province.code: Province(province.code, province.name_th, province.name_en, _region_by_digits(province.code))
        for province in geothai.provinces()
    }
)

DISTRICTS: Mapping[str, District] = MappingProxyType(
    {
        district.code: District(district.code, district.name_th, district.name_en)
        for province_code in PROVINCES
        for district in geothai.districts(province_code)
    }
)


def region_of(province_code: str) -> str:
    """The region's code of a province (or of a district's code). Raises ``BilingualValueError`` if there is none."""
    province = PROVINCES.get(province_code[:2])
    if province is None:
        raise BilingualValueError(
            f"{province_code!r} is no code of a province or district (52, 5201)",
            f"{province_code!r} ไม่ใช่รหัสจังหวัดหรืออำเภอ (เช่น 52 หรือ 5201)",
        )
    return province.region
