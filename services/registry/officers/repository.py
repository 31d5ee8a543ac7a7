"""All SQL of officers' assignments. The tables are the chassis': every service keeps them."""

from collections.abc import AsyncIterator, Sequence

from shared.chassis.database import ReadSession, Row, WriteSession


async def version_of(session: ReadSession, officer_id: str) -> int:
    """How often the officer's list was written; 0 for never."""
    found = await session.scalar(
        "select version from officer_state where officer_id = :officer_id", officer_id=officer_id
    )
    return int(found or 0)


async def lock_version(session: WriteSession, officer_id: str) -> int:
    """The same, held until this transaction ends."""
    found = await session.scalar(
        "select version from officer_state where officer_id = :officer_id for update", officer_id=officer_id
    )
    return int(found or 0)


async def beyond_reach(session: ReadSession, officer_id: str) -> Sequence[Row]:
    """The officer's co-operatives that the caller cannot see."""
    return await session.fetch(
        """
        select cooperative_id, valid_from, valid_to, delegate_of from officer_cooperative assigned
         where officer_id = :officer_id
           and not exists (select from cooperative where cooperative.id = assigned.cooperative_id)
        """,
        officer_id=officer_id,
    )


async def within_reach(session: ReadSession, officer_id: str) -> Sequence[Row]:
    """The officer's co-operatives that the caller can see."""
    return await session.fetch(
        """
        select assigned.cooperative_id, assigned.valid_from, assigned.valid_to, assigned.delegate_of
          from officer_cooperative assigned join cooperative on cooperative.id = assigned.cooperative_id
         where assigned.officer_id = :officer_id order by assigned.valid_from, assigned.cooperative_id
        """,
        officer_id=officer_id,
    )


def every_officer(session: ReadSession) -> AsyncIterator[Row]:
    """All officers whose list was ever written, with their co-operatives as JSON."""
    return session.stream(
        """
        select officer_id, version, (
            select coalesce(jsonb_agg(to_jsonb(held) - 'officer_id'), '[]')
            from officer_cooperative as held where held.officer_id = officer_state.officer_id
        ) as cooperatives
        from officer_state order by officer_id
        """
    )
