"""The transaction of a request, as a dependency: committed before the answer starts.

``scope="function"`` makes FastAPI leave the dependency when the route function has returned and its answer is made,
before the first byte is sent. With the default scope the commit would come after the answer, and a caller would be
told of a write that can still fail.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.chassis.auth.caller import CurrentCaller
from shared.chassis.database import ReadSession, WriteSession
from shared.chassis.http.runtime import runtime_of


async def reading(request: Request, caller: CurrentCaller) -> AsyncIterator[ReadSession]:
    """A read-only transaction within the caller's reach."""
    async with runtime_of(request).database.read(caller.reach) as session:
        yield session


async def audited_reading(request: Request, caller: CurrentCaller) -> AsyncIterator[WriteSession]:
    """A transaction that reads personal data and logs it (:func:`shared.chassis.http.access_log.log_access`)."""
    async with runtime_of(request).database.audited_read(caller.reach) as session:
        yield session


async def writing(request: Request, caller: CurrentCaller) -> AsyncIterator[WriteSession]:
    """A transaction that writes within the caller's reach."""
    async with runtime_of(request).database.write(caller.reach) as session:
        # Read by IdempotentRoute, which keeps the answer in this same transaction.
        request.state.write_session, request.state.caller = session, caller
        yield session


async def slow_place(request: Request) -> AsyncIterator[None]:
    """A place among the uploads and exports that this process does at once, until the answer has been sent."""
    async with runtime_of(request).database.slow_place():
        yield


SlowPlace = Annotated[None, Depends(slow_place)]
Reading = Annotated[ReadSession, Depends(reading, scope="function")]
AuditedReading = Annotated[WriteSession, Depends(audited_reading, scope="function")]
Writing = Annotated[WriteSession, Depends(writing, scope="function")]
