"""Livelihood's rights, one type each: a route that names it gives the caller, or refuses."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

LivelihoodReader = Annotated[Caller, Security(require("livelihood:read"))]
LivelihoodWriter = Annotated[Caller, Security(require("livelihood:write"))]
ProduceRecorder = Annotated[Caller, Security(require("produce:write"))]
