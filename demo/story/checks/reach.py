"""Nobody gets a figure above his reach: it is 404, or exactly the figure that everybody else gets."""

import asyncio
from collections.abc import Sequence
from typing import Any

from demo.story.checks import Check, verdict
from demo.story.client import Caller, Wire
from demo.story.played import Played
from shared.kernel.areas import NATION, PROVINCES, REGIONS

READERS = ("officer", "manager", "coach", "promoter", "chief", "analyst")
"""Everybody who may read reports."""

SAME = ("id", "numerator", "denominator", "value", "as_of", "cooperatives_total", "cooperatives_reached")
"""What of a figure must be the same for everybody."""


async def check_reach(wire: Wire, played: Played) -> Check:
    """Ask for every level as every persona, and compare with what the analyst sees, who reaches the country."""
    areas = _areas(played)
    figures = dict(zip(areas, await _ask_all(wire.as_("analyst"), played, areas), strict=True))
    faults = [f"analyst does not see {area}" for area, figure in figures.items() if figure is None]
    seen = 0
    for name in READERS:
        allowed = _within_reach(played, name)
        for area, found in zip(areas, await _ask_all(wire.as_(name), played, areas), strict=True):
            if (found is not None) != (area in allowed):
                faults.append(f"{name} {'sees' if found is not None else 'does not see'} {area}")
            elif found is not None and found != figures[area]:
                faults.append(f"{name} sees another figure of {area}: {_difference(found, figures[area])}")
            seen += found is not None
    asked = len(READERS) * len(areas)
    return verdict(
        "no figure above one's reach", faults, f"{asked} questions, {seen} figures, {asked - seen} times 404"
    )


def _areas(played: Played) -> list[str]:
    """The nation, every region, the province and another, districts with and without co-operatives, co-operatives."""
    province = played.options.province
    other = next(code for code in sorted(PROVINCES) if code[0] == province[0] and code != province)
    districts = sorted({one.district_code for one in played.cooperatives})
    return [NATION, *REGIONS, province, other, *districts, f"{other}01", *(one.id for one in played.cooperatives)]


def _within_reach(played: Played, name: str) -> set[str]:
    """The areas whose figures a persona must see."""
    if name == "analyst":
        return set(_areas(played))
    if name in ("chief", "promoter"):
        return {
            played.options.province,
            *(one.district_code for one in played.cooperatives),
            *(one.id for one in played.cooperatives),
        }
    return {one.id for one in (played.of_coach if name == "coach" else played.of_officer)}


async def _ask_all(caller: Caller, played: Played, areas: Sequence[str]) -> list[Any]:
    return list(await asyncio.gather(*(_ask(caller, played, area) for area in areas)))


async def _ask(caller: Caller, played: Played, area: str) -> list[dict[str, Any]] | None:
    kpis = await caller.find("/reporting/v1/kpis", area=area, fiscal_year_be=played.options.fiscal_year_be)
    if kpis is None:
        return None
    return [{name: kpi[name] for name in SAME} | {"parts": kpi["parts"]} for kpi in kpis]


def _difference(found: list[dict[str, Any]], full: list[dict[str, Any]]) -> str:
    for mine, theirs in zip(found, full, strict=False):
        for name in (*SAME, "parts"):
            if mine[name] != theirs[name]:
                return f"{mine['id']} {name} is {mine[name]} and not {theirs[name]}"
    return f"{len(found)} KPIs and not {len(full)}"
