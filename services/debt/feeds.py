"""What both files of this service share."""

from shared.chassis.database import WriteSession
from shared.chassis.feeds import Delivery, reject_where


async def reject_out_of_reach(session: WriteSession, delivery: Delivery) -> None:
    """Reject rows of co-operatives that exist but are not the sender's. Unknown ones are left: they may still come."""
    missing = await session.fetch(
        """
        select distinct r.data ->> 'cooperative_code' as code from feed_row r
        where r.delivery_id = :id and r.status = 'staged'
          and not exists (select from cooperative where cooperative.code = r.data ->> 'cooperative_code')
        """,
        id=delivery.id,
    )
    if not missing:
        return
    foreign = await session.fetch(
        "select code from cooperative_codes_known(cast(:codes as text[])) as known (code)",
        codes=[row["code"] for row in missing],
    )
    await reject_where(
        session,
        delivery,
        "cooperative_code",
        "out_of_reach",
        "r.data ->> 'cooperative_code' = any(cast(:codes as text[]))",
        codes=[row["code"] for row in foreign],
    )
