"""Goal: the tile map shows every province once, neighbours near each other, and figures are written one way."""

from datetime import date

import pytest

from services.reporting.dashboard.cards import ORDER
from services.reporting.dashboard.formats import (
    format_amount,
    format_hundredths,
    format_lag,
    format_money_short,
    format_month,
)
from services.reporting.dashboard.provenance import PROVENANCE
from services.reporting.dashboard.texts import ENGLISH, TEXTS, THAI
from services.reporting.dashboard.tiles import ABBREVIATIONS, PLACES
from services.reporting.kpis.domain import KPIS
from shared.kernel.areas import PROVINCES


def test_every_province_has_one_tile_and_its_own_letters() -> None:
    assert PLACES.keys() == PROVINCES.keys() == ABBREVIATIONS.keys()
    assert len(set(PLACES.values())) == 77
    assert len({thai for thai, _ in ABBREVIATIONS.values()}) == 77
    assert len({english for _, english in ABBREVIATIONS.values()}) == 77


@pytest.mark.parametrize(
    ("north_or_west", "south_or_east", "axis"),
    [("57", "52", 1), ("50", "55", 0), ("42", "48", 0), ("38", "34", 1), ("52", "10", 1), ("71", "27", 0),
     ("10", "90", 1), ("85", "80", 0), ("90", "96", 1), ("58", "50", 0), ("30", "34", 0)],
)  # fmt: skip
def test_directions_are_those_of_the_country(north_or_west: str, south_or_east: str, axis: int) -> None:
    assert PLACES[north_or_west][axis] < PLACES[south_or_east][axis]


def test_provinces_of_a_region_hang_together() -> None:
    for region in {province.region for province in PROVINCES.values()}:
        left = {PLACES[code] for code, province in PROVINCES.items() if province.region == region}
        reached = {left.pop()}
        edge = set(reached)
        while edge:
            around = {(x + dx, y + dy) for x, y in edge for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
            edge = around & left
            left -= edge
        assert not left, region


def test_every_kpi_has_a_card_and_a_source() -> None:
    assert {kpi.id for kpi in KPIS} - {"K01", "K01x"} == set(ORDER)
    assert {kpi.id for kpi in KPIS} - {"K01x"} == PROVENANCE.keys()


def test_every_text_has_both_languages() -> None:
    for key, (thai, english) in TEXTS.items():
        assert thai, key
        assert english, key
        assert not set("กขคงจ") & set(english), key


@pytest.mark.parametrize(
    ("satang", "text"),
    [(0, "0 บาท"), (99_999_949, "999,999 บาท"), (99_999_950, "1.00 ล้านบาท"), (-1_234_567_89, "−1.23 ล้านบาท"),
     (1_255_654_321_00, "1,255.65 ล้านบาท")],
)  # fmt: skip
def test_money_is_short_for_reading(satang: int, text: str) -> None:
    assert format_money_short(satang, THAI) == text


def test_other_figures() -> None:
    assert format_hundredths(-5) == "−0.05"
    assert format_hundredths(123_456) == "1,234.56"
    assert format_month(date(2022, 9, 30), THAI) == "ก.ย. 65"
    assert format_month(date(2022, 9, 30), ENGLISH) == "Sep 22"
    assert format_amount("12.3450", "points", THAI) == "12.35"
    assert format_amount(1_234, "persons", ENGLISH) == "1,234 persons"
    assert (format_lag(0.24, THAI), format_lag(300.0, ENGLISH)) == ("0.2 วินาที", "5 min")
