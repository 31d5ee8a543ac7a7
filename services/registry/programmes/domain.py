"""When a co-operative may be in a phase of a programme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A phase of a programme; both days count, and an open end is None."""

    phase: int
    starts_on: date
    ends_on: date | None


def fits(phases: Sequence[PhaseSpan], phase: int, valid_from: date, valid_to: date | None) -> bool:
    """Whether the programme has the phase and the days lie within it. An open end may outlast the phase's."""
    for span in phases:
        if span.phase == phase:
            last = valid_to or valid_from
            return span.starts_on <= valid_from and (span.ends_on is None or last <= span.ends_on)
    return False
