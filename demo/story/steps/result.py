"""Step: the year's result, in a small table and in words."""

from typing import Any

from rich.console import Console
from rich.table import Table

from demo.story.client import Wire
from demo.story.played import Played
from shared.kernel.money import format_baht, parse_baht

UNITS = {"percent": "%", "baht": "บาท", "places": "แห่ง", "persons": "ราย", "loans": "สัญญา", "points": "คะแนน"}

SHOWN_PERSONAS = ("officer", "chief", "analyst")
"""Three who see the dashboard from where they stand: co-operatives, a province, the country."""


async def read_kpis(wire: Wire, played: Played) -> list[dict[str, Any]]:
    """Every KPI of the province for the year."""
    options = played.options
    kpis: list[dict[str, Any]] = await wire.as_("chief").get(
        "/reporting/v1/kpis", area=options.province, fiscal_year_be=options.fiscal_year_be
    )
    return kpis


def show_kpis(played: Played, console: Console) -> None:
    """The KPIs as a table, and K01 with its parts in words."""
    table = Table(title=f"ปีงบประมาณ {played.options.fiscal_year_be} · {played.kpis[0]['area']['name_th']}")
    for heading, side in (("", "left"), ("ตัวชี้วัด / KPI", "left"), ("ค่า / value", "right"), ("เป้า / target", "right")):
        table.add_column(heading, justify="right" if side == "right" else "left")
    for kpi in played.kpis:
        if kpi["id"] == "K01x":
            continue  # said in words below
        target = kpi["target"]
        table.add_row(
            kpi["id"],
            f"{kpi['name_th']} / {kpi['name_en']}",
            _with_unit(kpi["value"], kpi["unit"]),
            "" if target is None else f"{_with_unit(target['value'], kpi['unit'])} ({target['attainment_percent']} %)",
        )
    console.print(table)
    for line in in_words(played.kpis):
        console.print(line, highlight=False, soft_wrap=True)


def in_words(kpis: list[dict[str, Any]]) -> list[str]:
    """What K01 says: from how much to how much, and by what."""
    k01 = next(kpi for kpi in kpis if kpi["id"] == "K01")
    before, change = parse_baht(k01["denominator"]), parse_baht(k01["numerator"])
    lines = [
        f"Overdue debt of the cohort fell from {_baht(before)} to {_baht(before - change)} baht: "
        f"by {_baht(change)}, {k01['value']} % (as of {k01['as_of']}, "
        f"{k01['cooperatives_reached']} of {k01['cooperatives_total']} co-operatives)."
    ]
    for part in k01["parts"]:
        amount = parse_baht(part["value"])
        if amount:
            lines.append(f"  {part['name_en']} / {part['name_th']}: {_baht(amount)}")
    return lines


def show_address(played: Played, console: Console) -> None:
    """Where to look now, and as whom."""
    console.print(f"\nDashboard: [bold]{played.access.base_url}/dashboard[/]", highlight=False)
    console.print(
        f"Sign in as one of: {', '.join(SHOWN_PERSONAS)}. It keeps running; Ctrl-C stops it.", highlight=False
    )


def _baht(satang: int) -> str:
    return format_baht(satang, thousands=True)


def _with_unit(value: str | int | None, unit: str) -> str:
    return "–" if value is None else f"{value} {UNITS.get(unit, '')}".rstrip()
