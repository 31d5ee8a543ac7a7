"""Rules of an officer's list of co-operatives."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from shared.contracts.registry import AssignedCooperative


def overlapping(spans: Sequence[AssignedCooperative]) -> UUID | None:
    """A co-operative that stands twice in the list on one day, or None.

    A co-operative may return to an officer later: two spans that do not meet are in order.
    """
    ordered = sorted(spans, key=lambda span: (span.cooperative_id, span.valid_from))
    for first, second in pairwise(ordered):
        same = first.cooperative_id == second.cooperative_id
        if same and (first.valid_to is None or first.valid_to >= second.valid_from):
            return first.cooperative_id
    return None
