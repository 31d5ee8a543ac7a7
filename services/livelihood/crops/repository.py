"""All SQL of the crop calendar: what a rai yields, costs and earns, and in which months. Dated assumptions."""

from collections.abc import Sequence
from datetime import date

from shared.chassis.database import ReadSession, Row


async def list_crop_economics(session: ReadSession, as_of: date) -> Sequence[Row]:
    """The version of each crop in effect on a date."""
    return await session.fetch(
        """
        select distinct on (crop) * from crop_economics
        where effective_from <= :as_of order by crop, effective_from desc
        """,
        as_of=as_of,
    )
