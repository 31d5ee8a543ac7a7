"""What is wrong with the parts of this machine, and how to mend it. It looks; it changes nothing."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from shared.chassis.settings import SERVICES, role_name
from shared.embedded.errors import EmbeddedError
from shared.embedded.java import find_java
from shared.embedded.kafka import KafkaBroker, cluster_at
from shared.embedded.kafka_jars import INSTEAD, KAFKA_VERSION, cache_folder, listed_jars, missing_jars
from shared.embedded.postgres import OLDEST_MAJOR_VERSION, find_binaries, server_major_version
from shared.embedded.secret_store import ADMIN_PASSWORD, ROLES, load_secrets
from shared.embedded.server_user import abandoned_outside_folders, outside_folder
from shared.embedded.state import PORT_LABELS, StateFolder, default_state_path, port_is_free
from shared.embedded.suite import recorded_suite, running_suite

OLDEST_PYTHON = (3, 11)
FREE_BYTES_MIN = 2_000_000_000  # jars, binaries, five databases and the logs of one province, with room to grow
CLOCK_DIFFERENCE_SECONDS_MAX = 2.0
CONNECT_TIMEOUT_SECONDS = 3
_EARLIEST_SENSIBLE_TIME = 1_767_225_600  # 2026-01-01: a clock before this project began is wrong


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name, whether it is well, what was seen, and what to do if it is not."""

    name: str
    ok: bool
    what: str
    mend: str = ""


