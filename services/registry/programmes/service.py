"""Use cases of programmes: record, change, enrol co-operatives, end an enrolment."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.registry.cooperatives import repository as cooperatives
from services.registry.errors import (
    CooperativeUnknown,
    EnrolmentInvalid,
    EnrolmentNotFound,
    PhasesInUse,
    ProgrammeNeedsNation,
    ProgrammeNotFound,
)
from services.registry.programmes import repository
from services.registry.programmes.domain import PhaseSpan, fits
from services.registry.programmes.models import Enrolment, Programme
from services.registry.programmes.schemas import (
    EnrolmentChange,
    EnrolmentCreate,
    EnrolmentRead,
    EnrolmentsCreate,
    Phase,
    ProgrammeChange,
    ProgrammeCreate,
    ProgrammeRead,
)
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.bulk import BulkResult, run_bulk
from shared.chassis.http.concurrency import require_match
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts import registry as events
from shared.kernel.errors import FieldProblem
from shared.kernel.identifiers import uuid7


async def record_programme(session: WriteSession, caller: Caller, new: ProgrammeCreate) -> ProgrammeRead:
    """Record a programme; raises ProgrammeNeedsNation, ProgrammeRecorded."""
    if not caller.reach.everything:
        raise ProgrammeNeedsNation
    values = new.model_dump() | {"phases": [phase.model_dump(mode="json") for phase in new.phases]}
    programme = Programme(**values, id=uuid7(), version=1)
    await repository.insert_programme(session, programme)
    await outbox.add_many(session, [programme_recorded(programme.model_dump())])
    return ProgrammeRead.model_validate(programme)


async def change_programme(
    session: WriteSession, caller: Caller, programme_id: UUID, change: ProgrammeChange, if_match: str | None
) -> ProgrammeRead:
    """Change what the caller has read.

    Raises:
        ProgrammeNeedsNation, ProgrammeNotFound, PreconditionFailed, PreconditionRequired.
        PhasesInUse: an enrolment would lie outside of its phase.
    """
    if not caller.reach.everything:
        raise ProgrammeNeedsNation
    programme = await repository.lock_programme(session, programme_id)
    if programme is None:
        raise ProgrammeNotFound
    require_match(if_match, programme.version)
    values = change.model_dump(exclude_unset=True)
    if "phases" in values:
        values["phases"] = [phase.model_dump(mode="json") for phase in change.phases]
    changed = {name: value for name, value in values.items() if getattr(programme, name) != value}
    if "phases" in changed:
        spans = _spans(change.phases)
        for row in await repository.enrolled_spans(session, programme_id):
            if not fits(spans, row["phase"], row["valid_from"], row["valid_to"]):
                raise PhasesInUse
    if changed:
        for name, value in changed.items():
            setattr(programme, name, value)
        programme.version += 1
        await session.flush()
        await outbox.add_many(session, [programme_recorded(programme.model_dump())])
    return ProgrammeRead.model_validate(programme)


async def list_programmes(session: ReadSession) -> list[ProgrammeRead]:
    """All programmes, by code."""
    return [ProgrammeRead.model_validate(programme) for programme in await repository.list_programmes(session)]


async def read_programme(session: ReadSession, programme_id: UUID) -> ProgrammeRead:
    """One programme; raises ProgrammeNotFound."""
    programme = await repository.find_programme(session, programme_id)
    if programme is None:
        raise ProgrammeNotFound
    return ProgrammeRead.model_validate(programme)


async def enrol(session: WriteSession, new: EnrolmentsCreate) -> BulkResult[EnrolmentRead]:
    """Enrol co-operatives, each with its own result."""
    programmes = await repository.hold_programmes(session)

    async def enrol_one(item: EnrolmentCreate) -> EnrolmentRead:
        return await _enrol_one(session, programmes, item)

    return await run_bulk(
        session, new.items, enrol_one, key=lambda item: (item.programme_code, item.phase, item.cooperative_id)
    )


async def change_enrolment(
    session: WriteSession, enrolment_id: UUID, change: EnrolmentChange, if_match: str | None
) -> EnrolmentRead:
    """Set the last day of an enrolment; raises EnrolmentNotFound, EnrolmentInvalid and the preconditions."""
    enrolment = await repository.lock_enrolment(session, enrolment_id)
    if enrolment is None:
        raise EnrolmentNotFound
    require_match(if_match, enrolment.version)
    programme = await _programme_of(session, enrolment)
    if change.valid_to is not None and change.valid_to < enrolment.valid_from:
        raise EnrolmentInvalid(
            fields=[FieldProblem("to", "before_from", "The last day lies before the first", "วันสิ้นสุดอยู่ก่อนวันเริ่มต้น")]
        )
    if not fits(_phases(programme), enrolment.phase, enrolment.valid_from, change.valid_to):
        raise EnrolmentInvalid(
            fields=[
                FieldProblem(
                    "to", "after_phase", "The last day lies after the phase's", "วันสิ้นสุดอยู่หลังวันสิ้นสุดของระยะโครงการ"
                )
            ]
        )
    if enrolment.valid_to != change.valid_to:
        enrolment.valid_to = change.valid_to
        enrolment.version += 1
        await session.flush()
        await _publish(session, enrolment, programme.code)
    return EnrolmentRead.model_validate({**enrolment.model_dump(), "programme_code": programme.code})


async def read_enrolment(session: ReadSession, enrolment_id: UUID) -> EnrolmentRead:
    """One enrolment; raises EnrolmentNotFound when there is none within reach."""
    row = await repository.find_enrolment(session, enrolment_id)
    if row is None:
        raise EnrolmentNotFound
    return EnrolmentRead.model_validate(row)


async def list_enrolments(
    session: ReadSession, page: PageRequest, *, programme_code: str | None, cooperative_id: UUID | None
) -> Page[EnrolmentRead]:
    """Enrolments within reach, in the order they were made."""
    after = page.after(UUID)
    rows = await repository.list_enrolments(
        session,
        programme_code=programme_code,
        cooperative_id=cooperative_id,
        after=after[0] if after else None,
        limit=page.fetch_limit,
    )
    return page_of(rows, page, lambda row: (row["id"],), EnrolmentRead.model_validate)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every programme and enrolment as it is now."""
    async for row in repository.every_programme(session):
        yield programme_recorded(row)
    async for row in repository.every_enrolment(session):
        yield enrolment_recorded(row)


