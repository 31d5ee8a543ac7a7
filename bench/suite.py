"""The suite under measurement: `plodnee up` with data of its own, durable as on any machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from shared.embedded.identity.client import sign_in, sign_in_system
from shared.embedded.secret_store import client_secret_name, environment_secrets, load_secrets
from shared.embedded.state import StateFolder, free_port

PATIENCE_SECONDS = 180.0


class Suite:
    """Starts and stops the suite of one state folder, and signs in to it."""

    def __init__(self, home: Path) -> None:
        self.state = StateFolder(home)
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self) -> float:
        """Start everything; returns the seconds until all five services are ready."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--port", str(port)],
            env={**os.environ, "PLODNEE_HOME": str(self._home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = started + PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the suite ended with {self._process.returncode}; see {self._home / 'logs'}")
            try:
                if httpx2.get(f"{self.address}/readyz").status_code == 200:
                    return time.perf_counter() - started
            except httpx2.TransportError:
                time.sleep(0.05)
        raise TimeoutError("the suite did not become ready")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(150)

    @property
    def issuer(self) -> str:
        return f"{self.address}/identity"

    async def system_token(self, client_id: str) -> str:
        """An access token of a partner's system."""
        secret = load_secrets(self.state)[client_secret_name(client_id)]
        async with httpx2.AsyncClient(timeout=30) as http:
            return (await sign_in_system(http, self.issuer, client_id, secret)).access_token

    async def persona_token(self, persona: str) -> str:
        """An access token of somebody who signs in with a browser."""
        async with httpx2.AsyncClient(timeout=30) as http:
            return (await sign_in(http, self.issuer, persona)).access_token

    def database_url(self, service: str) -> str:
        """The owner's URL of a service's database, to count what has arrived."""
        known = environment_secrets(self.state)
        password = known[f"PLODNEE_{service.upper()}_OWNER_PASSWORD"]
        port = self.state.remembered_ports()["postgres"]
        return f"postgresql://plodnee_{service}_owner:{password}@127.0.0.1:{port}/plodnee_{service}"

    def environment(self) -> dict[str, str]:
        """What a command of this suite needs, such as a rebuild."""
        ports = self.state.remembered_ports()
        return {
            **os.environ,
            **environment_secrets(self.state),
            "PLODNEE_ISSUER": self.issuer,
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['kafka']}",
            **{
                f"PLODNEE_{service.upper()}_DATABASE_URL": f"postgresql://127.0.0.1:{ports['postgres']}/plodnee_{service}"
                for service in ("registry", "debt", "livelihood", "literacy", "reporting")
            },
        }
