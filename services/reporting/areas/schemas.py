"""What goes out about areas over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.areas.domain import Level


class AreaRead(BaseModel):
    """A part of the country that figures can be asked for."""

    model_config = ConfigDict(from_attributes=True)

    code: Annotated[str, Field(description="TH, a region, two digits, four digits, or a co-operative's id")]
    level: Level
    name_th: str
    name_en: str


class AreaPath(BaseModel):
    """An area with the way to it from the nation."""

    area: AreaRead
    path: list[AreaRead]
