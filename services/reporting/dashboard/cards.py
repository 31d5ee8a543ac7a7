"""KPIs as cards: the figure, what makes it, how far the target is, and what it means."""

from typing import Final

from services.reporting.dashboard.formats import (
    format_amount,
    format_count,
    format_day,
    format_hundredths,
    format_money_short,
    to_hundredths,
    to_satang,
)
from services.reporting.dashboard.pages import Card, Gauge
from services.reporting.dashboard.provenance import PROVENANCE
from services.reporting.dashboard.texts import Language
from services.reporting.kpis.schemas import KpiRead
from shared.kernel.calendar import fiscal_year_bounds

ORDER: Final = ("K02", "K17", "K10", "K08", "K01b", "K01c", "K14", "K06", "K07", "K20", "K21", "K04")
"""How the cards stand: reach and means first, then what came of them, then risk, then learning."""

_WHOLE: Final = 10_000  # hundredths of a percent


def card_of(kpi: KpiRead, language: Language) -> Card:
    """The card of a KPI."""
    provenance = PROVENANCE[kpi.id]
    return Card(
        id=kpi.id,
        name=language.pick(kpi.name_th, kpi.name_en),
        name_beside=language.other.pick(kpi.name_th, kpi.name_en),
        value=_value(kpi, language),
        unit=language(f"unit_{kpi.unit}") if kpi.value is not None else "",
        details=_details(kpi, language),
        gauge=_gauge(kpi),
        target=_target(kpi, language),
        is_met=_is_met(kpi),
        is_provisional=kpi.provisional,
        note=language("lower_is_better") if kpi.lower_is_better else "",
        definition=language.pick(kpi.definition_th, kpi.definition_en),
        source=language.pick(provenance.source_th, provenance.source_en),
        assumption=language.pick(provenance.assumption_th, provenance.assumption_en),
        formula=language("formula_version", number=kpi.formula_version),
        target_source="" if kpi.target is None else kpi.target.source,
    )


def _value(kpi: KpiRead, language: Language) -> str:
    if kpi.value is None:
        return language("no_basis")
    if kpi.unit in ("percent", "points"):
        return format_hundredths(to_hundredths(kpi.value) or 0)
    return format_count(int(kpi.value))


def _details(kpi: KpiRead, language: Language) -> tuple[str, ...]:
    if kpi.id in ("K01", "K01b", "K01c"):
        return _fall(kpi, language)
    if kpi.id == "K02":
        return tuple(
            f"{language.pick(one.name_th, one.name_en)}: {format_amount(one.value, one.unit, language)}"
            for one in kpi.parts
        )
    if kpi.denominator is None or kpi.value is None:
        return ()
    unit = kpi.denominator_unit or kpi.unit
    denominator = format_amount(kpi.denominator, unit, language)
    if kpi.id == "K21":
        return (f"{language('of')} {denominator}",)
    is_same_count = kpi.numerator_unit == unit and unit not in ("baht", "points")
    numerator = (
        format_count(int(kpi.numerator))  # 113 of 383 persons
        if is_same_count
        else format_amount(kpi.numerator, kpi.numerator_unit, language)
    )
    return (f"{numerator} {language('of')} {denominator}",)


def _fall(kpi: KpiRead, language: Language) -> tuple[str, ...]:
    """Before and after, for the figures that are a fall of a debt."""
    before, change = to_satang(kpi.denominator), to_satang(kpi.numerator)
    if before == 0:
        return ()
    baseline_on = fiscal_year_bounds(kpi.fiscal_year_be - 1)[1]
    text = language(
        "from_to" if change >= 0 else "from_to_rose",
        before=format_money_short(before, language),
        day=format_day(baseline_on, language),
        after=format_money_short(before - change, language),
    )
    return (text,)


def _gauge(kpi: KpiRead) -> Gauge | None:
    hundredths = _hundredths(kpi)
    if hundredths is None:
        return None
    if kpi.target is not None:
        target = _target_hundredths(kpi)
        whole = max(target * 3 // 2, hundredths, 1)
        return Gauge(_percent(hundredths, whole), _percent(target, whole))
    return Gauge(_percent(hundredths, _WHOLE)) if kpi.unit == "percent" else None


def _hundredths(kpi: KpiRead) -> int | None:
    return to_hundredths(kpi.value)


def _target_hundredths(kpi: KpiRead) -> int:
    return 0 if kpi.target is None else to_hundredths(kpi.target.value) or 0


def _percent(part: int, whole: int) -> int:
    return min(max(part * 100 // whole, 0), 100)


def _is_met(kpi: KpiRead) -> bool:
    """By the sums, not by the rounded figure: 9.996 % is shown as 10.00 and is not 10."""
    if kpi.target is None or kpi.value is None:
        return False
    target = _target_hundredths(kpi)
    if kpi.unit == "percent":
        return to_satang(kpi.numerator) * _WHOLE >= target * to_satang(kpi.denominator)
    return int(kpi.value) * 100 >= target


def _target(kpi: KpiRead, language: Language) -> str:
    """Target, attainment and what is missing, in one line."""
    if kpi.target is None:
        return ""
    target, hundredths = _target_hundredths(kpi), _hundredths(kpi)
    words = [f"{language('target')} {_plain(target)} {language('unit_' + kpi.unit)}"]
    if hundredths is not None and kpi.target.attainment_percent is not None:
        attained = format_hundredths(to_hundredths(kpi.target.attainment_percent) or 0)
        words.append(language("attainment", percent=attained))
        words.append(language("target_met") if _is_met(kpi) else _gap(kpi, max(target - hundredths, 1), language))
    return " · ".join(words)


def _gap(kpi: KpiRead, hundredths: int, language: Language) -> str:
    gap = _plain(hundredths)
    if kpi.unit == "percent":
        return language("target_gap", gap=language("target_gap_percent", gap=gap))
    return language("target_gap", gap=f"{gap} {language('unit_' + kpi.unit)}")


def _plain(hundredths: int) -> str:
    """`10` rather than `10.00`, but `2.84`."""
    return format_count(hundredths // 100) if hundredths % 100 == 0 else format_hundredths(hundredths)
