"""The registry's rights, one type each: a route that names it gives the caller, or refuses."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

CooperativeReader = Annotated[Caller, Security(require("cooperative:read"))]
CooperativeWriter = Annotated[Caller, Security(require("cooperative:write"))]
MemberReader = Annotated[Caller, Security(require("member:read"))]
MemberWriter = Annotated[Caller, Security(require("member:write"))]
MemberRevealer = Annotated[Caller, Security(require("member:reveal"))]
AssignmentWriter = Annotated[Caller, Security(require("assignment:write"))]
ProgrammeWriter = Annotated[Caller, Security(require("programme:write"))]
