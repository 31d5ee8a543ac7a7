"""Runs the suite's processes: forks them from one preloaded parent, starts again what dies, drains them in order.

Importing the services costs seconds of processor time; a fork of a parent that has imported them costs milliseconds.
The parent itself does no work of the services, so it stays single-threaded and may fork at any time.
"""

import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

from shared.embedded.processes import ProcessMark, die_with_parent, mark_of
from shared.embedded.progress import Progress, SilentProgress
from shared.embedded.state import StateFolder
from shared.embedded.suite import forget_suite, record_suite

POLL_SECONDS = 0.1
WATCH_SECONDS = 1.0
DRAIN_SECONDS_MAX = 35.0  # above the 25 s that a service gives itself
BACKOFF_SECONDS_FIRST = 1.0
BACKOFF_SECONDS_MAX = 30.0
STEADY_SECONDS = 60.0  # a child that lived this long starts with the first backoff again

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Child:
    """One process of the suite.

    `run` does its work in a forked process until SIGTERM asks it to drain; what it returns does not matter, what it
    raises is a failure. Children with a lower `drain_order` drain first. `in_terminal` leaves its output where the
    parent's goes instead of a log file.
    """

    name: str
    run: Callable[[], object]
    drain_order: int = 1
    in_terminal: bool = False


@dataclass
class _Running:
    child: Child
    pid: int | None = None
    mark: ProcessMark | None = None
    started_at: float = 0.0
    failures_in_a_row: int = 0
    start_due_at: float = 0.0


