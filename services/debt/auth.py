"""Debt's rights, one type each: a route that names it gives the caller, or refuses."""

from typing import Annotated

from fastapi import Security

from shared.chassis.auth.caller import Caller, require

LoanReader = Annotated[Caller, Security(require("loan:read"))]
PaymentWriter = Annotated[Caller, Security(require("payment:write"))]
CloseRunner = Annotated[Caller, Security(require("close:run"))]
CaseReader = Annotated[Caller, Security(require("case:read"))]
CaseAssessor = Annotated[Caller, Security(require("case:assess"))]
PlanProposer = Annotated[Caller, Security(require("plan:propose"))]
PlanApprover = Annotated[Caller, Security(require("plan:approve"))]
PlanAccepter = Annotated[Caller, Security(require("plan:accept"))]
