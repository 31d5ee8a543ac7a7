"""Charts with their words and tables, from the KPIs that they draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.reporting.dashboard.charts import (
    Bar,
    BarKind,
    Palette,
    Point,
    Rank,
    is_cut,
    ranking,
    step_of,
    trend,
    waterfall,
)
from services.reporting.dashboard.formats import (
    MINUS,
    format_count,
    format_day,
    format_hundredths,
    format_millions,
    format_money,
    format_money_short,
    format_month,
    to_hundredths,
    to_satang,
)
from services.reporting.dashboard.pages import Asked, Cell, Chart, Share, Table, still_href
from services.reporting.dashboard.texts import Language
from services.reporting.kpis.schemas import FigureRead, KpiChild, KpiRead, SeriesPoint
from shared.kernel.calendar import fiscal_year_bounds, month_ends
from shared.kernel.money import half_up

RANKED_MAX: Final = 32
_DASH: Final = "–"

# What members and their produce paid; the rest of the parts fell without anybody paying.
_KINDS: Final[dict[str, BarKind]] = {
    "cash": "paid",
    "produce": "paid",
    "set_off": "paid",
    "waived": "unpaid",
    "written_off": "unpaid",
    "rescheduled": "unpaid",
    "left_cohort": "unpaid",
    "newly_overdue": "worse",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What every chart of a page is drawn with; `width` in pixels is for a still picture."""

    asked: Asked
    kpi: KpiRead
    target_hundredths: int
    palette: Palette
    width: int | None
    version: str

    @property
    def baseline_on(self) -> date:
        """t0: the last day before the fiscal year."""
        return fiscal_year_bounds(self.asked.fiscal_year_be - 1)[1]

    def still_href(self, chart: str) -> str:
        """The address of a chart's still picture."""
        return still_href(self.asked, chart, self.version)

    def says(self, lead: str) -> str:
        """The words for those who do not see a chart."""
        language = self.asked.language
        return f"{lead}: {language.pick(self.kpi.area.name_th, self.kpi.area.name_en)}"


def draw_waterfall(drawing: Drawing) -> Chart:
    """What overdue debt fell by."""
    kpi, language = drawing.kpi, drawing.asked.language
    before, change = to_satang(kpi.denominator), to_satang(kpi.numerator)
    bars = [_total(drawing, "short_baseline", before)]
    level = before
    for part in kpi.parts:
        satang = to_satang(part.value)
        # A newly overdue debt is a negative part: its bar goes up again.
        text = f"{MINUS if satang > 0 else '+'}{format_millions(abs(satang))}"
        bars.append(
            Bar(
                label=language(f"short_{part.code}"),
                kind=_KINDS[part.code],
                start_satang=level,
                end_satang=level - satang,
                text=text if satang else _DASH,
                tip=f"{language.pick(part.name_th, part.name_en)}: {format_money(satang)} {language('baht')}",
            )
        )
        level -= satang
    bars.append(_total(drawing, "short_now", before - change))
    lead = language("no_basis")
    if kpi.value is not None:
        lead = f"{language('waterfall_lead')} ({language('million_baht')})"
    return Chart(
        id="waterfall",
        title=language("waterfall"),
        title_beside=language.other("waterfall"),
        lead=f"{lead} · {language('axis_cut')}" if is_cut(bars) else lead,
        spec=waterfall(bars, drawing.palette, drawing.says(language("waterfall")), drawing.width),
        still_href=drawing.still_href("waterfall"),
        table=_parts_table(drawing, before, change),
        keys=tuple((f"bar-{kind}", language(f"kind_{kind}")) for kind in ("total", "paid", "unpaid", "worse")),
    )


def _total(drawing: Drawing, label: str, satang: int) -> Bar:
    language = drawing.asked.language
    tip = f"{language(label)}: {format_money(satang)} {language('baht')}"
    return Bar(language(label), "total", 0, satang, format_millions(satang), tip)


