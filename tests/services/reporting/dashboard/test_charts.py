"""Goal: every chart is a valid Vega-Lite specification that draws what it says, whatever stands in the names."""

import json
from html import escape

import pytest
import vl_convert

from services.reporting.dashboard.charts import (
    LIVE,
    PRINT,
    Bar,
    Palette,
    Point,
    Rank,
    Spec,
    ranking,
    step_of,
    trend,
    waterfall,
)

HOSTILE = """</script><img src=x onerror=alert(1)>'"\\ {{7*7}} ${1}"""

BARS = (
    Bar("หนี้ค้าง ณ วันฐาน", "total", 0, 48_000_000_00, "48.00", "หนี้ค้าง ณ วันฐาน: 48,000,000.00 บาท"),
    Bar("เงินสด/โอน", "paid", 48_000_000_00, 45_000_000_00, "−3.00", "ชำระ"),
    Bar("ปรับกำหนด", "unpaid", 45_000_000_00, 44_500_000_00, "−0.50", "ปรับ"),
    Bar("ค้างเพิ่ม", "worse", 44_500_000_00, 45_100_000_00, "+0.60", "ค้าง"),
    Bar("คงค้างล่าสุด", "total", 0, 45_100_000_00, "45.10", "คงค้าง"),
)
POINTS = (
    Point(0, 0, False, "0.00 %", "ก"),
    Point(31, 412, False, "4.12 %", "ข"),
    Point(45, 604, True, "6.04 %", "ค"),
)
TICKS = {0: "ก.ย. 65", 31: "ต.ค. 65", 61: "พ.ย. 65"}
RANKS = (
    Rank("เมืองลำปาง", 1_284, "met", "12.84", "ก", "/dashboard/2566/TH/N/52/5201"),
    Rank(HOSTILE, 300, "low", "3.00", HOSTILE, "/dashboard/2566/TH/N/52/5202"),
    Rank(HOSTILE, -120, "worse", "−1.20", HOSTILE, "/dashboard/2566/TH/N/52/5203"),
)
TARGET = (1_000, "เป้าหมาย 10 %")


def specs(palette: Palette, width: int | None) -> dict[str, Spec]:
    return {
        "waterfall": waterfall(BARS, palette, "คำบรรยาย", width),
        "trend": trend(POINTS, TICKS, TARGET, palette, "คำบรรยาย", width),
        "ranking": ranking(RANKS, TARGET, palette, "คำบรรยาย", width),
    }


@pytest.mark.parametrize("chart", ["waterfall", "trend", "ranking"])
@pytest.mark.parametrize("palette", [PRINT, LIVE], ids=["print", "live"])
def test_specification_draws_without_a_warning(chart: str, palette: Palette, capfd: pytest.CaptureFixture[str]) -> None:
    spec = specs(palette, 680)[chart]
    svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4", show_warnings=True, allowed_base_urls=[])
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert "WARN" not in capfd.readouterr().err


def test_bars_begin_where_the_last_one_ended() -> None:
    links = specs(PRINT, 680)["waterfall"]["layer"][0]["data"]["values"]
    assert [link["at"] for link in links] == [bar.end_satang for bar in BARS[:-1]]


def test_names_stay_text_in_the_picture() -> None:
    svg = vl_convert.vegalite_to_svg(specs(PRINT, 680)["ranking"], vl_version="6.4", allowed_base_urls=[])
    assert "<img" not in svg
    assert "<script" not in svg
    assert escape("</script>", quote=False) in svg


def test_two_places_of_one_name_keep_a_bar_each() -> None:
    values = specs(LIVE, None)["ranking"]["data"]["values"]
    assert len({value["place"] for value in values}) == len(RANKS)


def test_charts_without_figures_draw_too() -> None:
    empty = (waterfall((), PRINT, "", 680), trend((), TICKS, None, PRINT, "", 680), ranking((), None, PRINT, "", 680))
    for spec in empty:
        assert vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[]).startswith("<svg")


def test_page_specifications_hold_no_colour_of_their_own() -> None:
    for spec in specs(LIVE, None).values():
        assert "#" not in json.dumps({**spec, "$schema": ""}, ensure_ascii=False).replace("{{7*7}}", "")


@pytest.mark.parametrize(
    ("hundredths", "step"),
    [(None, "none"), (-1, "worse"), (0, "low"), (499, "low"), (500, "near"), (999, "near"), (1_000, "met"),
     (1_499, "met"), (1_500, "far")],
)  # fmt: skip
def test_colour_follows_the_target(hundredths: int | None, step: str) -> None:
    assert step_of(hundredths, 1_000) == step
