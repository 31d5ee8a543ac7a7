"""Reads KPIs: of an area, of its parts, and over time. Also what the dashboard asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.reporting.areas.domain import (
    Area,
    Level,
    is_below,
    known_parts,
    level_below,
    provinces_of,
)
from services.reporting.areas.repository import list_cooperatives
from services.reporting.areas.schemas import AreaRead
from services.reporting.areas.service import cooperative_area, find_area
from services.reporting.errors import AsOfOutsideYear, KpiNotFound, LevelInvalid
from services.reporting.kpis.domain import (
    KPI_BY_ID,
    KPIS,
    PART_LABELS,
    Figure,
    Kpi,
    Sums,
    attainment_hundredths,
    no_sums,
    reads_of,
    render,
    render_value,
    value_of,
)
from services.reporting.kpis.repository import Scope, event_lag_seconds, newest_fiscal_year, sum_up
from services.reporting.kpis.schemas import (
    FigureRead,
    KpiChild,
    KpiRead,
    PartRead,
    Programme,
    SeriesPoint,
    TargetOfKpi,
)
from services.reporting.targets.domain import Target
from services.reporting.targets.repository import targets_of_year
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession
from shared.kernel.calendar import fiscal_year_be, month_ends

CONSUMER: Final = "reporting"
_REACHED_PERCENT_DEFAULT: Final = Decimal(10)
_COOPERATIVES_UNDER: Final = frozenset({Level.PROVINCE, Level.DISTRICT})


@dataclass(frozen=True, slots=True)
class KpiQuery:
    """What is asked for.

    Attributes:
        area: TH, a region, a province, a district, or a co-operative's id.
        fiscal_year_be: None: that of `as_of`, else the newest with a baseline.
        programme: only co-operatives enrolled in it; None: all.
        as_of: the last close on or before it counts, and facts up to it; None: the latest.
    """

    area: str = "TH"
    fiscal_year_be: int | None = None
    programme: Programme | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    scope: Scope
    targets: Mapping[str, Target]
    dates: Sequence[date] | None


async def read_kpis(session: ReadSession, query: KpiQuery) -> list[KpiRead]:
    """Every KPI that says something at the area's level.

    Raises:
        AreaNotFound: the reach does not cover the whole area.
        AsOfOutsideYear: the date is not in the fiscal year.
    """
    asked = await _ask(session, query)
    area = asked.scope.area
    shown = [kpi for kpi in KPIS if area.level in kpi.levels]
    sums = await _sums_of_area(session, asked, shown)
    lag_seconds = await event_lag_seconds(session, CONSUMER)
    return [_kpi_read(kpi, sums, asked, lag_seconds) for kpi in shown]


async def read_kpi(session: ReadSession, kpi_id: str, query: KpiQuery) -> KpiRead:
    """One KPI. Raises as :func:`read_kpis`, and KpiNotFound."""
    kpi = _find_kpi(kpi_id)
    asked = await _ask(session, query)
    _require_level(kpi, asked.scope.area.level)
    sums = await _sums_of_area(session, asked, [kpi])
    return _kpi_read(kpi, sums, asked, await event_lag_seconds(session, CONSUMER))


async def read_children(
    session: ReadSession, kpi_id: str, query: KpiQuery, level: Level | None = None
) -> list[KpiChild]:
    """A KPI of every part of an area, at the next level or a lower one; parts without a co-operative included.

    Raises:
        AreaNotFound, AsOfOutsideYear, KpiNotFound: as :func:`read_kpi`.
        LevelInvalid: the area has no such parts; co-operatives are listed under provinces and districts only.
    """
    kpi = _find_kpi(kpi_id)
    asked = await _ask(session, query)
    area = asked.scope.area
    wanted = level or level_below(area.level)
    if wanted is None or not is_below(wanted, area.level):
        raise LevelInvalid
    if wanted is Level.COOPERATIVE and area.level not in _COOPERATIVES_UNDER:
        raise LevelInvalid
    _require_level(kpi, wanted)
    provinces = {one.code: provinces_of(one) for one in known_parts(area, wanted)}
    sums_of_parts = await sum_up(session, asked.scope, wanted, provinces, reads_of([kpi]), asked.dates)
    found = {sums.area: sums for sums in sums_of_parts}
    as_of = next((sums.as_of for sums in found.values()), None)
    children = []
    for part in await _parts(session, area, wanted, list(found)):
        sums = found.get(part.code) or no_sums(part.code, asked.scope.last, as_of, provinces.get(part.code, 1))
        figure = _figure_read(kpi, kpi.compute(sums), sums)
        children.append(KpiChild(**figure.model_dump(), area=AreaRead.model_validate(part)))
    return children


async def read_series(session: ReadSession, kpi_id: str, query: KpiQuery) -> list[SeriesPoint]:
    """A KPI at the baseline and at every month-end since, then, when there are facts after the last close, now.

    Raises as :func:`read_kpi`.
    """
    kpi = _find_kpi(kpi_id)
    asked = await _ask(session, query)
    _require_level(kpi, asked.scope.area.level)
    latest = await _sums_of_area(session, asked, [kpi])
    if latest.as_of is None:
        return []
    dates = list(month_ends(asked.scope.baseline_on, latest.as_of))
    if latest.as_of not in dates:
        dates.append(latest.as_of)
    provinces = {asked.scope.area.code: provinces_of(asked.scope.area)}
    points = await sum_up(session, asked.scope, asked.scope.area.level, provinces, reads_of([kpi]), dates)
    if asked.dates is None and latest.facts_to is not None and latest.facts_to > latest.as_of:
        points.append(latest)
    return [
        SeriesPoint(
            **_figure_read(kpi, kpi.compute(sums), sums).model_dump(),
            date=latest.facts_to if sums is latest and latest.facts_to else sums.bound,
        )
        for sums in points
    ]


async def _ask(session: ReadSession, query: KpiQuery) -> _Asked:
    area = await find_area(session, query.area)
    year = query.fiscal_year_be
    if year is None and query.as_of is not None:
        year = fiscal_year_be(query.as_of)
    if year is None:
        year = await newest_fiscal_year(session) or fiscal_year_be(today_in_bangkok())
    targets = await targets_of_year(session, year)
    reached = targets["K01"].value if "K01" in targets else _REACHED_PERCENT_DEFAULT
    scope = Scope(area, year, query.programme, reached)
    if query.as_of is not None and not scope.baseline_on <= query.as_of <= scope.last:
        raise AsOfOutsideYear
    return _Asked(scope, targets, None if query.as_of is None else [query.as_of])


async def _sums_of_area(session: ReadSession, asked: _Asked, kpis: Iterable[Kpi]) -> Sums:
    scope = asked.scope
    provinces = provinces_of(scope.area)
    found = await sum_up(session, scope, scope.area.level, {scope.area.code: provinces}, reads_of(kpis), asked.dates)
    return found[0] if found else no_sums(scope.area.code, scope.last, None, provinces)


async def _parts(session: ReadSession, area: Area, level: Level, found: Sequence[str]) -> list[Area]:
    if level is not Level.COOPERATIVE:
        return known_parts(area, level)
    rows = await list_cooperatives(session, [UUID(code) for code in found])
    return [cooperative_area(row) for row in rows]


def _find_kpi(kpi_id: str) -> Kpi:
    kpi = KPI_BY_ID.get(kpi_id)
    if kpi is None:
        raise KpiNotFound
    return kpi


def _require_level(kpi: Kpi, level: Level) -> None:
    if level not in kpi.levels:
        raise KpiNotFound


def _kpi_read(kpi: Kpi, sums: Sums, asked: _Asked, lag_seconds: float | None) -> KpiRead:
    figure = kpi.compute(sums)
    return KpiRead(
        **_figure_read(kpi, figure, sums).model_dump(),
        id=kpi.id,
        name_th=kpi.name_th,
        name_en=kpi.name_en,
        unit=kpi.unit,
        numerator_unit=kpi.numerator_unit,
        denominator_unit=kpi.denominator_unit,
        definition_th=kpi.definition_th,
        definition_en=kpi.definition_en,
        formula_version=kpi.formula_version,
        lower_is_better=kpi.lower_is_better,
        area=AreaRead.model_validate(asked.scope.area),
        fiscal_year_be=asked.scope.fiscal_year_be,
        programme=asked.scope.programme,
        event_lag_seconds=None if lag_seconds is None else round(lag_seconds, 3),
        target=_target_of(kpi, figure, asked),
    )


def _figure_read(kpi: Kpi, figure: Figure, sums: Sums) -> FigureRead:
    value = value_of(kpi, figure)
    denominator_unit = kpi.denominator_unit
    return FigureRead(
        numerator=render(figure.numerator, kpi.numerator_unit),
        denominator=None
        if figure.denominator is None or denominator_unit is None
        else render(figure.denominator, denominator_unit),
        value=None if value is None else render_value(value, kpi.unit),
        as_of=sums.as_of,
        facts_to=sums.facts_to if figure.is_provisional else None,
        provisional=figure.is_provisional,
        cooperatives_total=sums.cooperatives_total,
        cooperatives_reached=sums.cooperatives_reached,
        parts=[
            PartRead(
                code=part.code,
                name_th=PART_LABELS[part.code][0],
                name_en=PART_LABELS[part.code][1],
                unit=part.unit,
                value=render(part.amount, part.unit),
            )
            for part in figure.parts
        ],
    )


def _target_of(kpi: Kpi, figure: Figure, asked: _Asked) -> TargetOfKpi | None:
    target = asked.targets.get(kpi.id)
    if target is None or asked.scope.area.level not in kpi.target_levels:
        return None
    attained = attainment_hundredths(kpi, figure, target.value)
    return TargetOfKpi(
        value=format(target.value, "f"),
        unit=kpi.unit,
        source=target.source,
        version=target.version,
        attainment_percent=None if attained is None else str(render_value(attained, "percent")),
    )
