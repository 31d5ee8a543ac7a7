"""Many acts in one request: 207, with a result for each, in the order sent.

Every item runs under a savepoint of the request's one transaction: an item that is refused leaves no trace, the
others stand. Items run in an order of their keys, not in that of the request, so that two requests over the same things
wait for each other and do not deadlock.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import asyncpg
import sqlalchemy.exc
from pydantic import BaseModel, Field

from shared.chassis.database import WriteSession
from shared.chassis.http.problems import ProblemDocument, database_problem, problem_document
from shared.chassis.settings import get_settings
from shared.kernel.errors import DomainError, FieldProblem, Invalid

InputT = TypeVar("InputT")
ItemT = TypeVar("ItemT")


class BulkItem(BaseModel, Generic[ItemT]):
    """What became of one item: `item` when it was done, `problem` when it was refused."""

    index: Annotated[int, Field(description="Its place in the request, from 0.")]
    status: int
    item: ItemT | None = None
    problem: ProblemDocument | None = None


class BulkResult(BaseModel, Generic[ItemT]):
    """The results of a bulk request, in the order sent."""

    results: list[BulkItem[ItemT]]


async def run_bulk(
    session: WriteSession,
    items: Sequence[InputT],
    act: Callable[[InputT], Awaitable[ItemT]],
    *,
    key: Callable[[InputT], Any],
) -> BulkResult[ItemT]:
    """Do `act` for each item; refusals stay with their item, anything else undoes the whole request.

    Args:
        session: the request's transaction.
        items: at most ``bulk_items_max``.
        act: one item's use case, which makes something.
        key: by what items are ordered; of equal ones the first sent comes first.

    Raises:
        Invalid: too many items.
    """
    items_max = get_settings().bulk_items_max
    if len(items) > items_max:
        raise Invalid(
            fields=[FieldProblem("items", "too_long", f"At most {items_max} items", f"ไม่เกิน {items_max} รายการ")]
        )
    results: list[BulkItem[Any]] = []
    for index, item in sorted(enumerate(items), key=lambda numbered: key(numbered[1])):
        try:
            async with session.savepoint():
                done = await act(item)
                await session.flush()
            results.append(BulkItem(index=index, status=201, item=done))
        except DomainError as error:
            results.append(_refused(index, error))
        except (sqlalchemy.exc.DBAPIError, asyncpg.PostgresError) as error:
            problem = database_problem(error)
            # A busy or broken database is no fault of this item: the whole request is to be sent again.
            if problem is None or problem.status >= 500:
                raise
            results.append(_refused(index, problem))
    return BulkResult(results=sorted(results, key=lambda result: result.index))


def _refused(index: int, error: DomainError) -> BulkItem[Any]:
    if error.status >= 500:
        raise error
    return BulkItem(index=index, status=error.status, problem=ProblemDocument.model_validate(problem_document(error)))
