"""The process of one server of a state folder: started here, or found again by the mark that an earlier start left."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.embedded.errors import EmbeddedError
from shared.embedded.processes import ProcessMark, mark_of, server_end_with_parent, stop_process
from shared.embedded.state import StateFolder


class ServerProcess:
    """One server's process, whoever started it.

    Args:
        state: the folder with its mark and its log.
        name: what the mark and the log are called.
        title: the server's name in messages.
        stop_steps: the signals that end it, each with the seconds it is given.
    """

    def __init__(
        self, state: StateFolder, name: str, title: str, stop_steps: Sequence[tuple[signal.Signals, float]]
    ) -> None:
        self.log_path = state.logs / f"{name}.log"
        self._state = state
        self._name = name
        self._title = title
        self._stop_steps = stop_steps
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """Pid of the running server, None when it does not run."""
        mark = self._state.remembered_process(self._name)
        return mark.pid if mark is not None and mark.alive() else None

    def is_running(self) -> bool:
        """Whether the server's process lives, whoever started it."""
        if self._child is not None:
            self._child.poll()  # a child that has ended is a zombie until its parent asks
        return self.pid is not None

    def is_child_alive(self) -> bool:
        """Whether the process that was spawned here still runs."""
        return self._child is not None and self._child.poll() is None

    def spawn(self, command: Sequence[str], *, cwd: Path, end_signal: signal.Signals, **options: Any) -> None:
        """Start the server; it gets `end_signal` when this process is killed. `options` are those of Popen."""
        log_path = self._state.log_path(self._name)
        self._log_start = log_path.stat().st_size if log_path.exists() else 0
        with log_path.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=cwd,
                start_new_session=True,  # Ctrl-C in the terminal is for Plodnee, which then stops the servers in order
                preexec_fn=server_end_with_parent(end_signal),
                **options,
            )
        mark = mark_of(self._child.pid)
        if mark is not None:
            self._state.remember_process(self._name, mark)

    def said(self) -> str:
        """What the server wrote into its log since it was spawned here."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace").strip()

    def stop(self, unrecorded: ProcessMark | None = None) -> None:
        """End the server and return when its process has gone; does nothing when none runs.

        Args:
            unrecorded: the process to end when no mark was left.

        Raises:
            EmbeddedError: it does not end.
        """
        mark = self._state.remembered_process(self._name) or unrecorded
        if mark is not None and mark.alive() and not stop_process(mark, self._stop_steps):
            raise EmbeddedError(
                f"{self._title} (process {mark.pid}) does not stop.",
                f"See {self.log_path}, and end process {mark.pid} yourself.",
            )
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._state.forget_process(self._name)
