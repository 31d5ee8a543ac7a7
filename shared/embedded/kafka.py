"""A real single-node Apache Kafka broker for one machine: KRaft, no Docker, no installed Java needed."""

import base64
import shutil
import signal
import socket
import struct
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.embedded.errors import EmbeddedError
from shared.embedded.java import Java, find_java
from shared.embedded.kafka_jars import kafka_jars
from shared.embedded.processes import POLL_SECONDS
from shared.embedded.progress import Progress, SilentProgress
from shared.embedded.server_process import ServerProcess
from shared.embedded.state import StateFolder, free_port, port_is_free

# Recovery after a kill reads the unflushed segments of every log.
START_PATIENCE_SECONDS = 120.0
STOP_STEPS = ((signal.SIGTERM, 40.0), (signal.SIGKILL, 5.0))
PORT_ATTEMPTS = 3
HEAP = "512m"
# Measured on 2 cores with Java 17: without these options the broker answers after 4.4 s and 7.0 s of CPU, with them
# after 3.3 s and 4.0 s; 60,000 messages of 700 bytes cost it 0.8 s of CPU instead of 2.2 s.
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.awt.headless=true")
LOG_OPTIONS = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

SINGLE_NODE: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    # The log is the audit trail: kept for ever, never compacted.
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the controller waits until the killed broker's session has run out before it lets the new one in:
    # 12.4 s to a usable broker with the default of 9 s, 7 s with this. Shorter would fence a broker on a busy machine.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "2",
}

_DESCRIBE_CLUSTER = 60  # key of the request; its version 0 is in every Kafka since 2.8


