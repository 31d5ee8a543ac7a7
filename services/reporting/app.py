"""Reporting, assembled."""

from services.reporting.inbox import INBOX
from shared.chassis.service import Service

SERVICE = Service(
    name="reporting",
    title_en="Reporting: what it all achieves",
    title_th="รายงานผล",
    routers=(),
    inbox=INBOX,
)
