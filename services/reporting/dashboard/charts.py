"""Charts as Vega-Lite specifications: plain dicts, made from figures and nothing else.

Money is given in satang and percentages in hundredths, as whole numbers; labels are made where figures are made. On the
page the colours are names of the style sheet's variables, so that light, dark and print need no new drawing; a still
picture gets the colours themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

Spec = dict[str, Any]
BarKind = Literal["total", "paid", "unpaid", "worse"]
Step = Literal["none", "worse", "low", "near", "met", "far"]

FONT: Final = "Sarabun, Noto Sans Thai, Loma, Leelawadee UI, Thonburi, sans-serif"
STILL_WIDTHS_PIXELS: Final[Mapping[str, int]] = {"waterfall": 680, "trend": 430, "ranking": 680}
"""How wide each chart is drawn for paper: about as wide as it stands there, so that its letters keep their size."""

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_ROW_PIXELS: Final = 30
_LABEL_PIXELS_MAX: Final = 170
# The figure beside the longest bar is measured and given room by autosize; a little more keeps it from the edge.
_FIGURES_BESIDE: Final = {"left": 2, "top": 2, "right": 10, "bottom": 2}
# Of a still picture the names are measured in another font than they are shown in: some are wider by a letter.
_STILL_FIGURES_BESIDE: Final = {**_FIGURES_BESIDE, "left": 20}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they mean."""

    ink: str
    muted: str
    line: str
    card: str
    steps: Mapping[Step, str]
    bars: Mapping[BarKind, str]


LIVE: Final = Palette(
    ink="var(--ink)",
    muted="var(--muted)",
    line="var(--line)",
    card="var(--card)",
    steps={step: f"var(--step-{step})" for step in ("none", "worse", "low", "near", "met", "far")},
    bars={kind: f"var(--bar-{kind})" for kind in ("total", "paid", "unpaid", "worse")},
)
"""Colours of the style sheet."""

PRINT: Final = Palette(
    ink="#17232b",
    muted="#55636c",
    line="#dcdfda",
    card="#ffffff",
    steps={
        "none": "#eceeea",
        "worse": "#b4490c",
        "low": "#cfe3e6",
        "near": "#8fc1c8",
        "met": "#2b7f8a",
        "far": "#0b4f58",
    },
    bars={"total": "#33444e", "paid": "#2b7f8a", "unpaid": "#b9c0c2", "worse": "#c8601c"},
)
"""The same on white paper."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the waterfall, from one level of overdue debt to the next, in satang."""

    label: str
    kind: BarKind
    start_satang: int
    end_satang: int
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class Point:
    """One date of the trend: days since the baseline, and hundredths of a percent."""

    day: int
    hundredths: int
    is_provisional: bool
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class Rank:
    """One bar of the ranking; `href` is where a click leads."""

    name: str
    hundredths: int
    step: Step
    text: str
    tip: str
    href: str


def step_of(hundredths: int | None, target_hundredths: int) -> Step:
    """Which of six colours a reduction gets, by the target: rose, under half, under, met, half as much again."""
    if hundredths is None:
        return "none"
    if hundredths < 0:
        return "worse"
    if hundredths >= target_hundredths:
        return "far" if hundredths * 2 >= target_hundredths * 3 else "met"
    return "near" if hundredths * 2 >= target_hundredths else "low"


def waterfall(bars: Sequence[Bar], palette: Palette, description: str, width: int | None = None) -> Spec:
    """Overdue debt at the baseline, what changed it, and what is left: bars that begin where the last one ended."""
    floor, ceiling = _levels(bars)
    values = [
        {
            "label": bar.label,
            "low": max(min(bar.start_satang, bar.end_satang), floor),
            "high": max(bar.start_satang, bar.end_satang),
            "end": bar.end_satang,
            "color": palette.bars[bar.kind],
            "text": bar.text,
            "tip": bar.tip,
        }
        for bar in bars
    ]
    links = [{"label": upper.label, "next": lower.label, "at": upper.end_satang} for upper, lower in pairwise(bars)]
    order = [bar.label for bar in bars]
    x = {"type": "quantitative", "scale": {"domain": [floor, ceiling], "nice": False, "zero": False}, "axis": None}
    y = {"type": "nominal", "sort": order, "title": None, "axis": _names(palette)}
    breaks = [{"label": bar.label} for bar in bars if bar.kind == "total"] if floor > 0 else []
    return {
        **_frame(description, palette, width, len(bars) * _ROW_PIXELS),
        "padding": _FIGURES_BESIDE if width is None else _STILL_FIGURES_BESIDE,
        "layer": [
            {
                "data": {"values": links},
                "mark": {"type": "rule", "color": palette.muted, "strokeDash": [2, 2], "opacity": 0.7},
                "encoding": {
                    "x": {"field": "at", **x},
                    "y": {"field": "label", **y, "bandPosition": 0.5},
                    "y2": {"field": "next", "bandPosition": 0.5},
                },
            },
            {
                "data": {"values": values},
                "mark": {"type": "bar", "height": {"band": 0.68}, "cornerRadius": 2},
                "encoding": {
                    "x": {"field": "low", **x},
                    "x2": {"field": "high"},
                    "y": {"field": "label", **y},
                    "color": _own_color(),
                    "tooltip": {"field": "tip"},
                },
            },
            {
                # Where the axis does not begin at zero, the long bars say so.
                "data": {"values": breaks},
                "mark": {"type": "text", "text": "//", "x": 16, "fontSize": 26, "angle": 0, "color": palette.card},
                "encoding": {"y": {"field": "label", **y}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "text", "align": "left", "dx": 7, "color": palette.ink, "fontSize": 13},
                "encoding": {
                    "x": {"field": "high", **x},
                    "y": {"field": "label", **y},
                    "text": {"field": "text"},
                },
            },
        ],
    }


