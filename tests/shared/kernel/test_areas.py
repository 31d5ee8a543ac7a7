"""Goal: the table of areas is the official one, grouped as the department's tables group it."""

from collections import Counter

import pytest

from shared.kernel.areas import DISTRICTS, PROVINCES, REGIONS, region_of
from shared.kernel.errors import BilingualValueError


def test_counts_of_provinces_districts_and_regions() -> None:
    assert len(PROVINCES) == 77
    assert len(DISTRICTS) == 928
    assert Counter(province.region for province in PROVINCES.values()) == {
        "BKK": 1, "C": 25, "NE": 20, "N": 17, "S": 14,
    }  # fmt: skip
    assert set(REGIONS) == {"BKK", "C", "NE", "N", "S"}


def test_lampang_is_where_it_should_be() -> None:
    assert PROVINCES["52"].name_th == "ลำปาง"
    assert DISTRICTS["5201"].province_code == "52"
    assert region_of("5201") == region_of("52") == "N"
    with pytest.raises(BilingualValueError):
        region_of("99")
