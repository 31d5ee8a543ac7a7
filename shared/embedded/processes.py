"""Processes that outlive the call, or the program, that started them.

A pid alone proves nothing: after a crash the system hands the number to somebody else. A process is therefore named by
its pid together with the moment it started, and a pair that no longer matches is stale.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # looked up before any fork: loading takes locks


@dataclass(frozen=True)
class ProcessMark:
    """One process for as long as it lives: pid and start, never mistaken for a later process of the same pid."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return start_of(self.pid) == self.started

    def send(self, signal_number: int) -> None:
        """Send a signal unless the process has gone."""
        if self.alive():
            try:
                os.kill(self.pid, signal_number)
            except ProcessLookupError:
                return


def start_of(pid: int) -> str | None:
    """When the process `pid` started, as an opaque text that no change of the clock alters; None if it does not run."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The command's name stands in brackets and may hold anything: the fields are counted after its last bracket.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    listing = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    state, _, started = listing.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def mark_of(pid: int) -> ProcessMark | None:
    """The mark of a running process; None if it does not run."""
    started = start_of(pid)
    return None if started is None else ProcessMark(pid=pid, started=started)


def command_line(pid: int) -> str:
    """The command line of a process, empty when it does not run or may not be read."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    listing = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return listing.stdout.strip()


def stop_process(mark: ProcessMark, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn and wait its seconds for the end; True when the process has gone."""
    for signal_number, patience_seconds in steps:
        mark.send(signal_number)
        if wait_until(lambda: not mark.alive(), patience_seconds):
            return True
    return not mark.alive()


def wait_until(condition: Callable[[], bool], patience_seconds: float) -> bool:
    """Poll until the condition holds; False when it did not within the time."""
    deadline = time.monotonic() + patience_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def die_with_parent(signal_number: signal.Signals, parent_pid: int) -> None:
    """Have the system send this process a signal when its parent ends, however it ends.

    To be called in a forked child, directly after the fork, with the pid the parent had before it.
    """
    if sys.platform == "linux":
        _set_parent_death_signal(signal_number, parent_pid)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid, signal_number), daemon=True).start()


def server_end_with_parent(signal_number: signal.Signals) -> Callable[[], None] | None:
    """What `subprocess.Popen(preexec_fn=...)` needs so that a server ends cleanly when its parent is killed.

    None where it would do harm: Linux sends the signal when the starting *thread* ends, so a server started from a
    passing thread would be shot down with it. Such a server is found by its pid file at the next start instead.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    parent_pid = os.getpid()
    return lambda: _set_parent_death_signal(signal_number, parent_pid)


def _set_parent_death_signal(signal_number: signal.Signals, parent_pid: int) -> None:
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != parent_pid:  # the parent ended before the request was made
        os.kill(os.getpid(), signal_number)


def _watch_parent(parent_pid: int, signal_number: signal.Signals) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1)
    os.kill(os.getpid(), signal_number)