async def _enrol_one(session: WriteSession, programmes: Mapping[str, Programme], new: EnrolmentCreate) -> EnrolmentRead:
    programme = programmes.get(new.programme_code)
    if programme is None:
        raise EnrolmentInvalid("The programme is not recorded yet", "ยังไม่มีโครงการนี้")
    if not fits(_phases(programme), new.phase, new.valid_from, new.valid_to):
        raise EnrolmentInvalid
    if await cooperatives.find_cooperative(session, new.cooperative_id) is None:
        raise CooperativeUnknown
    enrolment = Enrolment(
        id=uuid7(),
        programme_id=programme.id,
        phase=new.phase,
        cooperative_id=new.cooperative_id,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        version=1,
    )
    await repository.insert_enrolment(session, enrolment)
    await _publish(session, enrolment, programme.code)
    return EnrolmentRead.model_validate({**enrolment.model_dump(), "programme_code": programme.code})


async def _programme_of(session: WriteSession, enrolment: Enrolment) -> Programme:
    programmes = await repository.hold_programmes(session)
    return next(programme for programme in programmes.values() if programme.id == enrolment.programme_id)


def _phases(programme: Programme) -> list[PhaseSpan]:
    return _spans([Phase.model_validate(phase) for phase in programme.phases])


def _spans(phases: Sequence[Phase]) -> list[PhaseSpan]:
    return [PhaseSpan(phase.phase, phase.starts_on, phase.ends_on) for phase in phases]


async def _publish(session: WriteSession, enrolment: Enrolment, programme_code: str) -> None:
    row = {**enrolment.model_dump(), "programme_code": programme_code}
    await outbox.add_many(session, [enrolment_recorded(row)])


def programme_recorded(row: Mapping[str, Any]) -> Outgoing:
    """The event that states the programme as it is now, for the outbox."""
    phases = tuple(events.ProgrammePhase.model_validate(phase) for phase in row["phases"])
    event = events.ProgrammeRecorded(
        programme_id=row["id"],
        programme_code=row["code"],
        name_th=row["name_th"],
        name_en=row["name_en"],
        phases=phases,
        cooperatives_target=row["cooperatives_target"],
        overdue_reduction_target_percent=row["overdue_reduction_target_percent"],
    )
    return event, row["version"], phases[0].starts_on


def enrolment_recorded(row: Mapping[str, Any]) -> Outgoing:
    """The event that states the enrolment as it is now, for the outbox."""
    event = events.EnrolmentRecorded.model_validate({**row, "enrolment_id": row["id"]})
    effective_on = row["valid_to"] if row["version"] > 1 and row["valid_to"] else row["valid_from"]
    return event, row["version"], effective_on
