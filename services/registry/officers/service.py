"""Use cases of assignments: which co-operatives an officer reaches, from when to when, in every service."""

from collections.abc import Sequence

from services.registry.cooperatives import repository as cooperatives
from services.registry.errors import AssignmentBeyondReach, AssignmentsOverlap, CooperativeUnknown
from services.registry.officers import repository
from services.registry.officers.domain import AssignedSpan, overlapping
from services.registry.officers.schemas import Assignment, AssignmentsPut, AssignmentsRead
from shared.chassis import outbox
from shared.chassis.auth.assignments import Assignment as StoredAssignment
from shared.chassis.auth.assignments import store_assignments, today_in_bangkok
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.concurrency import require_match
from shared.contracts.registry import AssignedCooperative, AssignmentRecorded
from shared.kernel.errors import PreconditionFailed

_EPOCH = 0  # the registry owns assignments: only its own version counts here


async def read_assignments(session: ReadSession, officer_id: str) -> AssignmentsRead:
    """The officer's list within reach; an officer nobody wrote down has an empty one at version 0."""
    rows = await repository.within_reach(session, officer_id)
    return AssignmentsRead(
        officer_id=officer_id,
        assignments=[Assignment.model_validate(dict(row)) for row in rows],
        version=await repository.version_of(session, officer_id),
    )


async def put_assignments(
    session: WriteSession, officer_id: str, wanted: AssignmentsPut, if_match: str | None
) -> AssignmentsRead:
    """Replace the officer's whole list.

    If-Match may be left out for an officer who has no list yet.

    Raises:
        AssignmentsOverlap: a co-operative stands twice on one day.
        CooperativeUnknown: a co-operative is not within the caller's reach.
        AssignmentBeyondReach: the officer holds co-operatives outside the caller's reach, which would be lost.
        PreconditionFailed: the list has changed since it was read.
        PreconditionRequired: there is a list and If-Match was not sent.
    """
    spans = [
        AssignedSpan(one.cooperative_id, one.valid_from, one.valid_to, one.delegate_of) for one in wanted.assignments
    ]
    if overlapping(spans) is not None:
        raise AssignmentsOverlap
    version = await repository.lock_version(session, officer_id)
    if version or if_match is not None:
        require_match(if_match, version)
    new = {span.cooperative_id for span in spans}
    if await cooperatives.count_within_reach(session, sorted(new)) < len(new):
        raise CooperativeUnknown("assignments.cooperative_id")
    held = {row["cooperative_id"] for row in await repository.all_of(session, officer_id)}
    if await cooperatives.count_within_reach(session, sorted(held)) < len(held):
        raise AssignmentBeyondReach
    await _store(session, officer_id, version + 1, spans)
    return await read_assignments(session, officer_id)


async def _store(session: WriteSession, officer_id: str, version: int, spans: list[AssignedSpan]) -> None:
    stored = [StoredAssignment(span.cooperative_id, span.valid_from, span.valid_to, span.delegate_of) for span in spans]
    if not await store_assignments(session, officer_id, (_EPOCH, version), stored):
        raise PreconditionFailed  # somebody else wrote the officer's first list at the same moment
    held = [
        AssignedCooperative(
            cooperative_id=span.cooperative_id,
            valid_from=span.valid_from,
            valid_to=span.valid_to,
            delegate_of=span.delegate_of,
        )
        for span in spans
    ]
    await outbox.add(session, recorded(officer_id, held), version=version, effective_on=today_in_bangkok())


def recorded(officer_id: str, cooperatives: Sequence[AssignedCooperative]) -> AssignmentRecorded:
    """The event that states the officer's whole list."""
    return AssignmentRecorded(officer_id=officer_id, cooperatives=tuple(cooperatives))
