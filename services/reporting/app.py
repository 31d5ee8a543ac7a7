"""Reporting, assembled."""

from services.reporting.areas.routes import router as areas
from services.reporting.completeness.routes import router as completeness
from services.reporting.dashboard.routes import router as dashboard
from services.reporting.exports.routes import router as exports
from services.reporting.inbox import INBOX
from services.reporting.kpis.routes import router as kpis
from services.reporting.targets.routes import router as targets
from shared.chassis.service import Service

SERVICE = Service(
    name="reporting",
    title_en="Reporting: what it all achieves",
    title_th="รายงานผล",
    routers=(areas, kpis, targets, completeness, exports),
    page_routers=(dashboard,),
    inbox=INBOX,
)
