"""The image's environment, made by the Dockerfile's own lines in a folder, and processes started from it.

What a container would give is given here by hand: the image's own variables, the environment that docker-compose.yml
names, one folder to write to. Passwords are those of the test run, since roles belong to the whole server.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.fill_env import filled
from shared.embedded.state import free_port
from tests.deploy.compose import EXAMPLE_PATH, ROOT, compose_document, interpolated
from tests.deploy.dockerfile import copied, entrypoint, instructions

BUILD_SECONDS_MAX = 900
COMMAND_SECONDS_MAX = 180
READY_SECONDS_MAX = 90
STOP_SECONDS_MAX = 60


@dataclass(frozen=True)
class Image:
    """The environment below `root`, as the final stage would hold it below /."""

    root: Path

    @property
    def prefix(self) -> Path:
        """Where Python and the packages are."""
        return self.root / "opt" / "plodnee"

    @property
    def python(self) -> Path:
        """The image's interpreter."""
        return self.prefix / "bin" / "python"

    @property
    def writable(self) -> Path:
        """What /tmp is in the container."""
        return self.root / "tmp"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The image's own variables and those given; nothing of this machine but where programs are."""
        own: dict[str, str] = {}
        for instruction in instructions(""):
            if instruction.name == "ENV":
                own |= dict(word.split("=", 1) for word in shlex.split(instruction.argument))
        own = {name: self._here(value).replace("$PATH", "/usr/bin:/bin") for name, value in own.items()}
        return {**own, "TMPDIR": str(self.writable), **given}

    def run(self, command: list[str], given: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run the entry point with arguments until it ends."""
        return subprocess.run(
            [*entrypoint(), *command],
            env=(environment := self.environment(given)),
            executable=shutil.which(entrypoint()[0], path=environment["PATH"]),
            cwd=self.writable,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )

    def evaluate(self, code: str) -> str:
        """What a piece of Python prints in the image."""
        return subprocess.run(
            [str(self.python), "-c", code],
            env=self.environment({}),
            cwd=self.writable,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=True,
        ).stdout

    @contextmanager
    def process(self, command: list[str], given: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
        """A process of the image that is asked to drain at the end, and must."""
        with (self.writable / f"{command[0]}-{command[1]}.log").open("wb") as log:
            running = subprocess.Popen(
                [*entrypoint(), *command],
                env=(environment := self.environment(given)),
                executable=shutil.which(entrypoint()[0], path=environment["PATH"]),
                cwd=self.writable,
                stdout=log,
                stderr=log,
            )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()

    def log_of(self, command: list[str]) -> str:
        """What a process has said."""
        return (self.writable / f"{command[0]}-{command[1]}.log").read_text()

    def files(self) -> set[tuple[str, int]]:
        """Every file of the image, with the moment it was last written."""
        return {(str(path), path.lstat().st_mtime_ns) for path in self.prefix.rglob("*")}

    def _here(self, text: str) -> str:
        return re.sub(r"(?<![\w/])/(opt|tmp)(?=/|$|:)", lambda match: f"{self.root}/{match[1]}", text)


def build_image(root: Path) -> Image:
    """Run the build stage of the Dockerfile: its COPY and RUN lines, with /opt and the work folder below `root`."""
    context = root / "build"
    context.mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PLODNEE_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    environment["PATH"] = f"{Path(sys.base_prefix) / 'bin'}:{environment['PATH']}"
    for instruction in instructions("build"):
        if instruction.name == "COPY":
            sources, destination = copied(instruction)
            for source in sources:
                _copy(ROOT / source, context / destination if (ROOT / source).is_dir() else context / source)
        elif instruction.name == "RUN":
            command = instruction.argument.replace("/opt/", f"{root}/opt/")
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                env=environment,
                cwd=context,
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS_MAX,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    image = Image(root)
    image.writable.mkdir()
    return image


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, target)


@dataclass(frozen=True)
class Stack:
    """docker-compose.yml on real servers of the test run: what each of its services is given."""

    services: Mapping[str, Any]
    overrides: Mapping[str, str]

    @classmethod
    def on(cls, overrides: Mapping[str, str]) -> "Stack":
        """The stack with some variables of its containers replaced: where the servers of this run are."""
        lines = filled(EXAMPLE_PATH.read_text(encoding="utf-8")).splitlines()
        values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        values |= {name: os.environ[name] for name in values if name in os.environ}
        return cls(interpolated(compose_document()["services"], values), overrides)

    def environment(self, name: str) -> dict[str, str]:
        """What a compose service is given, with this run's servers in it."""
        given = dict(self.services[name]["environment"])
        return given | {variable: value for variable, value in self.overrides.items() if self._is_for(variable, given)}

    def command(self, name: str, ports: Mapping[str, int]) -> list[str]:
        """The command of a compose service, on a port of this machine."""
        replaced = {"0.0.0.0": "127.0.0.1", **{inside: str(port) for inside, port in ports.items()}}  # noqa: S104
        return [replaced.get(word, word) for word in self.services[name]["command"]]

    def health_check(self, name: str, ports: Mapping[str, int]) -> list[str]:
        """The health check of a compose service, asking at a port of this machine."""
        _, *words = self.services[name]["healthcheck"]["test"]
        for inside, port in ports.items():
            words = [word.replace(f":{inside}/", f":{port}/") for word in words]
        return list(words)

    @staticmethod
    def _is_for(variable: str, given: Mapping[str, str]) -> bool:
        return variable in given or variable.startswith("PLODNEE_KAFKA_")


def becomes_healthy(
    image: Image, stack: Stack, name: str, ports: Mapping[str, int], process: "subprocess.Popen[bytes]"
) -> bool:
    """Whether the service's own health check passes in time."""
    program, *arguments = stack.health_check(name, ports)
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        done = subprocess.run(
            [str(image.prefix / "bin" / program), *arguments],
            env=image.environment({}),
            cwd=image.writable,
            capture_output=True,
            timeout=30,
            check=False,
        )
        if done.returncode == 0:
            return True
        time.sleep(0.3)
    return False


def ports_of_processes() -> dict[str, int]:
    """A free port for each port that processes of ours listen at in their containers."""
    return {"8000": free_port(), "9100": free_port()}
