"""Targets of KPIs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from services.reporting.errors import KpiNotFound, TargetInvalid

TARGET_KPIS: Final = ("K01", "K02")
"""KPIs that have a target."""

_PERCENT_MAX: Final = 100
_PLACES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Target:
    """A target in force: percent for K01, places for K02. `fiscal_year_be` 0 holds for every year without its own."""

    kpi_id: str
    fiscal_year_be: int
    version: int
    value: Decimal
    source: str
    decided_on: date


def check_target(kpi_id: str, value: Decimal) -> None:
    """Refuse what cannot be a target.

    Raises:
        KpiNotFound: the KPI has no target.
        TargetInvalid: a percentage out of bounds or too fine, or a part of a place.
    """
    if kpi_id not in TARGET_KPIS:
        raise KpiNotFound
    finest, highest = (Decimal("0.01"), _PERCENT_MAX) if kpi_id == "K01" else (Decimal(1), _PLACES_MAX)
    if not value.is_finite() or not 0 < value <= highest or value % finest:
        raise TargetInvalid
