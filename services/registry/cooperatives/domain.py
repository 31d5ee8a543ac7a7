"""The kinds of co-operative and farmer group, as the law divides them, and where they may lie."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from shared.kernel.areas import DISTRICTS
from shared.kernel.identifiers import derived_id
from shared.kernel.labels import Label

COOPERATIVE_TYPES: Mapping[str, Label] = MappingProxyType(
    {
        "agricultural": Label("สหกรณ์การเกษตร", "Agricultural co-operative"),
        "fishery": Label("สหกรณ์ประมง", "Fishery co-operative"),
        "settlement": Label("สหกรณ์นิคม", "Land settlement co-operative"),
        "thrift": Label("สหกรณ์ออมทรัพย์", "Thrift and credit co-operative"),
        "store": Label("สหกรณ์ร้านค้า", "Consumer co-operative"),
        "service": Label("สหกรณ์บริการ", "Service co-operative"),
        "credit_union": Label("สหกรณ์เครดิตยูเนี่ยน", "Credit union co-operative"),
    }
)
"""The seven types of the Co-operative Act; the first three are the agricultural sector."""

FARMER_GROUP_TYPES: Mapping[str, Label] = MappingProxyType(
    {
        "rice": Label("กลุ่มเกษตรกรทำนา", "Rice farmers' group"),
        "field_crop": Label("กลุ่มเกษตรกรทำไร่", "Field crop farmers' group"),
        "orchard": Label("กลุ่มเกษตรกรทำสวน", "Orchard farmers' group"),
        "livestock": Label("กลุ่มเกษตรกรเลี้ยงสัตว์", "Livestock farmers' group"),
        "fishery": Label("กลุ่มเกษตรกรทำประมง", "Fishery farmers' group"),
    }
)
"""Types of the Royal Decree on Farmer Groups B.E. 2547."""

TYPES_BY_KIND: Mapping[str, Mapping[str, Label]] = MappingProxyType(
    {"cooperative": COOPERATIVE_TYPES, "farmer_group": FARMER_GROUP_TYPES}
)


def cooperative_id(code: str) -> UUID:
    """The code is the co-operative: what others keep of it finds it again when a restore lets it come twice."""
    return derived_id("cooperative", code)


def type_fits_kind(kind: str, cooperative_type: str) -> bool:
    """Whether the kind has the type: there is no credit union of farmer groups."""
    return cooperative_type in TYPES_BY_KIND.get(kind, {})


def district_lies_in(province_code: str, district_code: str) -> bool:
    """Whether the district exists and is one of the province's."""
    return district_code in DISTRICTS and district_code.startswith(province_code)
