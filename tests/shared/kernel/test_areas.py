"""Goal: the table of areas is the official one, grouped as the department's tables group it."""

from collections import Counter

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.kernel.areas import DISTRICTS, PROVINCES, REGIONS, AreaCode, region_of
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


@pytest.mark.parametrize("code", ["TH", "52", "5201"])
def test_area_codes_are_accepted(code: str) -> None:
    assert TypeAdapter(AreaCode).validate_python(code) == code
    assert TypeAdapter(AreaCode).dump_json(code) == f'"{code}"'.encode()


@pytest.mark.parametrize("code", ["", "th", "00", "5299", "520101", 52, None, "๕๒"])
def test_other_codes_are_refused(code: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AreaCode).validate_python(code)
