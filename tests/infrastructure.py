"""Holds the servers of one test run: one PostgreSQL, one Kafka broker, started when first asked for.

Run as ``python -m tests.infrastructure FOLDER PID``: it starts what the run's processes ask for by files in FOLDER
and stops everything when process PID, the run itself, is gone, however it ended.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 180.0


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


def _hold(folder: Path, run_pid: int) -> None:
    from shared.embedded.kafka import KafkaBroker
    from shared.embedded.postgres import NOT_DURABLE, PostgresServer
    from shared.embedded.state import StateFolder, free_port

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
        while _alive(run_pid):
            for name, start in starters.items():
                if (folder / f"{name}.wanted").exists() and name not in running:
                    _start(folder, name, start)
            time.sleep(0.05)
    finally:
        for server in reversed(running.values()):
            server.remove()
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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    _hold(Path(sys.argv[1]), int(sys.argv[2]))
