"""Finds areas for a caller, and refuses those that his reach does not cover whole."""

from collections.abc import Mapping
from typing import Any

from services.reporting.areas.domain import (
    THE_NATION,
    Area,
    Level,
    cooperative_id_of,
    is_covered,
    known_area,
)
from services.reporting.areas.repository import find_cooperative, list_cooperatives
from services.reporting.errors import AreaNotFound
from shared.chassis.database import ReadSession
from shared.kernel.areas import PROVINCES


async def find_area(session: ReadSession, code: str) -> Area:
    """The area of this code.

    Raises:
        AreaNotFound: there is none, or the session's reach does not cover the whole of it.
    """
    area = known_area(code)
    if area is not None:
        if not is_covered(area, session.reach):
            raise AreaNotFound
        return area
    cooperative_id = cooperative_id_of(code)
    row = None if cooperative_id is None else await find_cooperative(session, cooperative_id)
    if row is None:
        raise AreaNotFound
    return cooperative_area(row)


def cooperative_area(row: Mapping[str, Any]) -> Area:
    """A co-operative's row (id, name_th, name_en) as an area."""
    return Area(str(row["id"]), Level.COOPERATIVE, row["name_th"], row["name_en"] or row["name_th"])


async def path_to(session: ReadSession, area: Area) -> list[Area]:
    """The areas from the nation down to this one, for the drill's way back."""
    codes: list[str] = []
    if area.level is Level.COOPERATIVE:
        cooperative_id = cooperative_id_of(area.code)
        row = None if cooperative_id is None else await find_cooperative(session, cooperative_id)
        if row is not None:
            codes = [row["region_code"], row["province_code"], row["district_code"]]
    elif area.level is Level.DISTRICT:
        codes = [PROVINCES[area.code[:2]].region, area.code[:2]]
    elif area.level is Level.PROVINCE:
        codes = [PROVINCES[area.code].region]
    wider = [known for known in map(known_area, codes) if known is not None]
    return [*([] if area.level is Level.NATION else [THE_NATION]), *wider, area]


async def home_areas(session: ReadSession) -> list[Area]:
    """The widest areas that the session's reach covers whole: where its caller begins."""
    reach = session.reach
    if reach.everything:
        return [THE_NATION]
    districts = {code for code in reach.districts if code[:2] not in reach.provinces}
    areas = [known for known in map(known_area, sorted(reach.provinces | districts)) if known is not None]
    single = await list_cooperatives(session, sorted(reach.cooperatives)) if reach.cooperatives else []
    return areas + [cooperative_area(row) for row in single]