class KafkaBroker:
    """One broker over one data folder in a state folder.

    `port` None means the state's remembered ports; a given port goes with a controller port chosen at each start.
    `options` are broker settings and win over the defaults. `java` and `jars` None means what `find_java` and
    `kafka_jars` find.
    """

    def __init__(
        self,
        state: StateFolder,
        *,
        port: int | None = None,
        data_name: str = "kafka",
        options: Mapping[str, str] | None = None,
        java: Java | None = None,
        jars: Sequence[Path] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.state = state
        self.data_name = data_name
        self.options = dict(options or {})
        self._fixed_port = port
        self._port = port
        self._controller_port = 0  # chosen at each start
        self._java = java
        self._jars = list(jars) if jars is not None else None
        self._progress = progress or SilentProgress()
        self._process = ServerProcess(state, data_name, "Kafka", STOP_STEPS)

    @property
    def data_folder(self) -> Path:
        """Where the logs of the topics lie."""
        return self.state.path / self.data_name

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that clients connect to."""
        if self._port is None:
            self._port = self.state.remembered_ports().get("kafka") or self.state.port("kafka")
        return self._port

    @property
    def bootstrap_servers(self) -> str:
        """What clients need as KAFKA_BOOTSTRAP_SERVERS."""
        return f"127.0.0.1:{self.port}"

    @property
    def cluster_id(self) -> str:
        """The id that was given to the data when it was made; it stays as long as the data."""
        lines = (self.data_folder / "meta.properties").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    @property
    def pid(self) -> int | None:
        """Pid of the running broker, None when it does not run."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the broker's process lives, whoever started it."""
        return self._process.is_running()

    def start(self) -> None:
        """Start the broker and return when it answers clients. What a crash left behind is put in order first."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Begin the start; `wait_until_ready` ends it. Between them other things may start."""
        self.stop()
        if self._java is None:
            self._java = find_java()
        if self._jars is None:
            self._jars = kafka_jars(self._progress)
        self._spawn()

    def wait_until_ready(self) -> None:
        """Return when the broker answers a client's first request; EmbeddedError when it ended or took too long."""
        for attempt in range(PORT_ATTEMPTS):
            if self._answers_in_time():
                return
            self.stop()
            # Somebody may have taken a port between the look and the start: then look again.
            taken = [port for port in (self.port, self._controller_port) if not port_is_free(port)]
            if not taken or self._fixed_port in taken or attempt == PORT_ATTEMPTS - 1:
                break
            self._spawn()
        raise EmbeddedError(f"Kafka did not start: {_cause(self._process.said())}", f"See {self._process.log_path}.")

    def stop(self) -> None:
        """Stop the broker, whoever started it; returns when its process has gone. Does nothing when none runs."""
        self._process.stop()

    def remove(self) -> None:
        """Stop the broker and delete its data, for good."""
        self.stop()
        shutil.rmtree(self.data_folder, ignore_errors=True)

    @property
    def _properties_path(self) -> Path:
        return self.state.path / f"{self.data_name}.properties"

    def _spawn(self) -> None:
        self._controller_port = self._choose_ports()
        self._format_once(self._controller_port)
        self._write_properties(self._properties_path, self.data_folder, self._controller_port)
        command = self._command("kafka.Kafka", str(self._properties_path), heap=HEAP)
        self._process.spawn(command, cwd=self.state.path, end_signal=signal.SIGTERM)

    def _choose_ports(self) -> int:
        if self._fixed_port is not None:
            return free_port()
        self._port = self.state.port("kafka", self._progress.say)
        return self.state.port("kafka_controller", self._progress.say)

    def _format_once(self, controller_port: int) -> None:
        if self.data_folder.exists():
            return
        # A draft folder, so that a start killed half-way leaves nothing that looks formatted.
        draft = self.data_folder.with_name(f"{self.data_name}.new")
        for left_over in draft.glob("*"):
            left_over.unlink()
        draft.mkdir(mode=0o700, exist_ok=True)
        properties_path = self.state.path / f"{self.data_name}-format.properties"
        self._write_properties(properties_path, draft, controller_port)
        arguments = ("kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", str(properties_path))
        result = subprocess.run(self._command(*arguments), capture_output=True, text=True, check=False)  # noqa: S603
        properties_path.unlink()
        if result.returncode != 0:
            raise EmbeddedError(
                f"Kafka's data folder could not be made: {_cause(result.stderr + result.stdout)}",
                f"Check the space on the disk of {self.state.path}, then start again.",
            )
        draft.replace(self.data_folder)

    def _write_properties(self, path: Path, log_folder: Path, controller_port: int) -> None:
        client, controller = f"127.0.0.1:{self.port}", f"127.0.0.1:{controller_port}"
        settings = {
            **SINGLE_NODE,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "log.dirs": str(log_folder),
            **self.options,
        }
        path.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in settings.items()))

    def _command(self, main_class: str, *arguments: str, heap: str = "256m") -> list[str]:
        if self._java is None or self._jars is None:
            raise RuntimeError("the Java and the jars are found before the first command is made")
        class_path = ":".join(str(jar) for jar in self._jars)
        options = (f"-Xmx{heap}", *JAVA_OPTIONS, *LOG_OPTIONS)
        return [str(self._java.program), *options, "-cp", class_path, main_class, *arguments]

    def _answers_in_time(self) -> bool:
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        while self._process.is_child_alive() and time.monotonic() < deadline:
            if cluster_at(self.port) == self.cluster_id:  # another broker may have the port, and ours end in a moment
                return True
            time.sleep(POLL_SECONDS)
        return False


def cluster_at(port: int) -> str | None:
    """The id of the cluster whose broker serves on this port of 127.0.0.1; None when none does.

    A port that merely accepts connections is not enough: the broker listens before it serves.
    """
    request = struct.pack(">hhih4sbbb", _DESCRIBE_CLUSTER, 0, 1, 4, b"ping", 0, 0, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as asked, asked.makefile("rb") as answer:
            asked.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", answer.read(4))
            # Correlation, tags, throttle time, error, the error's message (0 for none); then a text behind its length.
            *_, error, message, length = struct.unpack(">ibihBB", answer.read(13))
            found = answer.read(min(max(length - 1, 0), size))
    except (OSError, struct.error):
        return None
    return found.decode(errors="replace") if not error and not message else None


def _cause(said: str) -> str:
    """The lines of a Java program's output that name the reason, without the stack beneath."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    causes = [line for line in lines if "ERROR" in line or "Exception" in line or "Error:" in line]
    return " | ".join((causes or lines)[:4]) or "it said nothing"


def _new_cluster_id() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # a leading hyphen would read as an option
            return text


def _escaped(value: str) -> str:
    # In a properties file the backslash is an escape, and what lies outside Latin-1 must be one.
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode()
