"""What goes out about KPIs over HTTP."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.reporting.areas.schemas import AreaRead
from services.reporting.kpis.domain import Unit

Number = Annotated[
    str | int, Field(description="Money, percent and points as a decimal string; rows as a whole number")
]
Programme = Literal["A", "B"]


class PartRead(BaseModel):
    """One part of a figure; the parts of K01 sum to its numerator."""

    code: str
    name_th: str
    name_en: str
    unit: Unit
    value: Number


class FigureRead(BaseModel):
    """A figure with its date and how much of it is there."""

    numerator: Number
    denominator: Number | None
    value: Annotated[Number | None, Field(description="Null where the denominator is 0")]
    as_of: Annotated[date | None, Field(description="The close that the figure stands for; null before the first")]
    facts_to: Annotated[date | None, Field(description="The newest fact after that close which is included")]
    provisional: Annotated[bool, Field(description="Facts after the last close are included")]
    cooperatives_total: int
    cooperatives_reached: Annotated[int, Field(description="How many have closed up to as_of")]
    parts: list[PartRead] = []


class TargetOfKpi(BaseModel):
    """The target in force, and how much of it is attained."""

    value: str
    unit: Unit
    source: str
    version: int
    attainment_percent: Annotated[str | None, Field(description="Figure ÷ target × 100")]


class KpiRead(FigureRead):
    """A KPI of an area in a fiscal year."""

    id: str
    name_th: str
    name_en: str
    unit: Unit
    numerator_unit: Unit
    denominator_unit: Unit | None
    definition_th: str
    definition_en: str
    formula_version: int
    lower_is_better: bool
    area: AreaRead
    fiscal_year_be: int
    programme: Programme | None
    event_lag_seconds: Annotated[float | None, Field(description="How far the figure may be behind what has happened")]
    target: TargetOfKpi | None = None


class KpiChild(FigureRead):
    """The KPI of one part of an area."""

    area: AreaRead


class SeriesPoint(FigureRead):
    """The KPI at one date: a month-end, or the newest fact when the figure is provisional."""

    date: date
