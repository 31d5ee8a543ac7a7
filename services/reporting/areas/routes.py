"""Routes of areas."""

from fastapi import APIRouter

from services.reporting.areas.schemas import AreaPath, AreaRead
from services.reporting.areas.service import find_area, home_areas, path_to
from services.reporting.auth import ReportReader
from services.reporting.errors import AreaNotFound
from shared.chassis.http.inputs import Text
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import Reading

router = APIRouter(prefix="/areas", tags=["areas"])


@router.get("")
async def list_home_areas(_caller: ReportReader, session: Reading) -> list[AreaRead]:
    """The widest areas whose figures the caller may see."""
    return [AreaRead.model_validate(area) for area in await home_areas(session)]


@router.get("/{code}", responses=problem_responses(AreaNotFound))
async def read_area(_caller: ReportReader, session: Reading, code: Text) -> AreaPath:
    """An area and the way to it."""
    area = await find_area(session, code)
    path = [AreaRead.model_validate(one) for one in await path_to(session, area)]
    return AreaPath(area=AreaRead.model_validate(area), path=path)
