"""Use cases of co-operatives: record, change, read."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from services.registry.cooperatives import repository
from services.registry.cooperatives.domain import cooperative_id
from services.registry.cooperatives.models import Cooperative
from services.registry.cooperatives.schemas import CooperativeChange, CooperativeCreate, CooperativeRead
from services.registry.errors import CooperativeNotFound
from shared.chassis import outbox
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.concurrency import require_match
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.registry import CooperativeRecorded
from shared.kernel.thai import sort_key


async def record_cooperative(session: WriteSession, new: CooperativeCreate) -> CooperativeRead:
    """Record a co-operative; a code that is taken, seen or not, and an area out of reach are refused alike."""
    values = new.model_dump()
    values["as_of"] = new.as_of or today_in_bangkok()
    cooperative = Cooperative(**values, id=cooperative_id(new.code), name_sort_key=sort_key(new.name_th), version=1)
    await repository.insert_cooperative(session, cooperative)
    await _publish(session, cooperative)
    return CooperativeRead.model_validate(cooperative)


async def change_cooperative(
    session: WriteSession, cooperative_id: UUID, change: CooperativeChange, if_match: str | None
) -> CooperativeRead:
    """Change what the caller has read; raises CooperativeNotFound, PreconditionFailed, PreconditionRequired."""
    cooperative = await repository.lock_cooperative(session, cooperative_id)
    if cooperative is None:
        raise CooperativeNotFound
    require_match(if_match, cooperative.version)
    changed = {
        name: value
        for name, value in change.model_dump(exclude_unset=True, exclude={"as_of"}).items()
        if getattr(cooperative, name) != value
    }
    if changed:
        for name, value in changed.items():
            setattr(cooperative, name, value)
        cooperative.name_sort_key = sort_key(cooperative.name_th)
        # What was left alone is as new as it was: a file of a day between must not undo it.
        cooperative.as_of = max(cooperative.as_of, change.as_of or today_in_bangkok())
        cooperative.version += 1
        await session.flush()
        await _publish(session, cooperative)
    return CooperativeRead.model_validate(cooperative)


async def read_cooperative(session: ReadSession, cooperative_id: UUID) -> CooperativeRead:
    """One co-operative; raises CooperativeNotFound when there is none within reach."""
    cooperative = await repository.find_cooperative(session, cooperative_id)
    if cooperative is None:
        raise CooperativeNotFound
    return CooperativeRead.model_validate(cooperative)


async def list_cooperatives(
    session: ReadSession, page: PageRequest, province_code: str | None
) -> Page[CooperativeRead]:
    """Co-operatives within reach, in Thai dictionary order."""
    rows = await repository.list_cooperatives(session, province_code, page.after(str, UUID), page.fetch_limit)
    return page_of(rows, page, lambda row: (row["name_sort_key"], row["id"]), CooperativeRead.model_validate)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every co-operative and farmer group as it is now."""
    async for row in repository.every_cooperative(session):
        yield recorded(row), row["version"], row["as_of"]


def recorded(row: Mapping[str, Any]) -> CooperativeRecorded:
    """The event that states the co-operative as it is now."""
    return CooperativeRecorded.model_validate({**row, "cooperative_id": row["id"], "cooperative_code": row["code"]})


async def _publish(session: WriteSession, cooperative: Cooperative) -> None:
    await outbox.add(
        session, recorded(cooperative.model_dump()), version=cooperative.version, effective_on=cooperative.as_of
    )