def is_cut(bars: Sequence[Bar]) -> bool:
    """Whether the waterfall's axis begins above zero, which its caption must then say."""
    return _levels(bars)[0] > 0


def _levels(bars: Sequence[Bar]) -> tuple[int, int]:
    """Where the waterfall's axis begins and ends, in satang.

    A year's change is a tenth of the debt: from zero, its parts would be slivers. The axis begins below the lowest
    level by two thirds of what moves.
    """
    ends = [bar.end_satang for bar in bars]
    lowest, highest = min(ends, default=0), max(ends, default=0)
    moved = highest - lowest
    floor = lowest - moved * 2 // 3
    if moved == 0 or floor * 4 < highest:
        floor = min(lowest, 0)
    return floor, max(highest, floor + 1)


def trend(
    points: Sequence[Point],
    ticks: Mapping[int, str],
    target: tuple[int, str] | None,
    palette: Palette,
    description: str,
    width: int | None = None,
) -> Spec:
    """The reduction at month-ends over the whole fiscal year, with the target as a line.

    Args:
        points: in the order of their dates.
        ticks: days since the baseline → the month's short name, for every month-end of the year.
        target: hundredths of a percent, and the words beside its line.
        palette: the colours.
        description: said to those who do not see the chart.
        width: in pixels; None fills the place it stands in.
    """
    levels = [point.hundredths for point in points] + ([target[0]] if target else [])
    x, y = _month_axis(ticks, palette), _percent_axis(levels, palette)
    values = [
        {"day": one.day, "hundredths": one.hundredths, "open": one.is_provisional, "text": one.text, "tip": one.tip}
        for one in points
    ]
    color = palette.steps["met"]
    layers: list[Spec] = [
        {
            "data": {"values": values},
            "mark": {"type": "area", "color": color, "opacity": 0.14, "interpolate": "monotone"},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": values},
            "mark": {"type": "line", "color": color, "strokeWidth": 2.5, "interpolate": "monotone"},
            "encoding": {"x": x, "y": y},
        },
    ]
    if target is not None:
        layers += _target_line(target, palette, y)
    layers += [
        {
            "data": {"values": values},
            "mark": {"type": "point", "size": 62, "strokeWidth": 2.2, "stroke": color, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "fill": {"condition": {"test": "datum.open", "value": palette.card}, "value": color},
                "tooltip": {"field": "tip"},
            },
        },
        {
            "data": {"values": values[-1:]},
            "mark": {"type": "text", "dy": -14, "fontSize": 14, "fontWeight": "bold", "color": palette.ink},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]
    return {**_frame(description, palette, width, 285), "layer": layers}


def _month_axis(ticks: Mapping[int, str], palette: Palette) -> Spec:
    days = list(ticks)
    names = "{" + ", ".join(f"'{day}': '{name}'" for day, name in ticks.items()) + "}"
    return {
        "field": "day",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [-5, max(days, default=1) + 5], "nice": False},  # the dots at the ends stay whole
        "axis": {
            "values": days,
            "labelExpr": f"({names})[datum.value]",
            "labelOverlap": "parity",  # every second month where not all have room, and not now this one, now that
            "labelSeparation": 8,
            "grid": False,
            "tickColor": palette.line,
            "domainColor": palette.line,
        },
    }


