"""What is verified of a played story, each as a named check with what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

FAULTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing verified."""

    name: str
    ok: bool
    detail: str


def verdict(name: str, faults: Sequence[str], good: str) -> Check:
    """The check of a list of faults: ``good`` says what was found when there are none."""
    if not faults:
        return Check(name, ok=True, detail=good)
    more = f" … and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    return Check(name, ok=False, detail="; ".join(faults[:FAULTS_SHOWN]) + more)
