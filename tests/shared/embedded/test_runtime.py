"""Goal: everything beneath the services starts and stops as one thing, honours the operator's own, and can be reset."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.chassis.settings import SERVICES
from shared.embedded.doctor import Finding, examine, report
from shared.embedded.errors import AlreadyRunning, UnsafeEnvironment
from shared.embedded.kafka import cluster_at
from shared.embedded.postgres import NOT_DURABLE
from shared.embedded.processes import ProcessMark, mark_of, wait_until
from shared.embedded.progress import SilentProgress
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.state import StateFolder, free_port, port_is_free
from shared.embedded.suite import running_suite


@pytest.fixture
def runtime(state: StateFolder) -> Iterator[EmbeddedRuntime]:
    # Free ports of the system's choice: the usual ones may be in use by a suite of this machine.
    names = ("http", "postgres", "kafka", "kafka_controller")
    state.write("ports.json", {name: free_port() for name in names})
    made = EmbeddedRuntime(state.path, postgres_options=NOT_DURABLE)
    yield made
    made.stop_infrastructure()
    made.reset()


def _finding(state: StateFolder, name: str) -> Finding:
    return next(finding for finding in examine(state) if finding.name == name)


def test_start_gives_the_services_all_they_need_and_mends_what_dies(
    runtime: EmbeddedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = SilentProgress()
    renewed: dict[str, str] = {}
    environment = runtime.start_infrastructure(progress)
    kafka_port = int(environment["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    admin_url = environment["PLODNEE_ADMIN_DATABASE_URL"]
    assert cluster_at(kafka_port)
    psycopg.connect(admin_url).close()
    assert environment["PLODNEE_ISSUER"] == f"{runtime.address}/identity"
    for service in SERVICES:
        url = environment[f"PLODNEE_{service.upper()}_DATABASE_URL"]
        assert url == f"postgresql://127.0.0.1:{admin_url.split(':')[3].partition('/')[0]}/plodnee_{service}"

    with pytest.raises(AlreadyRunning):
        EmbeddedRuntime(runtime.state.path).start_infrastructure()
    with pytest.raises(AlreadyRunning):
        EmbeddedRuntime(runtime.state.path).reset()

    assert (_finding(runtime.state, "Kafka").ok, _finding(runtime.state, "PostgreSQL").ok) == (True, True)
    assert "plodnee init" in _finding(runtime.state, "PostgreSQL's roles").mend
    assert _finding(runtime.state, "Clock of PostgreSQL").ok

    marks = runtime.state.remembered_processes()
    for mark in marks.values():
        mark.send(signal.SIGKILL)
    assert wait_until(lambda: not any(mark.alive() for mark in marks.values()), 5)
    broker = runtime._kafka
    assert broker is not None
    broker.options["num.io.threads"] = "none"  # it dies as it starts, as on a full disk
    runtime.mend_infrastructure()
    psycopg.connect(admin_url).close()  # back at once: nobody waits for the broker
    assert wait_until(lambda: not broker.is_running(), 60)
    del broker.options["num.io.threads"]

    def is_mended() -> bool:
        runtime.mend_infrastructure()
        return cluster_at(kafka_port) is not None

    assert wait_until(is_mended, 120)
    assert progress.messages.count("Kafka has died; starting it again.") >= 2

    runtime.state.remembered_processes()["kafka"].send(signal.SIGKILL)
    assert wait_until(lambda: port_is_free(kafka_port), 10)
    with socket.create_server(("127.0.0.1", kafka_port)):  # whoever was quicker
        assert wait_until(lambda: bool(renewed.update(runtime.mend_infrastructure()) or renewed), 30)
    assert renewed["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{broker.port}"
    assert broker.port != kafka_port
    assert renewed["PLODNEE_ADMIN_DATABASE_URL"] == admin_url
    assert wait_until(lambda: bool(cluster_at(broker.port)), 60)
    assert runtime.mend_infrastructure() == {}

    runtime.stop_infrastructure()
    assert runtime.state.remembered_processes() == {}
    assert not cluster_at(broker.port)


def test_killed_run_leaves_nothing_that_the_next_one_cannot_put_in_order(runtime: EmbeddedRuntime) -> None:
    script = (
        "import os, signal, sys, time; from pathlib import Path\n"
        "from shared.embedded.runtime import EmbeddedRuntime; from shared.embedded.supervisor import *\n"
        "runtime = EmbeddedRuntime(Path(sys.argv[1])); runtime.start_infrastructure()\n"
        "def deaf():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)\n"
        "Supervisor([Child('worker debt', deaf, in_terminal=True)], runtime.state).run()\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", script, str(runtime.state.path)], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"ready\n"
    assert wait_until(lambda: running_suite(runtime.state) is not None, 5)
    servers = runtime.state.remembered_processes()
    assert set(servers) == {"kafka", "postgres"}
    killed.kill()
    killed.wait()
    assert _finding(runtime.state, "Suite").what == "it was killed and left behind: worker debt"

    progress = SilentProgress()
    environment = runtime.start_infrastructure(progress)
    assert "Ended worker debt, which a killed run had left behind." in progress.messages
    psycopg.connect(environment["PLODNEE_ADMIN_DATABASE_URL"]).close()
    assert not any(mark.alive() for mark in servers.values())
    runtime.stop_infrastructure()
    assert not runtime.stop_suite()


def test_stop_suite_ends_servers_that_a_killed_run_left_behind(
    runtime: EmbeddedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example.org:9092")
    starter = EmbeddedRuntime(runtime.state.path, postgres_options=NOT_DURABLE)
    starter.start_infrastructure()
    (mark,) = runtime.state.remembered_processes().values()
    starter._locked.close()  # as the system does when the holder is killed
    assert runtime.stop_suite()
    assert not mark.alive()
    assert not runtime.stop_suite()


def test_what_the_operator_has_set_is_not_started_and_not_overridden(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.example.org:9092",
        "PLODNEE_ADMIN_DATABASE_URL": "postgresql://admin:secret@db.example.org:5433/postgres?sslmode=require",
        "PLODNEE_DEBT_DATABASE_URL": "postgresql://elsewhere.example.org/debt",
        "PLODNEE_ISSUER": "https://login.example.org/realms/plodnee",
        "PLODNEE_SESSION_KEY": "the operator's",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    runtime = EmbeddedRuntime(state.path)
    assert (runtime.starts_kafka, runtime.starts_postgres, runtime.uses_development_identity) == (False, False, False)
    environment = runtime.start_infrastructure()
    runtime.stop_infrastructure()
    assert not own.keys() & environment.keys()
    assert environment["PLODNEE_REGISTRY_DATABASE_URL"] == (
        "postgresql://db.example.org:5433/plodnee_registry?sslmode=require"
    )
    assert "PLODNEE_DEBT_API_PASSWORD" in environment
    assert state.remembered_processes() == {}


def test_five_databases_of_the_operator_replace_postgresql(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES[:-1]:
        monkeypatch.setenv(f"PLODNEE_{service.upper()}_DATABASE_URL", f"postgresql://db.example.org/{service}")
    assert EmbeddedRuntime(state.path).starts_postgres
    monkeypatch.setenv("PLODNEE_REPORTING_DATABASE_URL", "postgresql://db.example.org/reporting")
    assert not EmbeddedRuntime(state.path).starts_postgres


def test_production_is_refused(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLODNEE_ENVIRONMENT", "production")
    with pytest.raises(UnsafeEnvironment):
        EmbeddedRuntime(state.path).start_infrastructure()


def test_preferred_http_port_wins_over_the_remembered_one(state: StateFolder) -> None:
    state.write("ports.json", {"http": free_port()})
    wanted = free_port()
    assert EmbeddedRuntime(state.path, http_port=wanted).http_port == wanted


def test_failed_start_stops_what_had_started_and_frees_the_folder(
    runtime: EmbeddedRuntime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLODNEE_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(Exception, match="There is no PostgreSQL"):
        runtime.start_infrastructure()
    assert not any(mark.alive() for mark in runtime.state.remembered_processes().values())
    with runtime.state.lock():
        pass


def test_doctor_finds_a_stale_pid_file_and_a_taken_port(state: StateFolder) -> None:
    own = mark_of(os.getpid())
    assert own is not None
    state.remember_process("postgres", ProcessMark(pid=own.pid, started="earlier"))
    finding = _finding(state, "Pid file: postgres")
    assert (finding.ok, "stale" in finding.what) == (False, True)
    assert finding.mend
    state.forget_process("postgres")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        state.write("ports.json", {"postgres": taken.getsockname()[1]})
        assert not _finding(state, "Port: PostgreSQL").ok
    assert _finding(state, "Port: PostgreSQL").ok


def test_doctor_finds_missing_jars_and_says_how_to_go_on_without_a_network(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLODNEE_CACHE", str(tmp_path))
    finding = _finding(state, "Kafka's jars")
    assert not finding.ok
    assert "PLODNEE_KAFKA_JARS" in finding.mend


def test_every_bad_finding_has_a_mend_and_the_report_has_an_exit_code(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLODNEE_CACHE", str(tmp_path))
    monkeypatch.setenv("PLODNEE_POSTGRES_BIN", str(tmp_path))
    monkeypatch.setenv("PLODNEE_ADMIN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/postgres")
    (state.path / "run.json").write_text("{")
    bad = [finding for finding in examine(state) if not finding.ok]
    assert {"Kafka's jars", "PostgreSQL", "State folder"} <= {finding.name for finding in bad}
    assert all(finding.mend for finding in bad)
    assert report(state) == 1
    assert "plodnee reset" in capsys.readouterr().out
