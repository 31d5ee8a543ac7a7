"""Co-operatives and farmer groups: how many in which province, how many members, how their system writes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from demo.generator import distributions
from demo.generator.randomness import Weighted, stream
from demo.generator.writing import WritingStyle
from shared.kernel.areas import DISTRICTS, PROVINCES

ALL_PROVINCES = "all"
MEMBERS_LEAST = 5
"""No institution is drawn with fewer members, however small the demonstration."""

TYPE_NAMES_TH = {
    "agricultural": "สหกรณ์การเกษตร", "fishery": "สหกรณ์ประมง", "settlement": "สหกรณ์นิคม",
    "thrift": "สหกรณ์ออมทรัพย์", "store": "สหกรณ์ร้านค้า", "service": "สหกรณ์บริการ",
    "credit_union": "สหกรณ์เครดิตยูเนี่ยน",
    "rice": "กลุ่มเกษตรกรทำนา", "field_crop": "กลุ่มเกษตรกรทำไร่", "orchard": "กลุ่มเกษตรกรทำสวน",
    "livestock": "กลุ่มเกษตรกรเลี้ยงสัตว์", "group_fishery": "กลุ่มเกษตรกรทำประมง",
}  # fmt: skip
TYPE_NAMES_EN = {
    "agricultural": "Agricultural Co-operative", "fishery": "Fishery Co-operative",
    "settlement": "Land Settlement Co-operative", "thrift": "Thrift and Credit Co-operative",
    "store": "Consumer Store Co-operative", "service": "Service Co-operative",
    "credit_union": "Credit Union Co-operative",
    "rice": "Rice Farmers Group", "field_crop": "Field Crop Farmers Group", "orchard": "Orchard Farmers Group",
    "livestock": "Livestock Farmers Group", "group_fishery": "Fishery Farmers Group",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Institution:
    """A co-operative or farmer group of the demonstration. ``first_member_index`` counts over all institutions."""

    ordinal: int
    code: str
    kind: str
    cooperative_type: str
    name_th: str
    name_en: str
    province_code: str
    district_code: str
    registered_on: date
    strength_level: str
    members: int
    first_member_index: int
    non_performing_share: float
    style: WritingStyle

    @property
    def region(self) -> str:
        return PROVINCES[self.province_code].region


class ImpossibleProvince(ValueError):
    """What was asked for cannot be drawn: the province is unknown, or members or institutions do not go round."""


def draw_institutions(
    *, province: str, cooperatives: int, members: int, seed: int, cut_over_on: date
) -> list[Institution]:
    """All institutions of a run. Memory grows with their number, never with their members.

    Raises ImpossibleProvince when the province is unknown or there are too few members or institutions to go round.
    """
    places = _places(province, cooperatives)
    if members < cooperatives * MEMBERS_LEAST:
        raise ImpossibleProvince(f"{cooperatives} institutions need at least {cooperatives * MEMBERS_LEAST} members")
    kinds, weights = [], []
    for ordinal, province_code in enumerate(places):
        random = stream(seed, "institution", ordinal)
        # The first institution of a province is its main co-operative, so that small runs have one.
        first_there = ordinal == 0 or places[ordinal - 1] != province_code
        kind = "cooperative" if first_there else distributions.INSTITUTION_KINDS.pick(random)
        kinds.append(kind)
        region_mean = _members_per_cooperative(PROVINCES[province_code].region) if province == ALL_PROVINCES else 1.0
        weights.append(distributions.members_weight(random, kind) * region_mean)
    counts = apportion(members, weights, least=MEMBERS_LEAST)
    institutions: list[Institution] = []
    in_province: Counter[str] = Counter()
    first_member_index = 0
    for ordinal, province_code in enumerate(places):
        in_province[province_code] += 1
        nth = in_province[province_code]
        institutions.append(
            _institution(seed, ordinal, province_code, nth, kinds[ordinal], counts[ordinal], first_member_index,
                         cut_over_on)
        )  # fmt: skip
        first_member_index += counts[ordinal]
    return institutions


def apportion(total: int, weights: Sequence[float], *, least: int) -> list[int]:
    """``total`` in whole parts by the weights, each at least ``least``; largest remainders take what is left over."""
    spare = total - least * len(weights)
    whole = sum(weights)
    exact = [spare * weight / whole for weight in weights]
    parts = [least + int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda place: (int(exact[place]) - exact[place], place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _places(province: str, cooperatives: int) -> list[str]:
    """The province of every institution, in order of province."""
    if cooperatives < 1:
        raise ImpossibleProvince("at least one institution is needed")
    if province != ALL_PROVINCES:
        if province not in PROVINCES:
            raise ImpossibleProvince(
                f"{province!r} is not a province code; write two digits, as in 52, or {ALL_PROVINCES!r}"
            )
        return [province] * cooperatives
    codes = sorted(set(PROVINCES) - distributions.PROVINCES_OUTSIDE_PROGRAMME)
    if cooperatives < len(codes):
        raise ImpossibleProvince(f"all provinces need at least {len(codes)} institutions, one each")
    in_region = {region: sum(PROVINCES[code].region == region for code in codes) for region in ("C", "N", "NE", "S")}
    weights = [
        distributions.COOPERATIVES_BY_REGION[PROVINCES[code].region] / in_region[PROVINCES[code].region]
        for code in codes
    ]
    counts = apportion(cooperatives, weights, least=1)
    return [code for code, count in zip(codes, counts, strict=True) for _ in range(count)]


def _members_per_cooperative(region: str) -> float:
    return distributions.MEMBERS_BY_REGION[region] / distributions.COOPERATIVES_BY_REGION[region]


def _institution(
    seed: int, ordinal: int, province_code: str, nth: int, kind: str, members: int, first_member_index: int,
    cut_over_on: date,
) -> Institution:  # fmt: skip
    random = stream(seed, "institution-details", ordinal)
    districts = [code for code in DISTRICTS if code[:2] == province_code]
    district = DISTRICTS[districts[(nth - 1) % len(districts)]]
    if kind == "cooperative":
        cooperative_type = "agricultural" if nth == 1 else distributions.COOPERATIVE_TYPES.pick(random)
        label = cooperative_type
    else:
        cooperative_type = distributions.FARMER_GROUP_TYPES.pick(random)
        label = "group_fishery" if cooperative_type == "fishery" else cooperative_type
    suffix_th, suffix_en = (" จำกัด", " Limited") if kind == "cooperative" else ("", "")
    return Institution(
        ordinal=ordinal,
        code=f"{'C' if kind == 'cooperative' else 'G'}{province_code}-{nth:04d}",
        kind=kind,
        cooperative_type=cooperative_type,
        # "สมมติ" (assumed) in the name, because no institution of the demonstration exists.
        name_th=f"{TYPE_NAMES_TH[label]}สมมติ {district.name_th} {nth}{suffix_th}",
        name_en=f"Imaginary {TYPE_NAMES_EN[label]} {district.name_en} {nth}{suffix_en}",
        province_code=province_code,
        district_code=district.code,
        registered_on=date(random.randint(1970, 2010), random.randint(1, 12), random.randint(1, 28)),
        strength_level=distributions.STRENGTH_LEVELS.pick(random),
        members=members,
        first_member_index=first_member_index,
        non_performing_share=distributions.non_performing_share(random),
        style=WritingStyle.of_institution(ordinal),
    )


YEARS_OF_MEMBERSHIP = Weighted({(0, 4): 20, (5, 10): 40, (11, 20): 28, (21, 35): 12})
"""ASSUMPTION; a survey of the Central region found mostly five to ten years (S111)."""