def shares_of(drawing: Drawing) -> tuple[Share, ...]:
    """The parts of the change in three words, so that restructuring never looks like repayment."""
    language = drawing.asked.language
    sums = dict.fromkeys(("paid", "unpaid", "worse"), 0)
    for part in drawing.kpi.parts:
        sums[_KINDS[part.code]] += to_satang(part.value)
    moved = sum(abs(satang) for satang in sums.values())
    if moved == 0:
        return ()
    shares, start = [], 0
    for kind, satang in sums.items():
        width = 100 - start if kind == "worse" else abs(satang) * 100 // moved
        amount = format_money_short(abs(satang), language)
        sign = MINUS if satang > 0 else "+" if satang < 0 else ""
        shares.append(Share(f"bar-{kind}", language(f"kind_{kind}"), sign + amount, start, width))
        start += width
    return tuple(shares)


def _parts_table(drawing: Drawing, before: int, change: int) -> Table:
    kpi, language = drawing.kpi, drawing.asked.language

    def row(name: str, satang: int) -> tuple[Cell, ...]:
        return Cell(name, is_number=False), Cell(format_money(satang)), Cell(_share(satang, before))

    return Table(
        heads=(
            Cell(language("part"), is_number=False),
            Cell(language("amount_baht")),
            Cell(language("share_of_change")),
        ),
        rows=(
            row(f"{language('short_baseline')} ({format_day(drawing.baseline_on, language)})", before),
            *(row(language.pick(part.name_th, part.name_en), to_satang(part.value)) for part in kpi.parts),
            row(language("sum_of_parts"), sum(to_satang(part.value) for part in kpi.parts)),
        ),
        foot=row(language("short_now"), before - change),
    )


def draw_trend(drawing: Drawing, series: Sequence[SeriesPoint]) -> Chart:
    """The reduction month by month."""
    asked, language = drawing.asked, drawing.asked.language
    first, last = fiscal_year_bounds(asked.fiscal_year_be)
    baseline_on = first - timedelta(days=1)
    ticks = {(day - baseline_on).days: _tick(day, language) for day in month_ends(baseline_on, last)}
    points = [
        Point(
            day=(one.date - baseline_on).days,
            hundredths=hundredths,
            is_provisional=one.provisional,
            text=f"{format_hundredths(hundredths)} %",
            tip=_point_tip(drawing, one, hundredths),
        )
        for one in series
        if (hundredths := to_hundredths(one.value)) is not None
    ]
    spec = trend(points, ticks, _target(drawing), drawing.palette, drawing.says(language("trend_lead")), drawing.width)
    return Chart(
        id="trend",
        title=language("trend"),
        title_beside=language.other("trend"),
        lead=language("trend_lead") if points else f"{language('trend_lead')} · {language('no_basis')}",
        spec=spec,
        still_href=drawing.still_href("trend"),
        table=Table(
            heads=(
                Cell(language("day"), is_number=False),
                Cell(language("reduction_percent")),
                Cell(language("remaining_baht")),
                Cell(language("reached")),
            ),
            rows=tuple(
                (
                    Cell(_day_name(drawing, one), is_number=False),
                    Cell(_percent(one)),
                    Cell(format_money(remaining_satang(one))),
                    Cell(f"{format_count(one.cooperatives_reached)} / {format_count(one.cooperatives_total)}"),
                )
                for one in series
            ),
        ),
    )


def _tick(day: date, language: Language) -> str:
    """The month; with its year where the chart begins and where the calendar's year does."""
    name = format_month(day, language)
    return name if day.month in (1, 9) else name.rsplit(" ", 1)[0]


def _point_tip(drawing: Drawing, point: SeriesPoint, hundredths: int) -> str:
    language = drawing.asked.language
    left = f"{language('now')} {format_money(remaining_satang(point))} {language('baht')}"
    return f"{_day_name(drawing, point)}: {format_hundredths(hundredths)} % · {left}"


