"""Goal: the suite's processes start from one parent, come back when they die, drain in order, and never outlive it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.embedded.processes import ProcessMark, mark_of, wait_until
from shared.embedded.progress import SilentProgress
from shared.embedded.state import StateFolder
from shared.embedded.suite import end_leftovers, recorded_suite, running_suite, stop_suite
from shared.embedded.supervisor import Child, Supervisor

# A suite in a process of its own: children write what happens to them into one file.
SUITE = textwrap.dedent(
    """
    import os, signal, sys, time
    from pathlib import Path
    from shared.embedded.state import StateFolder
    from shared.embedded.supervisor import Child, Supervisor

    state, diary = StateFolder(Path(sys.argv[1])), Path(sys.argv[2])

    def note(text):
        with diary.open("a") as file:
            file.write(text + "\\n")

    def work(name, drain_seconds=0.0, deaf=False):
        def run():
            def stop(*_):
                time.sleep(drain_seconds)
                note("drained " + name)
                sys.exit(0)
            signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else stop)
            note("started " + name)
            print("output of", name, flush=True)
            while True:
                time.sleep(0.05)
        return run

    children = [
        Child("worker debt", work("worker debt", 0.2)),
        Child("worker deaf", work("worker deaf", deaf=True)),
        Child("api", work("api", 0.5), drain_order=0),
    ]
    supervisor = Supervisor(children, state, address="http://127.0.0.1:1", drain_seconds_max=2.0,
                            backoff_seconds_first=0.1)
    with state.lock():
        code = supervisor.run()
    note("servers stop now")
    sys.exit(code)
    """
)


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary"
    path.touch()
    return path


@pytest.fixture
def suite(state: StateFolder, diary: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SUITE, str(state.path), str(diary)], start_new_session=True)
    assert wait_until(lambda: diary.read_text().count("started") == 3 and len(_children(state)) == 3, 20)
    yield process
    children = _children(state)
    process.kill()
    process.wait()
    for mark in children.values():
        mark.send(signal.SIGKILL)


def _children(state: StateFolder) -> dict[str, ProcessMark]:
    recorded = recorded_suite(state)
    return dict(recorded.children) if recorded is not None else {}


def test_stop_drains_the_api_first_and_ends_who_does_not_listen(
    state: StateFolder, diary: Path, suite: subprocess.Popen[bytes]
) -> None:
    children = _children(state)
    suite.send_signal(signal.SIGTERM)
    assert suite.wait(20) == 0
    assert diary.read_text().splitlines()[3:] == ["drained api", "drained worker debt", "servers stop now"]
    assert not any(mark.alive() for mark in children.values())
    assert recorded_suite(state) is None


def test_another_shell_sees_the_suite_and_stops_it(
    state: StateFolder, diary: Path, suite: subprocess.Popen[bytes]
) -> None:
    seen = running_suite(state)
    assert seen is not None
    assert (seen.supervisor.pid, seen.address) == (suite.pid, "http://127.0.0.1:1")
    assert set(seen.children) == {"worker debt", "worker deaf", "api"}
    stop_suite(state)
    assert suite.wait(5) == 0
    assert not stop_suite(state)


def test_child_that_is_killed_comes_back(state: StateFolder, diary: Path, suite: subprocess.Popen[bytes]) -> None:
    first = _children(state)["api"]
    first.send(signal.SIGKILL)
    assert wait_until(lambda: diary.read_text().count("started api") == 2, 10)
    assert wait_until(lambda: _children(state)["api"] != first, 5)


def test_output_of_children_goes_to_their_logs(state: StateFolder, suite: subprocess.Popen[bytes]) -> None:
    assert (state.logs / "worker-debt.log").read_text() == "output of worker debt\n"


def test_ctrl_c_in_the_terminal_reaches_the_children_only_through_the_parent(
    state: StateFolder, diary: Path, suite: subprocess.Popen[bytes]
) -> None:
    os.killpg(suite.pid, signal.SIGINT)
    assert suite.wait(20) == 0
    assert diary.read_text().splitlines()[3:] == ["drained api", "drained worker debt", "servers stop now"]


def test_children_end_when_the_parent_is_killed_and_the_next_start_cleans_up(
    state: StateFolder, diary: Path, suite: subprocess.Popen[bytes]
) -> None:
    children = _children(state)
    suite.kill()
    suite.wait()
    assert running_suite(state) is None
    for name in ("api", "worker debt"):  # told by the system
        assert wait_until(lambda name=name: not children[name].alive(), 5)  # type: ignore[misc]
    assert children["worker deaf"].alive()
    with state.lock():
        assert end_leftovers(state) == ["worker deaf"]
    assert not children["worker deaf"].alive()
    assert recorded_suite(state) is None


def _supervised(state: StateFolder, progress: SilentProgress, *children: Child) -> Supervisor:
    return Supervisor(children, state, progress=progress, backoff_seconds_first=0.1)


def test_dying_child_is_announced_and_started_with_growing_pauses(state: StateFolder) -> None:
    progress = SilentProgress()

    def fail() -> None:
        raise RuntimeError("no such thing")

    supervisor = _supervised(state, progress, Child("worker debt", fail))
    supervisor.run(Child("wait", lambda: time.sleep(1.5)), stop_after_task=True)
    assert 3 <= len(progress.messages) <= 5
    assert "worker debt failed with exit code 1; starting it again in 0 s (see " in progress.messages[0]
    assert "RuntimeError: no such thing" in (state.logs / "worker-debt.log").read_text()


def _exit_7() -> None:
    sys.exit(7)


def _fail() -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("run", "expected"), [(lambda: None, 0), (_exit_7, 7), (_fail, 1), (lambda: sys.exit("no"), 1)]
)
def test_task_ends_the_run_with_its_exit_code(state: StateFolder, run: Callable[[], None], expected: int) -> None:
    supervisor = _supervised(state, SilentProgress(), Child("api", lambda: time.sleep(60)))
    assert supervisor.run(Child("story", run), stop_after_task=True) == expected


def test_task_that_ends_leaves_the_rest_running_unless_told_otherwise(state: StateFolder) -> None:
    watched: list[bool] = []

    def watch() -> None:
        recorded = recorded_suite(state)
        api = recorded.children["api"].alive() if recorded is not None else False
        watched.append(api)
        if len(watched) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    children = [Child("api", lambda: time.sleep(60))]
    supervisor = Supervisor(children, state, progress=SilentProgress(), watch=watch)
    assert supervisor.run(Child("story", lambda: None)) == 0
    assert watched == [True, True, True]


def test_signals_of_the_caller_are_put_back(state: StateFolder) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    _supervised(state, SilentProgress()).run(Child("task", lambda: None), stop_after_task=True)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_two_children_of_one_name_are_refused(state: StateFolder) -> None:
    with pytest.raises(ValueError, match="same name"):
        _supervised(state, SilentProgress(), Child("api", _fail), Child("api", _fail))


def test_record_of_a_suite_whose_pid_went_to_another_program_is_stale(state: StateFolder) -> None:
    own = mark_of(os.getpid())
    assert own is not None
    record = {"pid": own.pid, "started": "earlier", "address": "", "since": "", "children": {}}
    (state.path / "run.json").write_text(json.dumps(record))
    assert running_suite(state) is None
    assert not stop_suite(state)


def test_renewed_children_see_the_environment_as_it_is_now(
    state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLODNEE_WHERE", "here")
    seen = tmp_path / "seen"

    def look() -> None:
        with seen.open("a") as file:
            file.write(os.environ["PLODNEE_WHERE"] + "\n")
        signal.pause()

    def move() -> None:
        if seen.exists() and os.environ["PLODNEE_WHERE"] == "here":
            os.environ["PLODNEE_WHERE"] = "there"
            supervisor.renew()

    supervisor = Supervisor([Child("worker debt", look)], state, watch=move, backoff_seconds_first=0.1)
    wait = Child("wait", lambda: sys.exit(not wait_until(lambda: "there" in seen.read_text(), 20)))
    assert supervisor.run(wait, stop_after_task=True) == 0
