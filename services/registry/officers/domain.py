"""Rules of an officer's list of co-operatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AssignedSpan:
    """A co-operative in an officer's hands; both days count, and an open end is None."""

    cooperative_id: UUID
    valid_from: date
    valid_to: date | None
    delegate_of: str | None = None


def overlapping(spans: Sequence[AssignedSpan]) -> UUID | None:
    """A co-operative that stands twice in the list on one day, or None.

    A co-operative may return to an officer later: two spans that do not meet are in order.
    """
    ordered = sorted(spans, key=lambda span: (span.cooperative_id, span.valid_from))
    for first, second in pairwise(ordered):
        same = first.cooperative_id == second.cooperative_id
        if same and (first.valid_to is None or first.valid_to >= second.valid_from):
            return first.cooperative_id
    return None
