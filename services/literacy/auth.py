"""Literacy's rights, one type each: a route that names it gives the caller, or refuses."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

LiteracyReader = Annotated[Caller, Security(require("literacy:read"))]
LiteracyWriter = Annotated[Caller, Security(require("literacy:write"))]
