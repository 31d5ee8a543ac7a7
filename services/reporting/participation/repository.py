"""All SQL of participation rows, which the members' cases and household accounts share."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from shared.chassis.database import WriteSession
from shared.chassis.inbox import to_json

_EMPTY: Final = "cast('{}' as jsonb)"


async def lock_participations(
    session: WriteSession, members: Collection[tuple[UUID, UUID]]
) -> Sequence[dict[str, Any]]:
    """The rows of (member, co-operative) pairs, made where they are missing, and held until the transaction ends."""
    if not members:
        return []
    wanted = sorted(members)
    keys = {
        "members": [member_id for member_id, _ in wanted],
        "cooperatives": [cooperative_id for _, cooperative_id in wanted],
    }
    await session.execute(
        f"""
        insert into participation (member_id, cooperative_id, cases, closed_months)
        select member_id, cooperative_id, {_EMPTY}, {_EMPTY}
          from unnest(cast(:members as uuid[]), cast(:cooperatives as uuid[])) as given (member_id, cooperative_id)
         order by 1, 2
        on conflict (member_id, cooperative_id) do nothing
        """,
        **keys,
    )
    rows = await session.fetch(
        """
        select * from participation
         where (member_id, cooperative_id) in (
               select * from unnest(cast(:members as uuid[]), cast(:cooperatives as uuid[])))
         order by member_id, cooperative_id for update
        """,
        **keys,
    )
    return [dict(row) for row in rows]


async def store_participations(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that are held."""
    if not rows:
        return
    await session.execute(
        """
        update participation as target set cases = changed.cases, closed_months = changed.closed_months
          from jsonb_populate_recordset(cast(null as participation), cast(:rows as jsonb)) as changed
         where target.member_id = changed.member_id and target.cooperative_id = changed.cooperative_id
        """,
        rows=to_json(rows),
    )