class Supervisor:
    """Runs children until it is told to stop.

    `watch` is called on every turn of the loop, on the main thread: the place to look after the servers beneath.
    `address` is where the suite answers, for `down` and a second `up`.
    """

    def __init__(
        self,
        children: Sequence[Child],
        state: StateFolder,
        *,
        address: str = "",
        progress: Progress | None = None,
        watch: Callable[[], None] | None = None,
        drain_seconds_max: float = DRAIN_SECONDS_MAX,
        backoff_seconds_first: float = BACKOFF_SECONDS_FIRST,
    ) -> None:
        names = [child.name for child in children]
        if len(set(names)) != len(names):
            raise ValueError(f"two children have the same name: {names}")
        self._state = state
        self._address = address
        self._progress = progress or SilentProgress()
        self._watch = watch
        self._drain_seconds_max = drain_seconds_max
        self._backoff_seconds_first = backoff_seconds_first
        self._running = [_Running(child) for child in children]
        self._task: _Running | None = None
        self._stops_asked = 0
        self._watch_due_at = 0.0

    def run(self, task: Child | None = None, *, stop_after_task: bool = False) -> int:
        """Run until SIGTERM or SIGINT, or until `task` ends when `stop_after_task`; then drain everything.

        The task is one more process, started after the others and never started again: the demo's story, say.
        Returns the task's exit code when it ended by itself, else 0. Must be called on the main thread. A second
        SIGINT while draining ends everything at once.
        """
        with self._signals():
            gc.collect()
            gc.freeze()  # the children's collector then leaves the shared pages alone
            try:
                for running in self._running:
                    self._start(running)
                if task is not None:
                    self._task = _Running(task)
                    self._start(self._task)
                return self._turn_until_stopped(stop_after_task)
            finally:
                self._drain()
                forget_suite(self._state)
                gc.unfreeze()

    def renew(self) -> None:
        """Have every child drain and start again, so that it sees the environment as it is now."""
        for running in self._running:
            if running.pid is not None:
                os.kill(running.pid, signal.SIGTERM)

    def _turn_until_stopped(self, stop_after_task: bool) -> int:
        task_code: int | None = None
        while not self._stops_asked:
            self._turn()
            if self._task is not None and task_code is None:
                task_code = self._ended(self._task)
            if task_code is not None and stop_after_task:
                break
            time.sleep(POLL_SECONDS)
        return task_code or 0

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._ask_to_stop) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stops_asked += 1

    def _turn(self) -> None:
        if self._watch is not None and time.monotonic() >= self._watch_due_at:
            self._watch()
            self._watch_due_at = time.monotonic() + WATCH_SECONDS
        for running in self._running:
            code = self._ended(running)
            if code is not None:
                self._plan_restart(running, code)
            if running.pid is None and time.monotonic() >= running.start_due_at and not self._stops_asked:
                self._start(running)

    def _plan_restart(self, running: _Running, code: int) -> None:
        lived_seconds = time.monotonic() - running.started_at
        running.failures_in_a_row = 1 if lived_seconds > STEADY_SECONDS else running.failures_in_a_row + 1
        pause_seconds = min(self._backoff_seconds_first * 2 ** (running.failures_in_a_row - 1), BACKOFF_SECONDS_MAX)
        running.start_due_at = time.monotonic() + pause_seconds
        self._progress.say(
            f"{running.child.name} {_how_it_ended(code)}; starting it again in {pause_seconds:.0f} s"
            f" (see {self._state.log_path(running.child.name)})"
        )

    def _start(self, running: _Running) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what is still buffered would be written twice, once by the child
        parent_pid = os.getpid()
        # Held back until the child has handlers of its own: a signal in between would reach the parent's, and be lost.
        held_back = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        pid = os.fork()
        if pid == 0:
            _be_child(running.child, self._state, parent_pid)
        signal.pthread_sigmask(signal.SIG_SETMASK, held_back)
        running.pid, running.mark, running.started_at = pid, mark_of(pid), time.monotonic()
        self._record()

    def _record(self) -> None:
        supervisor = mark_of(os.getpid())
        everyone = [*self._running, *([self._task] if self._task is not None else [])]
        children = {running.child.name: running.mark for running in everyone if running.mark is not None}
        if supervisor is not None:
            record_suite(self._state, supervisor, children, self._address)

    def _ended(self, running: _Running) -> int | None:
        """Exit code of a child that has ended, once; negative for the signal that ended it."""
        if running.pid is None:
            return None
        pid, status = os.waitpid(running.pid, os.WNOHANG)
        if pid == 0:
            return None
        running.pid, running.mark = None, None
        return os.waitstatus_to_exitcode(status)

    def _drain(self) -> None:
        if self._task is not None:
            self._stop_together([self._task])
        for order in sorted({running.child.drain_order for running in self._running}):
            self._stop_together([running for running in self._running if running.child.drain_order == order])

    def _stop_together(self, group: Sequence[_Running]) -> None:
        for running in group:
            if running.pid is not None:
                os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds_max
        while self._some_run(group) and time.monotonic() < deadline and self._stops_asked < 2:
            time.sleep(POLL_SECONDS / 2)
        for running in group:
            if running.pid is not None:
                self._progress.say(f"{running.child.name} did not drain in time and was ended.")
                os.kill(running.pid, signal.SIGKILL)
                os.waitpid(running.pid, 0)
                running.pid, running.mark = None, None

    def _some_run(self, group: Sequence[_Running]) -> bool:
        for running in group:
            self._ended(running)
        return any(running.pid is not None for running in group)


def _how_it_ended(code: int) -> str:
    if code == 0:
        return "ended by itself"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"


def _be_child(child: Child, state: StateFolder, parent_pid: int) -> None:
    """Live as the child; never returns, so that nothing of the parent runs twice."""
    code = 1
    try:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        os.setpgrp()  # Ctrl-C in the terminal is for the parent, which then drains in order
        die_with_parent(signal.SIGTERM, parent_pid)
        if not child.in_terminal:
            _write_to_log(state, child.name)
        child.run()
        code = 0
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else int(request.code is not None)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)  # this process ends: nobody else is left to tell
    finally:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal must not keep the process alive
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _write_to_log(state: StateFolder, name: str) -> None:
    log = os.open(state.log_path(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, standard)
    os.close(log)
    os.close(nothing)
    # New streams: line by line into the log, and free of what the parent had put in their place.
    sys.stdout, sys.stderr = (
        os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        for descriptor in (1, 2)
    )
