"""Goal: what the README promises of one machine holds: the story plays and proves itself, the tour runs as written."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from shared.embedded.processes import server_end_with_parent
from tests.e2e.conftest import wait_until
from tests.infrastructure import end_with_the_run

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--cooperatives", "4", "--members", "200")
STORY_SECONDS_MAX = 280


def plodnee(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "services.cli", *arguments]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """As a newcomer's: nothing of Plodnee is set but where its state lies, which is deleted afterwards."""
    for folder in ("home", "home/demo"):
        end_with_the_run(tmp_path / folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLODNEE_", "KAFKA_"))}
    environment = {**kept, "PLODNEE_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}
    yield environment
    subprocess.run(plodnee("reset", "--yes"), cwd=ROOT, env=environment, capture_output=True, timeout=120, check=True)


@pytest.mark.timeout(STORY_SECONDS_MAX + 20)
def test_the_story_plays_and_proves_itself(environment: dict[str, str]) -> None:
    told = subprocess.run(
        plodnee("demo", "--check", *SMALL),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STORY_SECONDS_MAX,
        preexec_fn=server_end_with_parent(signal.SIGKILL),
    )
    report = json.loads(told.stdout.splitlines()[-1])
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert (told.returncode, report["ok"]) == (0, True)
    assert len(report["checks"]) >= 20


@pytest.fixture
def running_suite(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], str, dict[str, str]]]:
    """`plodnee up`, ready: its process, its address, its environment."""
    log = tmp_path / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            plodnee("up"),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            text=True,
            preexec_fn=server_end_with_parent(signal.SIGKILL),
        )

    def address() -> str:
        found = re.search(r"Plodnee: (http://\S+)", log.read_text())
        return "" if found is None else found[1]

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return address() != "" and httpx2.get(f"{address()}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        wait_until(is_ready)
        yield process, address(), environment
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.mark.timeout(STORY_SECONDS_MAX + 20)
def test_the_tour_of_the_readme_runs_as_written(
    running_suite: tuple[subprocess.Popen[str], str, dict[str, str]], tmp_path: Path
) -> None:
    process, address, environment = running_suite
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tour = re.search(r"## A tour with curl.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert tour is not None
    here = (
        tour[1]
        .replace("http://127.0.0.1:8000", address)
        .replace(".venv/bin/plodnee", f"{sys.executable} -m services.cli")
        .replace("/tmp/plodnee-tour", str(tmp_path / "tour"))  # noqa: S108 - what the README says
    )
    walked = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert walked.returncode == 0, walked.stderr
    assert '"kind":"cooperatives"' in walked.stdout
    assert "# rows=" in walked.stdout
    assert walked.stdout.rstrip().endswith("404 Not Found")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