def _day_name(drawing: Drawing, point: SeriesPoint) -> str:
    language = drawing.asked.language
    day = format_day(point.date, language)
    return f"{day} ({language('provisional')})" if point.provisional else day


def draw_ranking(drawing: Drawing, children: Sequence[KpiChild]) -> Chart:
    """Parts of the area by their reduction, best first; those without a basis stand in the table alone."""
    language = drawing.asked.language
    ordered = sorted(children, key=_by_value)
    known = [child for child in ordered if child.value is not None]
    target = _target(drawing) if known else None
    drawn, lead = known, language("no_basis")
    if target is not None:
        lead = f"{language('ranking_lead')} · {language('dashes', target=target[1])}"
    if len(known) > RANKED_MAX:
        half = RANKED_MAX // 2
        drawn = known[:half] + known[-half:]
        lead = f"{lead} · {language('ranking_cut', shown=len(drawn), total=len(known))}"
    ranks = [_rank(drawing, child) for child in drawn]
    return Chart(
        id="ranking",
        title=language("ranking"),
        title_beside=language.other("ranking"),
        lead=lead,
        spec=ranking(ranks, target, drawing.palette, drawing.says(language("ranking")), drawing.width),
        still_href=drawing.still_href("ranking"),
        table=Table(
            heads=(
                Cell(language("name"), is_number=False),
                Cell(language("reduction_percent")),
                Cell(language("baseline_baht")),
                Cell(language("remaining_baht")),
                Cell(language("reached")),
            ),
            rows=tuple(_child_row(drawing, child) for child in ordered),
        ),
    )


def _rank(drawing: Drawing, child: KpiChild) -> Rank:
    language = drawing.asked.language
    hundredths = to_hundredths(child.value) or 0
    name = language.pick(child.area.name_th, child.area.name_en)
    left = f"{language('now')} {format_money(remaining_satang(child))} {language('baht')}"
    return Rank(
        name=name,
        hundredths=hundredths,
        step=step_of(hundredths, drawing.target_hundredths),
        text=format_hundredths(hundredths),
        tip=f"{name}: {format_hundredths(hundredths)} % · {left}",
        href=drawing.asked.href(child.area.code),
    )


def _child_row(drawing: Drawing, child: KpiChild) -> tuple[Cell, ...]:
    language = drawing.asked.language
    name = language.pick(child.area.name_th, child.area.name_en)
    if child.cooperatives_total == 0:
        return Cell(name, is_number=False), *(Cell(_DASH) for _ in range(4))
    return (
        Cell(name, drawing.asked.href(child.area.code), is_number=False),
        Cell(_percent(child)),
        Cell(format_money(to_satang(child.denominator))),
        Cell(format_money(remaining_satang(child))),
        Cell(f"{format_count(child.cooperatives_reached)} / {format_count(child.cooperatives_total)}"),
    )


def remaining_satang(figure: FigureRead) -> int:
    """What is still overdue of K01's cohort: its denominator less its numerator."""
    return to_satang(figure.denominator) - to_satang(figure.numerator)


def _by_value(child: KpiChild) -> tuple[bool, int, str]:
    hundredths = to_hundredths(child.value)
    return hundredths is None, -(hundredths or 0), child.area.code


def _percent(figure: FigureRead) -> str:
    hundredths = to_hundredths(figure.value)
    return _DASH if hundredths is None else format_hundredths(hundredths)


def _share(part: int, whole: int) -> str:
    return _DASH if whole <= 0 else format_hundredths(half_up(part * 10_000, whole))


def _target(drawing: Drawing) -> tuple[int, str]:
    language, hundredths = drawing.asked.language, drawing.target_hundredths
    whole = format_count(hundredths // 100) if hundredths % 100 == 0 else format_hundredths(hundredths)
    return hundredths, f"{language('target')} {whole} %"
