"""Reporting's rights, one type each: a route that names it gives the caller, or refuses."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

ReportReader = Annotated[Caller, Security(require("report:read"))]
ReportExporter = Annotated[Caller, Security(require("report:export"))]
TargetSetter = Annotated[Caller, Security(require("programme:write"))]
"""Targets belong to the programmes, and are set by those who record them."""
