"""The running suite as other shells see it: who runs it, where it answers, how to end it."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.embedded.processes import ProcessMark, stop_process
from shared.embedded.state import StateFolder

_FILE = "run.json"
# The suite drains its parts one after the other, each within its own bound; this is above their sum.
DRAIN_PATIENCE_SECONDS = 150.0
LEFTOVER_STEPS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True)
class Suite:
    """One run of the suite: its supervisor, its children by name, the address it answers at."""

    supervisor: ProcessMark
    children: Mapping[str, ProcessMark]
    address: str
    since: str


def record_suite(
    state: StateFolder, supervisor: ProcessMark, children: Mapping[str, ProcessMark], address: str
) -> None:
    """Write down the running suite, replacing what was written before."""
    known = state.read(_FILE)
    same_run = known.get("pid") == supervisor.pid and known.get("started") == supervisor.started
    state.write(
        _FILE,
        {
            "pid": supervisor.pid,
            "started": supervisor.started,
            "address": address,
            "since": known["since"] if same_run else datetime.now(UTC).isoformat(timespec="seconds"),
            "children": {name: {"pid": mark.pid, "started": mark.started} for name, mark in children.items()},
        },
    )


def forget_suite(state: StateFolder) -> None:
    """Remove the record of the suite."""
    state.forget(_FILE)


def recorded_suite(state: StateFolder) -> Suite | None:
    """The suite last recorded, whether it still runs or not."""
    known = state.read(_FILE)
    if not known:
        return None
    return Suite(
        supervisor=ProcessMark(pid=int(known["pid"]), started=str(known["started"])),
        children={
            name: ProcessMark(pid=int(mark["pid"]), started=str(mark["started"]))
            for name, mark in known["children"].items()
        },
        address=str(known["address"]),
        since=str(known["since"]),
    )


def running_suite(state: StateFolder) -> Suite | None:
    """The suite that runs now, None when none does."""
    suite = recorded_suite(state)
    return suite if suite is not None and suite.supervisor.alive() else None


def stop_suite(state: StateFolder) -> bool:
    """Ask the running suite to drain and wait for its end; False when none ran."""
    suite = running_suite(state)
    if suite is None:
        return False
    stop_process(suite.supervisor, ((signal.SIGTERM, DRAIN_PATIENCE_SECONDS), (signal.SIGKILL, 5.0)))
    return True


def end_leftovers(state: StateFolder) -> list[str]:
    """End children whose supervisor was killed, and forget that suite; returns their names.

    To be called by the holder of the folder's lock, so that no supervisor of this folder can be alive.
    """
    suite = recorded_suite(state)
    if suite is None:
        return []
    left = {name: mark for name, mark in suite.children.items() if mark.alive()}
    for mark in left.values():
        mark.send(signal.SIGTERM)  # all at once, so that they drain side by side
    for mark in left.values():
        stop_process(mark, LEFTOVER_STEPS)
    forget_suite(state)
    return sorted(left)
