"""Reporting: what it all achieves."""

from services.reporting.areas.routes import router as areas_router
from services.reporting.completeness.routes import router as completeness_router
from services.reporting.dashboard.routes import router as dashboard_router
from services.reporting.exports.routes import router as exports_router
from services.reporting.inbox import INBOX
from services.reporting.kpis.routes import router as kpis_router
from services.reporting.targets.routes import router as targets_router
from shared.chassis.service import Service

SERVICE = Service(
    name="reporting",
    title_en="Reporting: what it all achieves",
    title_th="รายงานผล",
    routers=[areas_router, kpis_router, targets_router, completeness_router, exports_router],
    page_routers=[dashboard_router],
    inbox=INBOX,
)
