"""The rights of literacy, as types of the caller."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

LiteracyReader = Annotated[Caller, Security(require("literacy:read"))]
LiteracyWriter = Annotated[Caller, Security(require("literacy:write"))]
