"""Use cases of assignments: which co-operatives an officer reaches, from when to when, in every service."""

from collections.abc import AsyncIterator, Sequence

from services.registry.cooperatives import repository as cooperatives
from services.registry.errors import AssignmentBeyondReach, AssignmentsOverlap, CooperativeUnknown
from services.registry.officers import repository
from services.registry.officers.domain import overlapping
from services.registry.officers.schemas import Assignment, AssignmentsPut, AssignmentsRead
from shared.chassis import outbox
from shared.chassis.auth.assignments import store_assignments, today_in_bangkok
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.concurrency import require_match
from shared.chassis.replay import Outgoing
from shared.contracts.registry import AssignedCooperative, AssignmentRecorded
from shared.kernel.errors import PreconditionFailed

_EPOCH = 0  # the registry owns assignments: only its own version counts here


async def read_assignments(session: ReadSession, officer_id: str) -> AssignmentsRead:
    """The officer's list within reach; an officer nobody wrote down has an empty one at version 0."""
    rows = await repository.within_reach(session, officer_id)
    return AssignmentsRead(
        officer_id=officer_id,
        assignments=[Assignment.model_validate(row) for row in rows],
        version=await repository.version_of(session, officer_id),
    )


async def put_assignments(
    session: WriteSession, officer_id: str, wanted: AssignmentsPut, if_match: str | None
) -> AssignmentsRead:
    """Replace the officer's whole list, apart from what has ended where the caller does not reach.

    If-Match may be left out for an officer who has no list yet.

    Raises:
        AssignmentsOverlap: a co-operative stands twice on one day.
        CooperativeUnknown: a co-operative is not within the caller's reach.
        AssignmentBeyondReach: the officer holds, or is to hold, co-operatives outside the caller's reach, which would
            be lost.
        PreconditionFailed: the list has changed since it was read.
        PreconditionRequired: there is a list and If-Match was not sent.
    """
    held = [AssignedCooperative.model_validate(one.model_dump()) for one in wanted.assignments]
    if overlapping(held) is not None:
        raise AssignmentsOverlap
    version = await repository.lock_version(session, officer_id)
    if version or if_match is not None:
        require_match(if_match, version)
    new = {one.cooperative_id for one in held}
    if await cooperatives.count_within_reach(session, sorted(new)) < len(new):
        raise CooperativeUnknown("assignments.cooperative_id")
    beyond = [AssignedCooperative.model_validate(row) for row in await repository.beyond_reach(session, officer_id)]
    if any(one.valid_to is None or one.valid_to >= today_in_bangkok() for one in beyond):
        raise AssignmentBeyondReach
    await _store(session, officer_id, version + 1, held + beyond)
    return await read_assignments(session, officer_id)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every officer's list as it is now."""
    async for row in repository.every_officer(session):
        held = [AssignedCooperative.model_validate(one) for one in row["cooperatives"]]
        yield recorded(row["officer_id"], held), row["version"], today_in_bangkok()


async def _store(session: WriteSession, officer_id: str, version: int, held: list[AssignedCooperative]) -> None:
    if not await store_assignments(session, officer_id, (_EPOCH, version), held):
        raise PreconditionFailed  # somebody else wrote the officer's first list at the same moment
    await outbox.add(session, recorded(officer_id, held), version=version, effective_on=today_in_bangkok())


def recorded(officer_id: str, cooperatives: Sequence[AssignedCooperative]) -> AssignmentRecorded:
    """The event that states the officer's whole list, in one order however often it is told."""
    ordered = sorted(cooperatives, key=lambda one: (one.valid_from, one.cooperative_id))
    return AssignmentRecorded(officer_id=officer_id, cooperatives=tuple(ordered))
