"""The registry says again what it knows; all of it are states."""

from collections.abc import AsyncIterator

from services.registry.cooperatives.service import recorded as cooperative_recorded
from services.registry.external_debts.service import recorded as external_debt_recorded
from services.registry.households.service import recorded as household_recorded
from services.registry.members.service import recorded as member_recorded
from services.registry.officers.service import recorded as assignment_recorded
from services.registry.programmes.service import enrolment_recorded, programme_recorded
from services.registry.replay import repository
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.database import ReadSession
from shared.chassis.replay import Outgoing
from shared.contracts.registry import AssignedCooperative, Plot


async def tell_institutions_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every co-operative, programme, enrolment, and officer's list."""
    async for row in repository.every_cooperative(session):
        yield cooperative_recorded(row), row["version"], row["as_of"]
    async for row in repository.every_programme(session):
        yield programme_recorded(row)
    async for row in repository.every_enrolment(session):
        yield enrolment_recorded(row)
    async for row in repository.every_officer(session):
        held = [AssignedCooperative.model_validate(one) for one in row["cooperatives"]]
        yield assignment_recorded(row["officer_id"], held), row["version"], today_in_bangkok()


async def tell_people_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every household, member and debt to another lender, without a name or number of anybody."""
    async for row in repository.every_household(session):
        plots = [Plot.model_validate(one) for one in row["plots"]]
        yield household_recorded(row, plots), row["version"], row["as_of"]
    async for row in repository.every_member(session):
        yield member_recorded(row), row["version"], row["as_of"]
    async for row in repository.every_external_debt(session):
        yield external_debt_recorded(row), row["version"], row["stated_on"]
