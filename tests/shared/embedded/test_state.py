"""Goal: two starts never fight, a port or a pid is never believed blindly, and secrets are for their owner alone."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.embedded.errors import AlreadyRunning, EmbeddedError
from shared.embedded.processes import ProcessMark, mark_of, start_of, stop_process, wait_until
from shared.embedded.secret_store import environment_secrets, load_secrets
from shared.embedded.state import StateFolder, default_state_path, free_port, port_is_free


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_folder_is_for_its_owner_alone(state: StateFolder) -> None:
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700


def test_default_path_is_the_checkouts_unless_plodnee_home_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert default_state_path() == Path(__file__).resolve().parents[3] / ".plodnee"
    monkeypatch.setenv("PLODNEE_HOME", str(tmp_path / "elsewhere"))
    assert default_state_path() == tmp_path / "elsewhere"


def test_lock_refuses_a_second_holder_and_names_the_first(state: StateFolder) -> None:
    with state.lock(), pytest.raises(AlreadyRunning, match=str(os.getpid())), StateFolder(state.path).lock():
        pass
    with StateFolder(state.path).lock():
        pass


def test_lock_is_free_again_when_its_holder_is_killed_though_a_forked_child_lives(state: StateFolder) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from shared.embedded.state import StateFolder\n"
        "with StateFolder(Path(sys.argv[1])).lock():\n"
        "    if os.fork() == 0: print(os.getpid(), flush=True)  # the child itself: it lives by then\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(state.path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    child = mark_of(int(holder.stdout.readline()))
    assert child is not None
    with pytest.raises(AlreadyRunning), state.lock():
        pass
    holder.kill()
    holder.wait()
    try:
        with state.lock():
            assert child.alive()
    finally:
        stop_process(child, ((signal.SIGKILL, 5.0),))


def test_mark_of_a_process_holds_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    mark = mark_of(sleeper.pid)
    assert mark is not None
    assert mark.alive()
    sleeper.kill()
    assert wait_until(lambda: not mark.alive(), 5)  # a zombie by now: nobody has waited for it
    sleeper.wait()
    assert start_of(sleeper.pid) is None


def test_stale_pid_that_now_belongs_to_another_program_is_recognised_and_spared(
    state: StateFolder, sleeper: subprocess.Popen[bytes]
) -> None:
    state.remember_process("postgres", ProcessMark(pid=sleeper.pid, started="an earlier process of the same number"))
    mark = state.remembered_process("postgres")
    assert mark is not None
    assert not mark.alive()
    assert stop_process(mark, ((signal.SIGKILL, 1.0),))
    time.sleep(0.1)
    assert sleeper.poll() is None


def test_port_is_chosen_once_and_remembered(state: StateFolder) -> None:
    chosen = state.port("postgres")
    assert state.port("postgres") == chosen
    assert StateFolder(state.path).remembered_ports() == {"postgres": chosen}


def test_kafka_of_another_folder_listens_elsewhere(tmp_path: Path) -> None:
    folders = [StateFolder(tmp_path / str(number)) for number in range(20)]
    pairs = {(folder.port("kafka"), folder.port("kafka_controller")) for folder in folders}
    assert len(pairs) > 15
    assert all(1024 < kafka < controller < 32_768 for kafka, controller in pairs)
    assert {folder.port("http") for folder in folders} == {folders[0].port("http")}


def test_taken_port_is_named_and_another_one_taken_and_kept(state: StateFolder, taken_port: int) -> None:
    state.write("ports.json", {"kafka": taken_port})
    said: list[str] = []
    other = state.port("kafka", said.append)
    assert other != taken_port
    assert said == [f"Port {taken_port} (Kafka) is taken by another program; using {other} from now on."]
    assert state.port("kafka", said.append) == other
    assert len(said) == 1


def test_two_parts_never_get_the_same_port(state: StateFolder) -> None:
    wanted = free_port()
    state.write("ports.json", {"kafka": wanted, "kafka_controller": wanted})
    assert state.port("kafka") != state.remembered_ports()["kafka_controller"]


def test_port_is_free_sees_a_listener_on_every_address() -> None:
    with socket.create_server(("", 0)) as server:
        assert not port_is_free(server.getsockname()[1])


def test_secrets_are_made_once_for_their_owner_alone(state: StateFolder) -> None:
    first = load_secrets(state)
    assert load_secrets(StateFolder(state.path)) == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((state.path / "secrets.json").stat().st_mode) == 0o600


def test_secret_added_by_a_later_version_leaves_the_old_ones_alone(state: StateFolder) -> None:
    state.write("secrets.json", {"PLODNEE_SESSION_KEY": "kept"})
    assert load_secrets(state)["PLODNEE_SESSION_KEY"] == "kept"
    assert len(environment_secrets(state)) == 4 + 15


def test_environment_secrets_are_those_the_services_accept(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.chassis.crypto import PersonKeys
    from shared.chassis.settings import Settings

    for name, value in environment_secrets(state).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    PersonKeys.from_settings(settings)
    for name in ("blind_index_key", "member_number_key", "session_key"):
        assert len(settings.key_bytes(name)) == 32
    assert settings.role_password("debt", "api")


def test_broken_file_is_an_error_that_says_what_to_do(state: StateFolder) -> None:
    (state.path / "ports.json").write_text("{")
    with pytest.raises(EmbeddedError, match="plodnee reset"):
        state.port("http")


def test_clear_removes_everything_but_the_lock(state: StateFolder) -> None:
    load_secrets(state)
    with state.lock():
        state.clear()
    assert [path.name for path in state.path.iterdir()] == ["lock"]
