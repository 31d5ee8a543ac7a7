"""What one mounted service has at hand while it answers requests."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request

from shared.chassis.database import Database
from shared.chassis.http.sealing import Sealer
from shared.chassis.service import Service
from shared.chassis.settings import Settings

if TYPE_CHECKING:
    from shared.chassis.auth.assignments import AssignedReach
    from shared.chassis.auth.tokens import TokenVerifier


@dataclass
class Runtime:
    """Made when the app is created; its database is opened then and closed at shutdown."""

    service: Service
    settings: Settings
    database: Database
    tokens: "TokenVerifier"
    assigned: "AssignedReach"
    cursors: Sealer
    answers: Sealer
    draining: bool = field(default=False)


def runtime_of(request: Request) -> Runtime:
    """The runtime of the service that a request is for."""
    runtime: Runtime = request.app.state.runtime
    return runtime
