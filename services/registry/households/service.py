"""Use cases of farm households: read, and publish what changed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.registry.errors import HouseholdNotFound
from services.registry.households import repository
from services.registry.households.schemas import HouseholdRead, PlotRead
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.replay import Outgoing
from shared.contracts.registry import HouseholdRecorded, Plot


async def read_household(session: WriteSession, caller: Caller, household_id: UUID) -> HouseholdRead:
    """One household with its plots; recorded. Raises HouseholdNotFound when there is none within reach."""
    household = await repository.find_household(session, household_id)
    if household is None:
        raise HouseholdNotFound
    plots = await repository.plots_of(session, [household_id])
    await log_access(session, caller, "household-read", [household_id])
    return HouseholdRead.model_validate({**household, "plots": [PlotRead.model_validate(plot) for plot in plots]})


async def publish(session: WriteSession, households: Sequence[Mapping[str, Any]]) -> None:
    """Publish each household as it is now, with all its plots, under the newest day that any of it stands for."""
    plots: dict[UUID, list[Mapping[str, Any]]] = {}
    for plot in await repository.plots_of(session, [household["id"] for household in households]):
        plots.setdefault(plot["household_id"], []).append(plot)
    events: list[Outgoing] = []
    for household in households:
        own = plots.get(household["id"], [])
        # A plot has a day of its own, which a later file of households must not be held against.
        effective_on = max([household["as_of"], *(plot["as_of"] for plot in own)])
        event = recorded(household, [Plot.model_validate(plot) for plot in own])
        events.append((event, household["version"], effective_on))
    await outbox.add_many(session, events)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every household as it is now, with all its plots."""
    async for row in repository.every_household(session):
        plots = [Plot.model_validate(one) for one in row["plots"]]
        yield recorded(row, plots), row["version"], row["effective_on"]


def recorded(household: Mapping[str, Any], plots: Sequence[Plot]) -> HouseholdRecorded:
    """The event that states the household as it is now."""
    return HouseholdRecorded(
        household_id=household["id"],
        cooperative_id=household["cooperative_id"],
        head_member_id=household["head_member_id"],
        district_code=household["district_code"],
        size=household["size"],
        plots=tuple(plots),
    )
