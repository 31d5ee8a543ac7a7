"""Goal: PostgreSQL comes up on one machine for any user and after any crash, and never answers without its password."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from shared.embedded.errors import EmbeddedError
from shared.embedded.postgres import NOT_DURABLE, PostgresServer, server_major_version
from shared.embedded.processes import ProcessMark, mark_of, wait_until
from shared.embedded.progress import SilentProgress
from shared.embedded.secret_store import ADMIN_PASSWORD, load_secrets
from shared.embedded.server_user import outside_folder
from shared.embedded.state import StateFolder, free_port

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
AS_ROOT = os.geteuid() == 0


def _server(state: StateFolder, **changed: object) -> PostgresServer:
    return PostgresServer(state, port=free_port(), options=NOT_DURABLE, **changed)  # type: ignore[arg-type]


def _answer(server: PostgresServer, query: LiteralString) -> object:
    with psycopg.connect(server.admin_url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def server(state: StateFolder) -> Iterator[PostgresServer]:
    made = _server(state)
    yield made
    made.remove()


def _fill(server: PostgresServer) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("create table kept as select 42 as answer")


def test_start_gives_utf8_scram_and_loopback_only(server: PostgresServer) -> None:
    server.start()
    assert _answer(server, "show server_encoding") == "UTF8"
    assert _answer(server, "select datcollate from pg_database limit 1") == ("C.UTF-8" if os.name == "posix" else "C")
    assert _answer(server, "show password_encryption") == "scram-sha-256"
    assert _answer(server, "show listen_addresses") == "127.0.0.1"
    assert _answer(server, "select lower('ก') || 'ข'") == "กข"


def test_wrong_password_is_refused(server: PostgresServer) -> None:
    server.start()
    password = load_secrets(server.state)[ADMIN_PASSWORD]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.admin_url.replace(password, "guessed"))


def test_stop_and_start_keep_the_data(server: PostgresServer) -> None:
    server.start()
    _fill(server)
    server.stop()
    assert not server.is_running()
    server.start()
    assert _answer(server, "select answer from kept") == 42


def test_start_after_kill_9_keeps_what_was_committed(server: PostgresServer) -> None:
    server.start()
    _fill(server)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_running(), 5)
    server.start()
    assert _answer(server, "select answer from kept") == 42


def test_another_process_finds_and_stops_the_server(server: PostgresServer) -> None:
    server.start()
    stranger = PostgresServer(server.state)
    assert stranger.is_running()
    stranger.stop()
    assert not server.is_running()


def test_server_whose_pid_file_was_never_written_is_found_by_its_data(server: PostgresServer) -> None:
    server.start()
    before = server.pid
    server.state.forget_process("postgres")
    server.start()
    assert server.pid != before
    assert _answer(server, "select 1") == 1


def test_stale_pid_in_postgresqls_own_lock_file_does_not_stop_a_start(server: PostgresServer) -> None:
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_running(), 5)
    with subprocess.Popen(["sleep", "60"], **server._user.popen_options()) as other:
        lock_file = server.data_folder / "postmaster.pid"
        lock_file.write_text(f"{other.pid}\n" + lock_file.read_text().partition("\n")[2])
        server.state.remember_process("postgres", ProcessMark(pid=other.pid, started="long ago"))
        server.start()
        assert other.poll() is None
        other.kill()
    assert _answer(server, "select 1") == 1


def test_first_start_that_was_killed_half_way_is_begun_again(server: PostgresServer) -> None:
    if AS_ROOT:
        server.start()
        server.stop()
        shutil.rmtree(server.data_folder)
    draft = server.data_folder.with_name("postgres.new")
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server.start()
    assert _answer(server, "select 1") == 1


def test_taken_port_is_named_and_another_one_used(state: StateFolder) -> None:
    progress = SilentProgress()
    server = PostgresServer(state, options=NOT_DURABLE, progress=progress)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        state.write("ports.json", {"postgres": port})
        try:
            server.start()
            assert progress.messages == [
                f"Port {port} (PostgreSQL) is taken by another program; using {server.port} from now on."
            ]
            assert _answer(server, "select 1") == 1
        finally:
            server.remove()


def test_given_port_that_is_taken_is_a_clear_error(state: StateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = PostgresServer(state, port=taken.getsockname()[1], options=NOT_DURABLE)
        with pytest.raises(EmbeddedError, match="Address already in use"):
            server.start()
        assert not server.is_running()
        server.remove()


def test_secrets_that_do_not_belong_to_the_data_are_a_clear_error(server: PostgresServer) -> None:
    server.start()
    server.stop()
    server.state.write("secrets.json", {})
    with pytest.raises(EmbeddedError, match="does not know the password"):
        server.start()
    assert not server.is_running()


def test_data_of_another_version_is_a_clear_error(server: PostgresServer) -> None:
    server.start()
    server.stop()
    (server.data_folder / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 12"):
        server.start()


def test_server_ends_when_the_process_that_started_it_is_killed(server: PostgresServer) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's end; elsewhere the next start finds the pid file")
    script = (
        "import sys, time; from pathlib import Path\n"
        "from shared.embedded.state import StateFolder; from shared.embedded.postgres import *\n"
        "server = PostgresServer(StateFolder(Path(sys.argv[1])), port=int(sys.argv[2]), options=NOT_DURABLE)\n"
        "server.start(); print(server.pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(server.state.path), str(server.port)]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    mark = mark_of(int(starter.stdout.readline()))
    assert mark is not None
    starter.kill()
    starter.wait()
    assert wait_until(lambda: not mark.alive(), 10)
    server.start()
    assert _answer(server, "select 1") == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root must start the server as another user")
def test_root_in_a_closed_folder_changes_no_folder_that_was_there(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    watched = [closed, *closed.parents, Path(sys.prefix), *Path(sys.prefix).parents]
    before = [stat.S_IMODE(folder.stat().st_mode) for folder in watched]
    state = StateFolder(closed / ".plodnee")
    server = _server(state)
    server.start()
    try:
        assert _answer(server, "select 1") == 1
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        assert not server.data_folder.is_relative_to(closed)
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in watched] == before
        assert stat.S_IMODE(server.data_folder.stat().st_mode) == 0o700
    finally:
        server.remove()
    assert not outside_folder(state).exists()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="no PostgreSQL 15 of the system here")
def test_postgresql_15_of_the_system_works_too(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLODNEE_POSTGRES_BIN", str(DEBIAN_15))
    server = _server(state)
    try:
        server.start()
        assert str(_answer(server, "show server_version")).startswith("15")
        assert server_major_version(DEBIAN_15) == 15
    finally:
        server.remove()


def test_folder_without_postgresql_is_a_clear_error(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLODNEE_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match="PLODNEE_POSTGRES_BIN"):
        _server(state).start()


def test_two_state_folders_run_side_by_side(state: StateFolder, tmp_path: Path) -> None:
    servers = [_server(state), _server(StateFolder(tmp_path / "another checkout" / ".plodnee"))]
    try:
        for server in servers:
            server.start()
        assert servers[0].data_folder != servers[1].data_folder
        assert [_answer(server, "select 1") for server in servers] == [1, 1]
    finally:
        for server in servers:
            server.remove()