def examine(state: StateFolder) -> list[Finding]:
    """Look at everything the embedded runtime needs, most basic first."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        lambda: _disk(state),
        _java,
        _jars,
        _postgres_binaries,
        lambda: _suite(state),
        lambda: _pids(state),
        lambda: _ports(state),
        lambda: _postgres(state),
        lambda: _kafka(state),
        _clock,
        _abandoned,
    ]
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check())
        except EmbeddedError as error:
            findings.append(Finding(name="State folder", ok=False, what=error.what, mend=error.mend))
    return findings


def report(state: StateFolder | None = None, console: Console | None = None) -> int:
    """Look at everything and print it; the exit code: 0 when all is well, else 1."""
    findings = examine(state or StateFolder(default_state_path()))
    table = Table("", "", Column(overflow="fold"), box=None, show_header=False, pad_edge=False)  # a path stays whole
    for finding in findings:
        mark = Text("ok" if finding.ok else "!!", style="green" if finding.ok else "bold red")
        seen = Text(finding.what)
        if finding.mend and not finding.ok:
            seen.append(f"\n{finding.mend}", style="bold")
        table.add_row(mark, Text(finding.name), seen)
    (console or Console()).print(table)
    return 0 if all(finding.ok for finding in findings) else 1


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= OLDEST_PYTHON
    yield Finding("Python", ok, f"version {version}", "" if ok else "Install Python 3.11 or later.")


def _disk(state: StateFolder) -> Iterator[Finding]:
    folders = {"State folder": state.path, "Cache": cache_folder()}
    if os.geteuid() == 0:
        folders["PostgreSQL's data"] = outside_folder(state)
    for name, folder in folders.items():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free_bytes = shutil.disk_usage(existing).free
        writable = os.access(existing, os.W_OK)
        ok = writable and free_bytes >= FREE_BYTES_MIN
        what = f"{folder}: {free_bytes / 1e9:.1f} GB free" + ("" if writable else ", not writable")
        yield Finding(f"Disk: {name}", ok, what, "" if ok else "Free 2 GB there, or set PLODNEE_HOME or PLODNEE_CACHE.")


def _java() -> Iterator[Finding]:
    if _kafka_replaced():
        yield Finding("Java", True, "not needed: KAFKA_BOOTSTRAP_SERVERS is set")
        return
    try:
        java = find_java()
    except EmbeddedError as error:
        yield Finding("Java", False, error.what, error.mend)
        return
    yield Finding("Java", True, f"version {java.major_version} from {java.origin}: {java.program}")


def _jars() -> Iterator[Finding]:
    if _kafka_replaced():
        return
    chosen = os.environ.get("PLODNEE_KAFKA_JARS")
    folder = Path(chosen).expanduser() if chosen else cache_folder()
    jars = listed_jars()
    missing = missing_jars(folder, jars)
    if not missing:
        yield Finding("Kafka's jars", True, f"{len(jars)} jars of Kafka {KAFKA_VERSION} in {folder}, all as listed")
        return
    what = f"{len(missing)} of {len(jars)} are missing or changed in {folder}"
    yield Finding("Kafka's jars", False, what, f"The next start downloads them. Without a network: {INSTEAD}")


def _postgres_binaries() -> Iterator[Finding]:
    if os.environ.get("PLODNEE_ADMIN_DATABASE_URL"):
        return
    try:
        folder = find_binaries()
    except EmbeddedError as error:
        yield Finding("PostgreSQL's programs", False, error.what, error.mend)
        return
    yield Finding("PostgreSQL's programs", True, f"version {server_major_version(folder)} in {folder}")


def _suite(state: StateFolder) -> Iterator[Finding]:
    suite = recorded_suite(state)
    if suite is None:
        yield Finding("Suite", True, "not running")
    elif suite.supervisor.alive():
        dead = sorted(name for name, mark in suite.children.items() if not mark.alive())
        what = f"running since {suite.since} at {suite.address} (process {suite.supervisor.pid})"
        mend = f"See the logs in {state.logs}; each is started again by itself." if dead else ""
        yield Finding("Suite", not dead, what + (f"; not running now: {', '.join(dead)}" if dead else ""), mend)
    else:
        left = sorted(name for name, mark in suite.children.items() if mark.alive())
        what = "it was killed" + (f" and left behind: {', '.join(left)}" if left else "")
        yield Finding("Suite", False, what, "plodnee up puts it in order; plodnee down ends what is left.")


def _pids(state: StateFolder) -> Iterator[Finding]:
    suite_runs = running_suite(state) is not None
    for name, mark in state.remembered_processes().items():
        if not mark.alive():
            mend = "The next start puts it in order by itself; plodnee down removes the file."
            yield Finding(f"Pid file: {name}", False, f"stale: process {mark.pid} is not that server any more", mend)
        elif not suite_runs:
            what = f"process {mark.pid} runs although the suite does not"
            yield Finding(f"Pid file: {name}", False, what, "End it with: plodnee down")
        else:
            yield Finding(f"Pid file: {name}", True, f"process {mark.pid} runs")


def _ports(state: StateFolder) -> Iterator[Finding]:
    if running_suite(state) is not None or any(mark.alive() for mark in state.remembered_processes().values()):
        return  # the ports are taken by what is ours
    for name, port in state.remembered_ports().items():
        free = port_is_free(port)
        what = f"{port} is {'free' if free else 'taken by another program'}"
        mend = "" if free else "The next start takes another port and says which; or stop that program."
        yield Finding(f"Port: {PORT_LABELS[name]}", free, what, mend)


def _postgres(state: StateFolder) -> Iterator[Finding]:
    operators = os.environ.get("PLODNEE_ADMIN_DATABASE_URL")
    mark = state.remembered_process("postgres")
    if operators is None and (mark is None or not mark.alive()):
        yield Finding("PostgreSQL", True, "not running")
        return
    port = state.remembered_ports().get("postgres")
    secret = load_secrets(state)[ADMIN_PASSWORD] if operators is None else ""
    url = operators or f"postgresql://plodnee_admin:{secret}@127.0.0.1:{port}/postgres"
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            yield from _look_into(connection)
    except psycopg.Error as error:
        mend = "Check PLODNEE_ADMIN_DATABASE_URL." if operators else f"See {state.logs / 'postgres.log'}."
        yield Finding("PostgreSQL", False, str(error).strip(), mend)


def _look_into(connection: psycopg.Connection) -> Iterator[Finding]:
    major = connection.info.server_version // 10_000
    version_ok = major >= OLDEST_MAJOR_VERSION
    mend = "" if version_ok else f"Use PostgreSQL {OLDEST_MAJOR_VERSION} or later."
    yield Finding("PostgreSQL", version_ok, f"answers, version {major}", mend)

    roles = {role_name(service, role) for service in SERVICES for role in ROLES}
    found = connection.execute("select rolname from pg_roles where rolname = any(%s)", (sorted(roles),)).fetchall()
    missing = sorted(roles - {name for (name,) in found})
    what = f"missing: {', '.join(missing)}" if missing else "all 15 are there"
    yield Finding("PostgreSQL's roles", not missing, what, "Make them with: plodnee init" if missing else "")

    (server_time,) = connection.execute("select extract(epoch from clock_timestamp())").fetchone() or (0,)
    apart_seconds = abs(float(server_time) - time.time())
    ok = apart_seconds <= CLOCK_DIFFERENCE_SECONDS_MAX
    mend = "" if ok else "Let both machines keep their time by NTP."
    yield Finding("Clock of PostgreSQL", ok, f"{apart_seconds:.1f} s from this machine's", mend)


def _kafka(state: StateFolder) -> Iterator[Finding]:
    if _kafka_replaced():
        yield Finding("Kafka", True, "the operator's own; plodnee topics check looks at it")
        return
    mark = state.remembered_process("kafka")
    if mark is None or not mark.alive():
        yield Finding("Kafka", True, "not running")
        return
    port = state.remembered_ports().get("kafka", 0)
    ok = cluster_at(port) == KafkaBroker(state).cluster_id
    what = f"{'answers' if ok else 'does not answer'} on port {port}"
    yield Finding("Kafka", ok, what, "" if ok else f"See {state.logs / 'kafka.log'}.")


def _clock() -> Iterator[Finding]:
    now = time.time()
    ok = now >= _EARLIEST_SENSIBLE_TIME
    what = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    yield Finding("Clock", ok, what, "" if ok else "Set this machine's clock: tokens and certificates depend on it.")


def _abandoned() -> Iterator[Finding]:
    for folder, made_for in abandoned_outside_folders():
        what = f"{folder} holds PostgreSQL's data of {made_for}, which no longer exists"
        yield Finding("Left behind", False, what, f"Delete it when nobody needs it: rm -r {folder}")


def _kafka_replaced() -> bool:
    return bool({"KAFKA_BOOTSTRAP_SERVERS", "PLODNEE_KAFKA_BOOTSTRAP_SERVERS"} & os.environ.keys())
