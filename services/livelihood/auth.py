"""The rights of livelihood, as types of the caller."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

LivelihoodReader = Annotated[Caller, Security(require("livelihood:read"))]
LivelihoodWriter = Annotated[Caller, Security(require("livelihood:write"))]
ProduceRecorder = Annotated[Caller, Security(require("produce:write"))]