def _percent_axis(levels: Sequence[int], palette: Palette) -> Spec:
    lowest, highest = min([0, *levels]), max([100, *levels])
    return {
        "field": "hundredths",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [lowest, highest * 9 // 8], "nice": True, "zero": True},
        "axis": {
            "labelExpr": "format(datum.value / 100, ',') + ' %'",
            "tickCount": 5,
            "gridColor": palette.line,
            "domain": False,
            "ticks": False,
        },
    }


def ranking(
    ranks: Sequence[Rank],
    target: tuple[int, str] | None,
    palette: Palette,
    description: str,
    width: int | None = None,
) -> Spec:
    """Parts of an area by their reduction, best first; a click on a bar leads inside."""
    values = [
        {
            # Two co-operatives may bear one name: the bar is told apart by its place, and shows the name.
            "place": f"{number:04d} {one.name}",
            "hundredths": one.hundredths,
            "right": max(one.hundredths, 0),
            "color": palette.steps[one.step],
            "edge": palette.steps["met"] if one.step in ("low", "near") else palette.steps[one.step],
            "text": one.text,
            "tip": one.tip,
            "href": one.href,
        }
        for number, one in enumerate(ranks)
    ]
    levels = [one.hundredths for one in ranks] + ([target[0]] if target else [])
    lowest, highest = min([0, *levels]), max([100, *levels])
    x = {
        "field": "hundredths",
        "type": "quantitative",
        "scale": {"domain": [lowest, highest], "nice": False},
        "axis": None,
    }
    y = {
        "field": "place",
        "type": "nominal",
        "sort": [value["place"] for value in values],
        "title": None,
        "axis": {**_names(palette), "labelExpr": "slice(datum.label, 5)"},
    }
    layers: list[Spec] = [
        {
            "mark": {
                "type": "bar",
                "height": {"band": 0.66},
                "cornerRadius": 2,
                "strokeWidth": 1,
                "cursor": "pointer",
                "invalid": None,
            },
            "encoding": {
                "x": x,
                "y": y,
                "color": _own_color(),
                "stroke": {"field": "edge", "type": "nominal", "scale": None},
                "tooltip": {"field": "tip"},
                "href": {"field": "href"},
            },
        },
        *_figures_beside(x, y, palette),
    ]
    if target is not None:
        rule = {"type": "rule", "color": palette.ink, "strokeDash": [4, 3], "strokeWidth": 1.2}
        # Behind the figures, before the bars.
        layers.insert(1, {"data": {"values": [{"hundredths": target[0]}]}, "mark": rule, "encoding": {"x": x}})
    return {
        **_frame(description, palette, width, max(len(values), 1) * 26),
        "padding": _FIGURES_BESIDE if width is None else _STILL_FIGURES_BESIDE,
        "data": {"values": values},
        "layer": layers,
    }


def _figures_beside(x: Spec, y: Spec, palette: Palette) -> list[Spec]:
    """Figures to the right of their bars, or of zero for a bar that leads left; a rim keeps lines out of them."""
    encoding = {
        "x": {**x, "field": "right"},
        "y": y,
        "text": {"field": "text"},
    }
    mark = {"type": "text", "align": "left", "dx": 6, "fontSize": 12}
    return [
        {"mark": {**mark, "stroke": palette.card, "strokeWidth": 5, "strokeJoin": "round"}, "encoding": encoding},
        {"mark": {**mark, "color": palette.ink}, "encoding": encoding},
    ]


def _target_line(target: tuple[int, str], palette: Palette, y: Spec) -> list[Spec]:
    data = {"values": [{"hundredths": target[0], "label": target[1]}]}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "color": palette.ink, "strokeDash": [5, 4], "strokeWidth": 1.2},
            "encoding": {"y": y},
        },
        {
            "data": data,
            "mark": {"type": "text", "align": "left", "x": 4, "dy": -8, "color": palette.muted, "fontSize": 12},
            "encoding": {"y": y, "text": {"field": "label"}},
        },
    ]


def _own_color() -> Spec:
    return {"field": "color", "type": "nominal", "scale": None}


def _names(palette: Palette) -> Spec:
    return {
        "labelColor": palette.ink,
        "labelFontSize": 13,
        "labelLimit": _LABEL_PIXELS_MAX,
        "labelPadding": 8,
        "domain": False,
        "ticks": False,
        "grid": False,
    }


def _frame(description: str, palette: Palette, width: int | None, height: int) -> Spec:
    return {
        "$schema": _SCHEMA,
        "description": description,
        "width": "container" if width is None else width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": None if width is None else palette.card,
        "padding": 2,
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelColor": palette.muted, "labelFontSize": 12, "titleColor": palette.muted},
            "text": {"color": palette.ink},
        },
    }
