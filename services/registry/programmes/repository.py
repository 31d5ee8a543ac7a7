"""All SQL of programmes and enrolments."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from services.registry.errors import AlreadyEnrolled, ProgrammeRecorded
from services.registry.programmes.models import Enrolment, Programme
from shared.chassis.database import ReadSession, Row, WriteSession

_ENROLMENT = """
    enrolment.id, enrolment.programme_id, programme.code as programme_code, enrolment.phase,
    enrolment.cooperative_id, enrolment.valid_from, enrolment.valid_to, enrolment.version
"""


async def list_programmes(session: ReadSession) -> Sequence[Programme]:
    """All programmes, by code."""
    return await session.select(select(Programme).order_by(Programme.code))


async def find_programme(session: ReadSession, programme_id: UUID) -> Programme | None:
    """One programme."""
    return await session.get(Programme, programme_id)


async def lock_programme(session: WriteSession, programme_id: UUID) -> Programme | None:
    """One programme, held until this transaction ends; nobody enrols meanwhile."""
    return await session.lock(Programme, programme_id)


async def hold_programmes(session: WriteSession) -> dict[str, Programme]:
    """All programmes, by code, with phases that stay what they are until this transaction ends."""
    query = select(Programme).order_by(Programme.code).with_for_update(read=True)
    return {programme.code: programme for programme in await session.select(query)}


async def enrolled_spans(session: ReadSession, programme_id: UUID) -> Sequence[Row]:
    """The phases and days of a programme in which somebody is enrolled."""
    return await session.fetch(
        "select distinct phase, valid_from, valid_to from enrolment where programme_id = :id", id=programme_id
    )


async def insert_programme(session: WriteSession, programme: Programme) -> None:
    """A new programme; raises ProgrammeRecorded."""
    session.add(programme)
    try:
        await session.flush()
    except IntegrityError:
        raise ProgrammeRecorded from None


async def find_enrolment(session: ReadSession, enrolment_id: UUID) -> Row | None:
    """One enrolment within reach."""
    return await session.fetch_one(
        f"""
        select {_ENROLMENT} from enrolment join programme on programme.id = enrolment.programme_id
         where enrolment.id = :id
        """,
        id=enrolment_id,
    )


async def lock_enrolment(session: WriteSession, enrolment_id: UUID) -> Enrolment | None:
    """One enrolment within reach, held until this transaction ends."""
    return await session.lock(Enrolment, enrolment_id)


async def insert_enrolment(session: WriteSession, enrolment: Enrolment) -> None:
    """A new enrolment; raises AlreadyEnrolled."""
    session.add(enrolment)
    try:
        await session.flush()
    except IntegrityError:
        raise AlreadyEnrolled from None


async def list_enrolments(
    session: ReadSession,
    *,
    programme_code: str | None,
    cooperative_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Enrolments within reach in the order they were made, after an id."""
    return await session.fetch(
        f"""
        select {_ENROLMENT} from enrolment join programme on programme.id = enrolment.programme_id
         where enrolment.id > cast(:after as uuid)
           and (cast(:programme_code as text) is null or programme.code = :programme_code)
           and (cast(:cooperative_id as uuid) is null or enrolment.cooperative_id = :cooperative_id)
         order by enrolment.id limit :limit
        """,
        programme_code=programme_code,
        cooperative_id=cooperative_id,
        after=after or UUID(int=0),
        limit=limit,
    )


def every_programme(session: ReadSession) -> AsyncIterator[Row]:
    """All programmes, with their phases as JSON."""
    return session.stream("select * from programme order by id")


def every_enrolment(session: ReadSession) -> AsyncIterator[Row]:
    """All enrolments, each with its programme's code."""
    return session.stream(
        "select enrolment.*, programme.code as programme_code from enrolment"
        " join programme on programme.id = enrolment.programme_id order by enrolment.id"
    )
