"""The registry: who there is, and who may see it."""

from services.registry.code_lists.domain import CODE_LISTS
from services.registry.cooperatives import service as cooperatives
from services.registry.cooperatives.feed import COOPERATIVES
from services.registry.cooperatives.routes import router as cooperatives_router
from services.registry.external_debts import service as external_debts
from services.registry.external_debts.feed import EXTERNAL_DEBTS
from services.registry.external_debts.routes import router as external_debts_router
from services.registry.households import service as households
from services.registry.households.feed import FARM_HOUSEHOLDS, PLOTS
from services.registry.households.routes import router as households_router
from services.registry.members import service as members
from services.registry.members.feed import MEMBERS
from services.registry.members.routes import router as members_router
from services.registry.officers import service as officers
from services.registry.officers.routes import router as officers_router
from services.registry.programmes import service as programmes
from services.registry.programmes.routes import router as programmes_router
from shared.chassis.feeds.routes import feed_router
from shared.chassis.http.code_lists import code_list_router
from shared.chassis.jobs import job_router
from shared.chassis.service import Service
from shared.contracts.registry import EVENTS

FEED_KINDS = (COOPERATIVES, MEMBERS, FARM_HOUSEHOLDS, PLOTS, EXTERNAL_DEBTS)

SERVICE = Service(
    name="registry",
    title_en="Plodnee registry",
    title_th="ทะเบียนสหกรณ์ สมาชิก และครัวเรือนเกษตรกร",
    routers=[
        cooperatives_router,
        members_router,
        households_router,
        external_debts_router,
        officers_router,
        programmes_router,
        code_list_router(CODE_LISTS, "cooperative:read"),
        feed_router(FEED_KINDS),
        job_router(),
    ],
    feed_kinds=FEED_KINDS,
    events=EVENTS,
    tell_again=[
        cooperatives.tell_again,
        programmes.tell_again,
        officers.tell_again,
        households.tell_again,
        members.tell_again,
        external_debts.tell_again,
    ],
    owns_assignments=True,
)
