"""The `.plodnee/` folder: everything one checkout keeps on this machine between two starts.

.plodnee/
  lock             held by the one process that may start and stop things here
  run.json         the running suite, for `down` and for a second `up`
  ports.json       ports, chosen once
  secrets.json     passwords and keys, made at the first start, readable by the owner alone
  identity.json    signing key of the development identity provider
  ended_sign_ins.json   sign-ins that were ended there before their tokens were too old
  pids/            one file a server: pid and process start
  logs/            one file a process
  postgres/ kafka/ their data (PostgreSQL's lies elsewhere when root runs it: see server_user.py)
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.embedded.errors import AlreadyRunning, EmbeddedError
from shared.embedded.processes import ProcessMark

# Below Linux's range for outgoing connections (32768 and up), so that none of them takes a remembered port by chance.
PREFERRED_PORTS = {"http": 8000, "postgres": 15432, "kafka": 19092, "kafka_controller": 19093}
PORT_LABELS = {
    "http": "the web address",
    "postgres": "PostgreSQL",
    "kafka": "Kafka",
    "kafka_controller": "Kafka's controller",
}
KAFKA_PORTS_SPREAD = 5_000  # pairs of ports, up to 29091
PORTS_TRIED = 200
LOG_KEPT_BYTES = 10_000_000

_held_locks: set[int] = set()


def _leave_locks_to_the_parent() -> None:
    # A forked child shares the parent's lock; it must not keep the folder locked after the parent has gone.
    for descriptor in _held_locks:
        os.close(descriptor)
    _held_locks.clear()


os.register_at_fork(after_in_child=_leave_locks_to_the_parent)


def default_state_path() -> Path:
    """PLODNEE_HOME, or `.plodnee` in the checkout this package lies in, or in the current folder when installed."""
    chosen = os.environ.get("PLODNEE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / ".plodnee"


class StateFolder:
    """The state folder of one checkout. Creating the object creates the folder, for its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            for folder in (self.path, self.logs, self.path / "pids"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"The state folder {self.path} cannot be made: {error.strerror}.",
                "Set PLODNEE_HOME to a folder you may write to.",
            ) from error

    @property
    def logs(self) -> Path:
        """Where the processes write what they have to say."""
        return self.path / "logs"

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell this folder from every other one on the machine."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def log_path(self, name: str) -> Path:
        """The log file of one process; a long one is put aside first, so that logs stay bounded."""
        path = self.logs / f"{name.replace(' ', '-')}.log"
        if path.exists() and path.stat().st_size > LOG_KEPT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def read(self, name: str) -> dict[str, Any]:
        """A JSON object kept under `name`; empty when there is none."""
        try:
            content = json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise EmbeddedError(
                f"{self.path / name} is not readable JSON.", "Repair or delete the file, or run: plodnee reset"
            ) from error
        return dict(content)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replace the JSON object kept under `name`, whole or not at all; readable by the owner alone."""
        write_private(self.path / name, json.dumps(content, indent=2, sort_keys=True) + "\n")

    def forget(self, name: str) -> None:
        """Remove what is kept under `name`, if anything."""
        (self.path / name).unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder: only one process at a time starts, stops or resets what lives here.

        Raises AlreadyRunning when another live process holds it. The system lets go when the holder ends, however it
        ends; children forked meanwhile do not hold it.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise AlreadyRunning(
                f"Plodnee is already running here (process {holder}, folder {self.path}).",
                "Use it, or stop it with: plodnee down",
            ) from error
        _held_locks.add(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            _held_locks.discard(descriptor)
            os.close(descriptor)

    def remember_process(self, name: str, mark: ProcessMark) -> None:
        """Write the pid file of a server."""
        self.write(f"pids/{name}.json", {"pid": mark.pid, "started": mark.started})

    def remembered_process(self, name: str) -> ProcessMark | None:
        """The mark in a server's pid file, whether that process still runs or not."""
        content = self.read(f"pids/{name}.json")
        return ProcessMark(pid=int(content["pid"]), started=str(content["started"])) if content else None

    def forget_process(self, name: str) -> None:
        """Remove the pid file of a server."""
        self.forget(f"pids/{name}.json")

    def remembered_processes(self) -> dict[str, ProcessMark]:
        """Every pid file, by name."""
        names = sorted(path.stem for path in (self.path / "pids").glob("*.json"))
        return {name: mark for name in names if (mark := self.remembered_process(name)) is not None}

    def port(
        self, name: str, say: Callable[[str], None] = lambda _message: None, *, preferred: int | None = None
    ) -> int:
        """The port for a part: the preferred one, else the remembered one; another, said aloud, when that is taken.

        What is chosen is remembered. To be asked only while the part is stopped: its own listening makes the port look
        taken.
        """
        ports = self.read("ports.json")
        wanted = preferred or int(ports.get(name, self._first_port(name)))
        others = {int(port) for other, port in ports.items() if other != name}
        found = next((port for port in range(wanted, wanted + PORTS_TRIED) if _usable(port, others)), None)
        if found is None:
            raise EmbeddedError(
                f"No free port for {PORT_LABELS[name]} between {wanted} and {wanted + PORTS_TRIED - 1}.",
                f"Stop what uses them, or write another number for {name!r} into {self.path / 'ports.json'}.",
            )
        if found != wanted:
            say(f"Port {wanted} ({PORT_LABELS[name]}) is taken by another program; using {found} from now on.")
        if ports.get(name) != found:
            self.write("ports.json", {**ports, name: found})
        return found

    def _first_port(self, name: str) -> int:
        """The port to try at the first start; Kafka's are this folder's own.

        Relays whose broker is down go on asking at its port. A broker of another folder that took it meanwhile would
        take their events too, since brokers of one machine ask nobody who he is.
        """
        if not name.startswith("kafka"):
            return PREFERRED_PORTS[name]
        return PREFERRED_PORTS[name] + 2 * (int(self.fingerprint, 16) % KAFKA_PORTS_SPREAD)

    def remembered_ports(self) -> dict[str, int]:
        """Ports chosen so far, by part."""
        return {name: int(port) for name, port in self.read("ports.json").items()}

    def clear(self) -> None:
        """Delete everything kept here but the lock."""
        for entry in self.path.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Lets a port pass whose last connections are still winding down, but never one that somebody listens on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on now, chosen by the system: for tests and other short-lived servers."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all, even when the machine stops half-way."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _usable(port: int, taken_here: set[int]) -> bool:
    return port not in taken_here and 1024 <= port <= 65535 and port_is_free(port)
