"""Lists by page: a bounded size and an opaque cursor that holds the sort key of the last row shown.

    page = await repository.list_members(session, cooperative_id, page_request)   # fetches page_request.fetch_limit
    return page_of(rows, page_request, lambda row: (row["sort_key"], row["id"]), MemberSummary.model_validate)

with, in SQL, ``where (sort_key, id) > (:after_sort_key, cast(:after_id as uuid)) order by sort_key, id``.
There is no count: counting costs more than the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from shared.chassis.http.problems import BadCursor
from shared.chassis.http.runtime import runtime_of
from shared.chassis.http.sealing import NotSealedHere, Sealer
from shared.kernel.errors import FieldProblem, Invalid

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")

_CURSOR_CHARACTERS_MAX = 2_000


class Page(BaseModel, Generic[ItemT]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[ItemT]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` to read on.")] = None


@dataclass(frozen=True)
class PageRequest:
    """What the caller asked for.

    Attributes:
        limit: rows to show.
        last: the sort key of the last row he has, as JSON values; None on the first page.
        context: the list that the cursor belongs to.
        sealer: seals the next cursor.
    """

    limit: int
    last: tuple[Any, ...] | None
    context: str
    sealer: Sealer

    @property
    def fetch_limit(self) -> int:
        """Rows to fetch: one more than shown, which tells whether there is a next page."""
        return self.limit + 1

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The sort key to continue after, read as the given types (str, int, date, UUID); None on the first page.

        Raises:
            BadCursor: the cursor has another shape.
        """
        if self.last is None:
            return None
        if len(self.last) != len(kinds):
            raise BadCursor
        try:
            return tuple(_read(kind, value) for kind, value in zip(kinds, self.last, strict=True))
        except (ValueError, TypeError, AttributeError):
            raise BadCursor from None


def _read(kind: type, value: Any) -> Any:
    if value is None:
        return None
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if not isinstance(value, kind):
        raise TypeError
    return value


def page_request(
    request: Request,
    limit: Annotated[int | None, Query(ge=1, description="Rows to a page: 50 unless told, 500 at most.")] = None,
    cursor: Annotated[str | None, Query(max_length=_CURSOR_CHARACTERS_MAX)] = None,
) -> PageRequest:
    """The dependency behind :data:`PageParameters`."""
    runtime = runtime_of(request)
    size_max = runtime.settings.page_size_max
    if limit is not None and limit > size_max:
        raise Invalid(
            fields=[FieldProblem("limit", "less_than_equal", f"Must be at most {size_max}", f"ต้องไม่เกิน {size_max}")]
        )
    context = request.url.path
    last = None
    if cursor is not None:
        try:
            last = tuple(orjson.loads(runtime.cursors.unseal_text(cursor, context)))
        except (NotSealedHere, ValueError):
            raise BadCursor from None
    return PageRequest(limit or runtime.settings.page_size_default, last, context, runtime.cursors)


PageParameters = Annotated[PageRequest, Depends(page_request)]


def largest_page_request(
    request: Request, cursor: Annotated[str | None, Query(max_length=_CURSOR_CHARACTERS_MAX)] = None
) -> PageRequest:
    """The dependency behind :data:`LargestPage`."""
    return page_request(request, runtime_of(request).settings.page_size_max, cursor)


LargestPage = Annotated[PageRequest, Depends(largest_page_request)]
"""For a list that nearly always is one page: as many rows as a page may hold, and a cursor for what is left."""


def page_of(
    rows: Sequence[RowT],
    request: PageRequest,
    key: Callable[[RowT], tuple[Any, ...]],
    item: Callable[[RowT], ItemT],
) -> Page[ItemT]:
    """The page of up to ``request.fetch_limit`` rows.

    Args:
        rows: in the list's order.
        request: what was asked for.
        key: the sort key of a row, unique in the list (end it with the id).
        item: what is shown of a row.
    """
    shown = rows[: request.limit]
    next_cursor = None
    if len(rows) > request.limit:
        next_cursor = request.sealer.seal_text(orjson.dumps(key(shown[-1]), default=str), request.context)
    return Page(items=[item(row) for row in shown], next_cursor=next_cursor)
