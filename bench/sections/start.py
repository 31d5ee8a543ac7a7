"""`plodnee up`: everything on one machine, from the command to five services that are ready."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from bench.results import Row, Table
from bench.sizes import Sizes
from shared.embedded.state import free_port

IDS = ("up-first", "up-warm")

_PATIENCE_SECONDS = 300.0


def measure(home: Path, _sizes: Sizes, table: Table) -> None:
    """Start twice: an empty folder, and the same folder again."""
    table.add(Row("up-first", "`plodnee up`, first start, everything downloaded", _up(home), "s"))
    table.add(Row("up-warm", "`plodnee up`, later starts", _up(home), "s", 45, 20))


def _up(home: Path) -> float:
    """Seconds from the command until all five services are ready; stops it again."""
    port = free_port()
    started = time.perf_counter()
    with (home / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--port", str(port)],
            env=_environment(home),
            stdout=log,
            stderr=log,
        )
    try:
        while time.perf_counter() - started < _PATIENCE_SECONDS:
            if process.poll() is not None:
                raise RuntimeError(f"`plodnee up` ended with {process.returncode}; see {home}")
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    return time.perf_counter() - started
            except httpx2.TransportError:
                time.sleep(0.05)
        raise TimeoutError("`plodnee up` did not become ready")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(150)


def _environment(home: Path) -> dict[str, str]:
    """What an operator's shell has: nothing of this run's servers or keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "KAFKA_"))}
    caches = {name: os.environ[name] for name in ("PLODNEE_CACHE", "PLODNEE_KAFKA_JARS") if name in os.environ}
    return kept | caches | {"PLODNEE_HOME": str(home)}
