"""Everything beneath the services on one machine, started and stopped as one thing.

What the operator has set in the environment is honoured: a part that is replaced is not started.

    replaced by                       instead of
    KAFKA_BOOTSTRAP_SERVERS           the broker
    PLODNEE_ADMIN_DATABASE_URL, or    PostgreSQL
      PLODNEE_<SERVICE>_DATABASE_URL of all five
    PLODNEE_ISSUER                    the development identity provider
"""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from shared.chassis.settings import SERVICES
from shared.embedded.errors import EmbeddedError, UnsafeEnvironment
from shared.embedded.identity import DASHBOARD_CLIENT_ID
from shared.embedded.kafka import KafkaBroker
from shared.embedded.postgres import PostgresServer
from shared.embedded.progress import Progress, SilentProgress
from shared.embedded.secret_store import environment_secrets
from shared.embedded.server_user import remove_outside_folder
from shared.embedded.state import StateFolder, default_state_path
from shared.embedded.suite import end_leftovers, running_suite, stop_suite

ISSUER_PATH = "/identity"
MEND_PAUSE_SECONDS = 5.0  # between two starts of one server


class EmbeddedRuntime:
    """The infrastructure of one state folder.

    `http_port` is the port to prefer for the services; None means the remembered one. `postgres_options` and
    `kafka_options` are settings of those servers; tests make them less durable.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        http_port: int | None = None,
        postgres_options: Mapping[str, str] | None = None,
        kafka_options: Mapping[str, str] | None = None,
    ) -> None:
        self.state = StateFolder(state_dir or default_state_path())
        self._operator = dict(os.environ)  # before anything of ours is added to it
        self._progress: Progress = SilentProgress()
        self._postgres_options = postgres_options
        self._kafka_options = kafka_options
        self._postgres: PostgresServer | None = None
        self._kafka: KafkaBroker | None = None
        self._mend_due_at: dict[str, float] = {}
        self._locked = ExitStack()
        self._preferred_http_port = http_port
        self._http_port: int | None = None

    @property
    def starts_postgres(self) -> bool:
        """Whether PostgreSQL is ours to start."""
        replaced = all(_database_url_name(service) in self._operator for service in SERVICES)
        return "PLODNEE_ADMIN_DATABASE_URL" not in self._operator and not replaced

    @property
    def starts_kafka(self) -> bool:
        """Whether the broker is ours to start."""
        return not {"KAFKA_BOOTSTRAP_SERVERS", "PLODNEE_KAFKA_BOOTSTRAP_SERVERS"} & self._operator.keys()

    @property
    def uses_development_identity(self) -> bool:
        """Whether the api process is to mount the development identity provider."""
        return "PLODNEE_ISSUER" not in self._operator

    @property
    def http_port(self) -> int:
        """The port for the api process: the remembered one, or another when that is taken."""
        if self._http_port is None:
            self._http_port = self.state.port("http", self._progress.say, preferred=self._preferred_http_port)
        return self._http_port

    @property
    def address(self) -> str:
        """Where the suite answers."""
        return f"http://127.0.0.1:{self.http_port}"

    def start_infrastructure(self, progress: Progress | None = None) -> dict[str, str]:
        """Start what is not replaced and return the environment variables the services need beside those set already.

        Holds the state folder's lock until `stop_infrastructure`. Raises AlreadyRunning when another process holds it,
        EmbeddedError when a part cannot start (nothing of it stays running then).
        """
        self._progress = progress or SilentProgress()
        if self._operator.get("PLODNEE_ENVIRONMENT") == "production":
            raise UnsafeEnvironment(
                "This would start databases and sign-ins made for development, and PLODNEE_ENVIRONMENT is production.",
                "In production run each process by itself: plodnee api SERVICE, plodnee worker SERVICE.",
            )
        self._locked.enter_context(self.state.lock())
        try:
            for name in end_leftovers(self.state):
                self._progress.say(f"Ended {name}, which a killed run had left behind.")
            self._start_servers()
            return self._environment()
        except BaseException:
            self.stop_infrastructure()
            raise

    def environment_of_running_suite(self) -> dict[str, str]:
        """What the services of the suite that runs from this folder were given; empty when none runs.

        For commands in another shell, which mend what that suite's processes work on.
        """
        suite = running_suite(self.state)
        if suite is None:
            return {}
        self._http_port = urlsplit(suite.address).port
        self._kafka = self._new_kafka() if self.starts_kafka else None
        self._postgres = self._new_postgres() if self.starts_postgres else None
        return self._environment()

    def mend_infrastructure(self) -> dict[str, str]:
        """Start again a server that has died since. To be called every second or so while the suite runs.

        Nobody waits for the broker: it takes seconds, in which PostgreSQL may die too. A server that dies again at
        once, because its disk is full for example, is started again after a pause, for as long as that takes.

        Returns what the services must be given anew: a server whose port was taken meanwhile has another one. Empty
        when nothing changed.
        """
        moved = False
        for label, server in (("PostgreSQL", self._postgres), ("Kafka", self._kafka)):
            if server is None or server.is_running() or time.monotonic() < self._mend_due_at.get(label, 0.0):
                continue
            self._mend_due_at[label] = time.monotonic() + MEND_PAUSE_SECONDS
            self._progress.say(f"{label} has died; starting it again.")
            port = server.port
            try:
                if isinstance(server, KafkaBroker):
                    server.launch()
                else:
                    server.start()
            except EmbeddedError as error:
                self._progress.say(str(error))
            moved |= server.port != port
        return self._environment() if moved else {}

    def stop_infrastructure(self) -> None:
        """Stop the broker, then PostgreSQL, and let go of the state folder."""
        try:
            if self._kafka is not None:
                self._kafka.stop()
            if self._postgres is not None:
                self._postgres.stop()
        finally:
            self._kafka = self._postgres = None
            self._locked.close()

    def stop_suite(self) -> bool:
        """End the suite that runs from this state folder, in whatever shell, and what a killed one has left behind.

        False when nothing ran.
        """
        ended = stop_suite(self.state)
        with self.state.lock():
            left = end_leftovers(self.state)
            servers = [mark for mark in self.state.remembered_processes().values() if mark.alive()]
            self._new_kafka().stop()
            self._new_postgres().stop()
        return ended or bool(left) or bool(servers)

    def reset(self) -> None:
        """Delete everything kept for this checkout: data, secrets, ports, logs. Raises AlreadyRunning while it runs."""
        with self.state.lock():
            end_leftovers(self.state)
            self._new_kafka().stop()
            self._new_postgres().stop()
            remove_outside_folder(self.state)
            self.state.clear()

    def _start_servers(self) -> None:
        # The broker takes seconds, most of them waiting for one core: PostgreSQL starts meanwhile.
        if self.starts_kafka:
            self._kafka = self._new_kafka()
            self._kafka.launch()
        if self.starts_postgres:
            self._postgres = self._new_postgres()
            self._postgres.start()
            self._progress.say(f"PostgreSQL answers on port {self._postgres.port}.")
        if self._kafka is not None:
            self._kafka.wait_until_ready()
            self._progress.say(f"Kafka answers on port {self._kafka.port}.")

    def _new_postgres(self) -> PostgresServer:
        return PostgresServer(self.state, options=self._postgres_options, progress=self._progress)

    def _new_kafka(self) -> KafkaBroker:
        return KafkaBroker(self.state, options=self._kafka_options, progress=self._progress)

    def _environment(self) -> dict[str, str]:
        wanted = {
            "PLODNEE_ENVIRONMENT": "development",
            "PLODNEE_DASHBOARD_URL": self.address,
            "PLODNEE_DASHBOARD_CLIENT_ID": DASHBOARD_CLIENT_ID,
            **environment_secrets(self.state),
        }
        if self._kafka is not None:
            wanted["KAFKA_BOOTSTRAP_SERVERS"] = self._kafka.bootstrap_servers
        if self._postgres is not None:
            wanted["PLODNEE_ADMIN_DATABASE_URL"] = self._postgres.admin_url
        admin_url = self._operator.get("PLODNEE_ADMIN_DATABASE_URL") or wanted.get("PLODNEE_ADMIN_DATABASE_URL")
        if admin_url is not None:
            wanted |= {_database_url_name(service): _database_url(admin_url, service) for service in SERVICES}
        if self.uses_development_identity:
            wanted["PLODNEE_ISSUER"] = f"{self.address}{ISSUER_PATH}"
        return {name: value for name, value in wanted.items() if name not in self._operator}


def _database_url_name(service: str) -> str:
    return f"PLODNEE_{service.upper()}_DATABASE_URL"


def _database_url(admin_url: str, service: str) -> str:
    """The service's database on the administrator's server, without a user: each process adds its own role."""
    parts = urlsplit(admin_url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], path=f"/plodnee_{service}"))
