"""Holds the servers of one test run: one PostgreSQL, one Kafka broker, started when first asked for.

Run as ``python -m tests.infrastructure FOLDER PID``: it starts what the run's processes ask for by files in FOLDER
and stops everything when process PID, the run itself, is gone, however it ended; with it the one-machine suites that
its drills began and could not end themselves.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

FOLDER_VARIABLE = "PLODNEE_TEST_RUN_FOLDER"
PATIENCE_SECONDS = 180.0
SUITE_ENDS_SECONDS = 30.0


def ask_for(folder: Path, server: str) -> str:
    """The address of a server of this run; it is started if nobody asked before."""
    (folder / f"{server}.wanted").touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        failed = folder / f"{server}.failed"
        if failed.exists():
            raise RuntimeError(f"{server} did not start: {failed.read_text()}")
        ready = folder / f"{server}.json"
        if ready.exists():
            return str(json.loads(ready.read_text())["address"])
        time.sleep(0.05)
    raise TimeoutError(f"{server} did not start within {PATIENCE_SECONDS:.0f} s; see {folder}")


def end_with_the_run(state_folder: Path) -> None:
    """Have a suite of this state folder ended and deleted when the run ends, if it is still there."""
    record = Path(os.environ[FOLDER_VARIABLE]) / f"{uuid4().hex}.suite"
    record.write_text(str(state_folder))


def _hold(folder: Path, run_pid: int) -> None:
    from shared.embedded.kafka import KafkaBroker
    from shared.embedded.postgres import NOT_DURABLE, PostgresServer
    from shared.embedded.processes import mark_of
    from shared.embedded.state import StateFolder, free_port

    run = mark_of(run_pid)  # its number alone may be another's soon, and a zombie's is still there
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # how a run ends; the servers' data still goes with it
    state = StateFolder(folder / "state")
    running: dict[str, PostgresServer | KafkaBroker] = {}

    def start_postgres() -> str:
        server = PostgresServer(state, port=free_port(), options=NOT_DURABLE)
        running["postgres"] = server
        server.start()
        return server.admin_url

    def start_kafka() -> str:
        broker = KafkaBroker(state, port=free_port())
        running["kafka"] = broker
        broker.start()
        return broker.bootstrap_servers

    starters: dict[str, Callable[[], str]] = {"postgres": start_postgres, "kafka": start_kafka}
    try:
        while run is not None and run.alive():
            for name, start in starters.items():
                if (folder / f"{name}.wanted").exists() and name not in running:
                    _start(folder, name, start)
            time.sleep(0.05)
    finally:
        for server in reversed(running.values()):
            server.remove()
        # Of two folders one in the other, the inner one first.
        for state_folder in sorted((record.read_text() for record in folder.glob("*.suite")), reverse=True):
            _end_suite(Path(state_folder))
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, name: str, start: Callable[[], str]) -> None:
    try:
        address = start()
    except Exception as error:
        (folder / f"{name}.failed").write_text(repr(error))
        raise
    ready = folder / f"{name}.json.part"
    ready.write_text(json.dumps({"address": address}))
    ready.rename(folder / f"{name}.json")


def _end_suite(state_folder: Path) -> None:
    """End what was started from a state folder, and nothing else: each process is known by its pid and its start."""
    from shared.embedded.errors import AlreadyRunning
    from shared.embedded.runtime import EmbeddedRuntime
    from shared.embedded.suite import recorded_suite

    if not state_folder.exists():
        return
    runtime = EmbeddedRuntime(state_folder)
    deadline = time.monotonic() + SUITE_ENDS_SECONDS
    while True:
        suite = recorded_suite(runtime.state)
        if suite is not None:
            suite.supervisor.send(signal.SIGKILL)
        # A drill makes processes stand still: what does not go on does not end either.
        for mark in [*(suite.children.values() if suite else ()), *runtime.state.remembered_processes().values()]:
            mark.send(signal.SIGCONT)
        try:
            return runtime.reset()
        except AlreadyRunning:  # its supervisor ends with the test's process, which may take its time
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    _hold(Path(sys.argv[1]), int(sys.argv[2]))
