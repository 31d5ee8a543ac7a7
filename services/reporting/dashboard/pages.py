"""What the pages show, as plain data: by the time it gets here everything is a word, a size or an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from services.reporting.dashboard.charts import Step
from services.reporting.dashboard.texts import Language
from services.reporting.kpis.schemas import Programme
from services.reporting.kpis.service import KpiQuery


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is about; `codes` is the path from the nation, the area's own code last."""

    fiscal_year_be: int
    codes: tuple[str, ...]
    programme: Programme | None
    language: Language

    @property
    def code(self) -> str:
        return self.codes[-1]

    @property
    def query(self) -> KpiQuery:
        return KpiQuery(self.code, self.fiscal_year_be, self.programme)

    def href(self, *codes: str) -> str:
        """The page of a part of this area, or of this area itself."""
        return page_href(self.fiscal_year_be, (*self.codes, *codes), self.programme)


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads somewhere, or only stands there when `href` is None."""

    text: str
    href: str | None = None
    note: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """A bar under a figure, in percent of its width: how far it is filled, and where the target stands."""

    fill_percent: int
    mark_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI: its figure first, then what makes it, then what it means."""

    id: str
    name: str
    name_beside: str
    value: str
    unit: str
    details: tuple[str, ...]
    gauge: Gauge | None
    target: str
    is_met: bool
    is_provisional: bool
    note: str
    definition: str
    source: str
    assumption: str
    formula: str
    target_source: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    href: str | None = None
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """The table behind a chart; the first column names the row."""

    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its words, its specification for the browser, its still picture's address, and its table."""

    id: str
    title: str
    title_beside: str
    lead: str
    spec: Mapping[str, Any]
    still_href: str
    table: Table
    keys: tuple[tuple[str, str], ...] = ()
    """Colour class → its word."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of the map or of the overview. Without `href` it is text: outside the reader's reach, or empty."""

    label: str
    name: str
    value: str
    step: Step
    tip: str
    href: str | None
    column: int = 0
    row: int = 0
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    """The map of provinces, or the overview of an area's parts."""

    title: str
    title_beside: str
    lead: str
    tiles: tuple[Tile, ...]
    keys: tuple[tuple[Step, str], ...]
    is_map: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the parts of K01's change together: what was paid, what fell without payment, what was added."""

    kind: str
    name: str
    amount: str
    start_percent: int
    width_percent: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the figures reach and how much of them is there."""

    as_of: str
    reached: str
    is_complete: bool
    provisional: str
    lag: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page."""

    title: str
    language_href: str
    fiscal_years: tuple[Link, ...] = ()
    programmes: tuple[Link, ...] = ()
    crumbs: tuple[Link, ...] = ()
    caller: str = ""


@dataclass(frozen=True, slots=True)
class AreaPage:
    """The figures of one area."""

    name: str
    name_beside: str
    level: str
    version: str
    freshness: Freshness
    freshness_href: str
    hero: Card
    shares: tuple[Share, ...]
    cards: tuple[Card, ...]
    waterfall: Chart
    trend: Chart
    ranking: Chart | None
    is_without_places: bool
    tiles: Tiles | None
    members_href: str | None


@dataclass(frozen=True, slots=True)
class HomeArea:
    """One of several areas of a reader, with its K01."""

    name: str
    name_beside: str
    place: str
    href: str
    value: str
    step: Step
    remaining: str
    as_of: str


def page_href(fiscal_year_be: int, codes: Sequence[str], programme: str | None, **more: str) -> str:
    """The address of an area's page: the path from the nation stands in it, so that it can be read and shared."""
    return _href([str(fiscal_year_be), *codes], programme, more)


def still_href(asked: Asked, chart: str, version: str) -> str:
    """The address of a chart's still picture; the version makes it new when a figure changes."""
    segments = ["charts", str(asked.fiscal_year_be), asked.code, f"{chart}.svg"]
    return _href(segments, asked.programme, {"lang": asked.language.code, "v": version})


def freshness_href(asked: Asked) -> str:
    """Where a page asks whether its figures may have changed."""
    return _href(["freshness"], asked.programme, {"fiscal_year_be": str(asked.fiscal_year_be), "area": asked.code})


def _href(segments: Sequence[str], programme: str | None, more: Mapping[str, str]) -> str:
    query = {**({} if programme is None else {"programme": programme}), **more}
    path = "/".join(["/dashboard", *segments])
    return f"{path}?{urlencode(query)}" if query else path
