"""Loads figures and lays them out as pages. The session's reach decides what can be asked; nothing is added up here."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from services.reporting.areas.domain import LEVEL_LABELS, Area, Level, known_area
from services.reporting.areas.service import find_area, home_areas, path_to
from services.reporting.dashboard.cards import ORDER, card_of
from services.reporting.dashboard.charts import LIVE, PRINT, STILL_WIDTHS_PIXELS, Spec, step_of
from services.reporting.dashboard.formats import (
    format_day,
    format_hundredths,
    format_lag,
    format_money_short,
    to_hundredths,
    to_satang,
)
from services.reporting.dashboard.pages import (
    AreaPage,
    Asked,
    Frame,
    Freshness,
    HomeArea,
    Link,
    Tiles,
    freshness_href,
    page_href,
)
from services.reporting.dashboard.pictures import Drawing, draw_ranking, draw_trend, draw_waterfall, shares_of
from services.reporting.dashboard.repository import fiscal_years, places_of, state_of_figures
from services.reporting.dashboard.texts import Language
from services.reporting.dashboard.tilings import overview_of, province_map
from services.reporting.errors import AreaNotFound
from services.reporting.kpis.schemas import KpiChild, KpiRead, Programme
from services.reporting.kpis.service import (
    KpiQuery,
    read_children,
    read_kpi,
    read_kpis,
    read_series,
)
from services.reporting.targets.repository import targets_of_year
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession
from shared.kernel.calendar import fiscal_year_be

HOME_AREAS_WITH_FIGURES_MAX: Final = 24
_TARGET_HUNDREDTHS_DEFAULT: Final = 1_000


async def find_page(session: ReadSession, asked: Asked) -> tuple[Asked, Area, list[Area]]:
    """The area of a page, with the path it should have had. Raises AreaNotFound."""
    area = await find_area(session, asked.code)
    path = await path_to(session, area)
    codes = tuple(one.code for one in path)
    return Asked(asked.fiscal_year_be, codes, asked.programme, asked.language), area, path


async def newest_year(session: ReadSession) -> int:
    """The newest fiscal year with figures within reach; without any, the year of today."""
    years = await fiscal_years(session)
    return years[0] if years else fiscal_year_be(today_in_bangkok())


async def home_path(session: ReadSession, year: int, programme: Programme | None) -> str:
    """Where a reader begins: his only area, or the list of his areas."""
    areas = await home_areas(session)
    if len(areas) != 1:
        return page_href(year, (), programme)
    path = await path_to(session, areas[0])
    return page_href(year, [one.code for one in path], programme)


async def load_area_page(session: ReadSession, asked: Asked, area: Area, path: Sequence[Area]) -> AreaPage:
    """The page of an area. Raises AreaNotFound."""
    language = asked.language
    version = await load_version(session, asked)
    kpis = {kpi.id: kpi for kpi in await read_kpis(session, asked.query)}
    series = await read_series(session, "K01", asked.query)
    children = await _children(session, asked, area)
    has_places = any(child.cooperatives_total for child in children)
    target = await _target_hundredths(session, asked)
    drawing = Drawing(asked, kpis["K01"], target, LIVE, None, version)
    names = language.pick(area.name_th, area.name_en), language.other.pick(area.name_th, area.name_en)
    return AreaPage(
        name=names[0],
        name_beside=names[1] if names[1] != names[0] else "",
        level=language.pick(*LEVEL_LABELS[area.level]),
        version=version,
        freshness=_freshness(kpis, language),
        freshness_href=freshness_href(asked),
        hero=card_of(kpis["K01"], language),
        shares=shares_of(drawing),
        cards=tuple(card_of(kpis[kpi_id], language) for kpi_id in ORDER if kpi_id in kpis),
        waterfall=draw_waterfall(drawing),
        trend=draw_trend(drawing, series),
        ranking=draw_ranking(drawing, children) if has_places else None,
        is_without_places=area.level is not Level.COOPERATIVE and not has_places,
        tiles=await _tiles(session, asked, area, children, target),
        members_href=f"/registry/v1/members?cooperative_id={area.code}" if area.level is Level.COOPERATIVE else None,
    )


async def load_still(session: ReadSession, asked: Asked, chart: str) -> Spec:
    """The specification of a chart for paper. Raises AreaNotFound, also for a chart that the area has not."""
    area = await find_area(session, asked.code)
    kpi = await read_kpi(session, "K01", asked.query)
    drawing = Drawing(asked, kpi, await _target_hundredths(session, asked), PRINT, STILL_WIDTHS_PIXELS.get(chart), "")
    if chart == "waterfall":
        return dict(draw_waterfall(drawing).spec)
    if chart == "trend":
        return dict(draw_trend(drawing, await read_series(session, "K01", asked.query)).spec)
    children = await _children(session, asked, area)
    if chart != "ranking" or not children:
        raise AreaNotFound
    return dict(draw_ranking(drawing, children).spec)


async def load_version(session: ReadSession, asked: Asked) -> str:
    """A word that changes when a figure of the page changes."""
    state = await state_of_figures(session, asked.code, asked.fiscal_year_be)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:20]


async def load_home(session: ReadSession, asked: Asked) -> list[HomeArea]:
    """The areas of a reader who has several, each with its own K01; beyond a bound by name only."""
    areas = await home_areas(session)
    places = await places_of(session, [area.code for area in areas if area.level is Level.COOPERATIVE])
    target = await _target_hundredths(session, asked)
    found = []
    for number, area in enumerate(areas):
        path = [one.code for one in await path_to(session, area)]
        kpi = None
        if number < HOME_AREAS_WITH_FIGURES_MAX:
            kpi = await read_kpi(session, "K01", KpiQuery(area.code, asked.fiscal_year_be, asked.programme))
        found.append(
            _home_area(area, page_href(asked.fiscal_year_be, path, asked.programme), kpi, target, places, asked)
        )
    return found


def _home_area(
    area: Area, href: str, kpi: KpiRead | None, target: int, places: dict[str, tuple[str, str]], asked: Asked
) -> HomeArea:
    language = asked.language
    hundredths = None if kpi is None else to_hundredths(kpi.value)
    codes = places.get(area.code, ())
    names = [language.pick(one.name_th, one.name_en) for one in map(known_area, reversed(codes)) if one is not None]
    beside = language.other.pick(area.name_th, area.name_en)
    remaining = 0 if kpi is None else to_satang(kpi.denominator) - to_satang(kpi.numerator)
    return HomeArea(
        name=language.pick(area.name_th, area.name_en),
        name_beside="" if beside == language.pick(area.name_th, area.name_en) else beside,
        place=" · ".join(names) or language.pick(*LEVEL_LABELS[area.level]),
        href=href,
        value="" if hundredths is None else format_hundredths(hundredths),
        step=step_of(hundredths, target),
        remaining=format_money_short(remaining, language) if hundredths is not None else "",
        as_of="" if kpi is None or kpi.as_of is None else format_day(kpi.as_of, language),
    )


async def frame_of(
    session: ReadSession, asked: Asked, path: Sequence[Area], title: str, caller: str, can_reach: frozenset[str]
) -> Frame:
    """What stands around a page: years, programmes, and the path, in which an area out of reach is text alone."""
    language = asked.language
    years = list(await fiscal_years(session))
    if asked.fiscal_year_be not in years:
        years = sorted([*years, asked.fiscal_year_be], reverse=True)
    codes = asked.codes
    choices: tuple[tuple[Programme | None, str], ...] = (
        (None, "programme_all"),
        ("A", "programme_A"),
        ("B", "programme_B"),
    )
    return Frame(
        title=title,
        language_href=page_href(asked.fiscal_year_be, codes, asked.programme, lang=language.other.code),
        fiscal_years=tuple(
            Link(str(year), page_href(year, codes, asked.programme), is_current=year == asked.fiscal_year_be)
            for year in years
        ),
        programmes=tuple(
            Link(
                language(key) if code is None else code,
                page_href(asked.fiscal_year_be, codes, code),
                note="" if code is None else language(key),
                is_current=code == asked.programme,
            )
            for code, key in choices
        ),
        crumbs=tuple(
            Link(
                language.pick(one.name_th, one.name_en),
                page_href(asked.fiscal_year_be, codes[: number + 1], asked.programme)
                if one.code in can_reach
                else None,
                is_current=number == len(path) - 1,
            )
            for number, one in enumerate(path)
        ),
        caller=caller,
    )


async def reachable(session: ReadSession, path: Sequence[Area]) -> frozenset[str]:
    """Which areas of a path the session may open."""
    found = set()
    for area in path:
        try:
            found.add((await find_area(session, area.code)).code)
        except AreaNotFound:
            continue  # shown as text, without a figure
    return frozenset(found)


async def _children(session: ReadSession, asked: Asked, area: Area) -> list[KpiChild]:
    if area.level is Level.COOPERATIVE:
        return []
    return await read_children(session, "K01", asked.query)


async def _tiles(
    session: ReadSession, asked: Asked, area: Area, children: Sequence[KpiChild], target: int
) -> Tiles | None:
    if area.level is Level.NATION:
        provinces = await read_children(session, "K01", asked.query, Level.PROVINCE)
        return province_map(asked, provinces, target)
    if area.level is Level.REGION:
        return province_map(asked, children, target)
    return overview_of(asked, children, target) if children else None


async def _target_hundredths(session: ReadSession, asked: Asked) -> int:
    target = (await targets_of_year(session, asked.fiscal_year_be)).get("K01")
    return _TARGET_HUNDREDTHS_DEFAULT if target is None else int(target.value * 100)


def _freshness(kpis: Mapping[str, KpiRead], language: Language) -> Freshness:
    headline = kpis["K01"]
    newest_fact = max((kpi.facts_to for kpi in kpis.values() if kpi.facts_to is not None), default=None)
    lag_seconds = headline.event_lag_seconds
    return Freshness(
        as_of="" if headline.as_of is None else format_day(headline.as_of, language),
        reached=language("reached_the_date", reached=headline.cooperatives_reached, total=headline.cooperatives_total),
        is_complete=headline.cooperatives_reached == headline.cooperatives_total > 0,
        provisional="" if newest_fact is None else language("provisional_until", day=format_day(newest_fact, language)),
        lag=language("lag_unknown")
        if lag_seconds is None
        else f"{language('lag')} {format_lag(lag_seconds, language)}",
    )
