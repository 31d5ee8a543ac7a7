"""The map of provinces, and the overview of an area's parts in the same colours."""

from collections.abc import Sequence

from services.reporting.areas.domain import Level
from services.reporting.dashboard.charts import Step, step_of
from services.reporting.dashboard.formats import (
    MINUS,
    format_count,
    format_hundredths,
    format_money_short,
    to_hundredths,
    to_satang,
)
from services.reporting.dashboard.pages import Asked, Tile, Tiles, page_href
from services.reporting.dashboard.pictures import remaining_satang
from services.reporting.dashboard.texts import Language
from services.reporting.dashboard.tiles import ABBREVIATIONS, PLACES
from services.reporting.kpis.schemas import KpiChild
from shared.kernel.areas import NATION, PROVINCES
from shared.kernel.money import half_up

_STEPS: tuple[Step, ...] = ("worse", "low", "near", "met", "far", "none")


def province_map(asked: Asked, provinces: Sequence[KpiChild], target_hundredths: int) -> Tiles:
    """Every province in its place; those that are not asked for (of another region) are faint and lead nowhere."""
    known = {child.area.code: child for child in provinces}
    tiles = []
    for code, (column, row) in PLACES.items():
        province, child = PROVINCES[code], known.get(code)
        name = asked.language.pick(province.name_th, province.name_en)
        label = asked.language.pick(*ABBREVIATIONS[code])
        if child is None or child.cooperatives_total == 0:
            tip = f"{name}: {asked.language('no_data')}"
            tiles.append(Tile(label, name, "", "none", tip, None, column, row, is_faint=child is None))
            continue
        path = (NATION, province.region, code)
        href = page_href(asked.fiscal_year_be, path, asked.programme)
        tiles.append(_tile(asked.language, child, label, target_hundredths, href, column, row))
    return Tiles(
        title=asked.language("map"),
        title_beside=asked.language.other("map"),
        lead=asked.language("map_lead"),
        tiles=tuple(tiles),
        keys=_keys(asked.language, target_hundredths),
        is_map=True,
    )


def overview_of(asked: Asked, children: Sequence[KpiChild], target_hundredths: int) -> Tiles:
    """A tile for each district or co-operative of an area, in the order of their names' codes."""
    language = asked.language
    tiles = []
    for child in children:
        name = language.pick(child.area.name_th, child.area.name_en)
        if child.cooperatives_total == 0:
            tiles.append(Tile(name, name, "", "none", f"{name}: {language('no_data')}", None))
        else:
            tiles.append(_tile(language, child, name, target_hundredths, asked.href(child.area.code)))
    is_cooperatives = any(child.area.level is Level.COOPERATIVE for child in children)
    target = format_count(target_hundredths // 100)
    return Tiles(
        title=language("tiles"),
        title_beside=language.other("tiles"),
        lead=language("tiles_lead", target=target),
        # Districts without a co-operative stay visible: that nobody is there is a finding too.
        tiles=tuple(tile for tile in tiles if not is_cooperatives or tile.href is not None),
        keys=_keys(language, target_hundredths),
        is_map=False,
    )


def _tile(
    language: Language,
    child: KpiChild,
    label: str,
    target_hundredths: int,
    href: str,
    column: int = 0,
    row: int = 0,
) -> Tile:
    hundredths = to_hundredths(child.value)
    name = language.pick(child.area.name_th, child.area.name_en)
    if hundredths is None:
        return Tile(label, name, "", "none", f"{name}: {language('no_basis')}", href, column, row)
    left = f"{language('now')} {format_money_short(remaining_satang(child), language)}"
    return Tile(
        label=label,
        name=name,
        value=_short(child),
        step=step_of(hundredths, target_hundredths),
        tip=f"{name}: {format_hundredths(hundredths)} % · {left}",
        href=href,
        column=column,
        row=row,
    )


def _short(child: KpiChild) -> str:
    """One place is what fits a tile, `12.8`; from the sums, so that it is rounded once like every other figure."""
    tenths = half_up(to_satang(child.numerator) * 1_000, to_satang(child.denominator))
    return f"{MINUS if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"


def _keys(language: Language, target_hundredths: int) -> tuple[tuple[Step, str], ...]:
    half, whole, more = (format_hundredths(part) for part in _bounds(target_hundredths))
    words = {
        "worse": language("step_worse"),
        "low": f"0–{half}",
        "near": f"{half}–{whole}",
        "met": f"{whole}–{more}",
        "far": f"≥ {more}",
        "none": language("step_none"),
    }
    return tuple((step, words[step].replace(".00", "")) for step in _STEPS)


def _bounds(target_hundredths: int) -> tuple[int, int, int]:
    return (target_hundredths + 1) // 2, target_hundredths, (target_hundredths * 3 + 1) // 2
