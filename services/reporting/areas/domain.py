"""The levels that figures are drilled by: nation, region, province, district, co-operative."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.chassis.reach import Reach
from shared.kernel.areas import DISTRICTS, NATION, PROVINCES, REGIONS


class Level(StrEnum):
    """From the widest to the narrowest."""

    NATION = "nation"
    REGION = "region"
    PROVINCE = "province"
    DISTRICT = "district"
    COOPERATIVE = "cooperative"


LEVELS: Final = tuple(Level)

LEVEL_LABELS: Final[Mapping[Level, tuple[str, str]]] = {
    Level.NATION: ("ประเทศ", "Nation"),
    Level.REGION: ("ภาค", "Region"),
    Level.PROVINCE: ("จังหวัด", "Province"),
    Level.DISTRICT: ("อำเภอ", "District"),
    Level.COOPERATIVE: ("สหกรณ์/กลุ่มเกษตรกร", "Co-operative or farmer group"),
}
"""Thai and English label of every level."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the country that a figure can be asked for: `TH`, `N`, `52`, `5201`, or a co-operative's id."""

    code: str
    level: Level
    name_th: str
    name_en: str


THE_NATION: Final = Area(NATION, Level.NATION, "ทั้งประเทศ", "Thailand")


def known_area(code: str) -> Area | None:
    """The nation, region, province or district of this code; None if there is none."""
    if code == NATION:
        return THE_NATION
    for places, level in ((REGIONS, Level.REGION), (PROVINCES, Level.PROVINCE), (DISTRICTS, Level.DISTRICT)):
        place = places.get(code)
        if place is not None:
            return Area(code, level, place.name_th, place.name_en)
    return None


def cooperative_id_of(code: str) -> UUID | None:
    """The id that the code of a co-operative's area is; None when it is none."""
    try:
        return UUID(code)
    except ValueError:
        return None


def is_covered(area: Area, reach: Reach) -> bool:
    """Whether a reach covers the whole area, so that a sum over it is no sum of a part.

    Not for co-operatives: those the database shows or hides.
    """
    if reach.everything:
        return True
    if area.level is Level.PROVINCE:
        return area.code in reach.provinces
    if area.level is Level.DISTRICT:
        return area.code[:2] in reach.provinces or area.code in reach.districts
    return False


def level_below(level: Level) -> Level | None:
    """The next narrower level; None below a co-operative."""
    number = LEVELS.index(level) + 1
    return LEVELS[number] if number < len(LEVELS) else None


def is_below(level: Level, other: Level) -> bool:
    """Whether `level` is narrower than `other`."""
    return LEVELS.index(level) > LEVELS.index(other)


def known_parts(area: Area, level: Level) -> list[Area]:
    """Every region, province or district of an area, whether it has co-operatives or not, in the order of the codes."""
    if level is Level.REGION:
        return [Area(one.code, level, one.name_th, one.name_en) for one in REGIONS.values()]
    if level is Level.PROVINCE:
        return [
            Area(one.code, level, one.name_th, one.name_en)
            for one in sorted(PROVINCES.values(), key=lambda province: province.code)
            if area.level is Level.NATION or one.region == area.code
        ]
    if level is Level.DISTRICT:
        return [
            Area(one.code, level, one.name_th, one.name_en)
            for one in sorted(DISTRICTS.values(), key=lambda district: district.code)
            if _contains(area, one.province_code)
        ]
    return []


def _contains(area: Area, province_code: str) -> bool:
    if area.level is Level.NATION:
        return True
    if area.level is Level.REGION:
        return PROVINCES[province_code].region == area.code
    return area.code == province_code


def provinces_of(area: Area) -> int:
    """How many provinces an area has; a district or co-operative lies in one."""
    if area.level in (Level.NATION, Level.REGION):
        return len(known_parts(area, Level.PROVINCE))
    return 1
