"""The registry: who there is, and who may see it."""

from services.registry.cooperatives.routes import router as cooperatives_router
from services.registry.members.routes import router as members_router
from services.registry.waking import TASKS
from shared.chassis.service import Service
from shared.contracts.registry import EVENTS

SERVICE = Service(
    name="registry",
    title_en="Plodnee registry",
    title_th="ทะเบียนสหกรณ์ สมาชิก และครัวเรือนเกษตรกร",
    routers=[cooperatives_router, members_router],
    tasks=TASKS,
    events=EVENTS,
    owns_assignments=True,
)
