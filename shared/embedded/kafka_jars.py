"""The jars of the broker: the ones in the committed list, byte for byte, and no others.

`kafka-jars.sha256` is a lock file: SHA-256, size in bytes and Maven coordinate of each jar. The first start downloads
them with jgo into the user's cache; later starts hash what lies there and need neither the network nor jgo.
Rewrite the list after a change of KAFKA_COORDINATES with: python -m shared.embedded.kafka_jars
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.embedded.errors import EmbeddedError, JarRefused
from shared.embedded.progress import Progress

KAFKA_VERSION = "4.2.0"
# slf4j-simple lets the broker say on its standard error why it failed; without a binding it says nothing at all.
KAFKA_COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LIST_PATH = Path(__file__).with_name("kafka-jars.sha256")
DOWNLOADS_AT_ONCE = 6
REQUEST_TIMEOUT_SECONDS = 30

INSTEAD = (
    "Set KAFKA_BOOTSTRAP_SERVERS to a running Kafka, or PLODNEE_KAFKA_JARS to a folder with these jars, or "
    "PLODNEE_MAVEN_URL to a mirror of Maven Central. Behind a proxy set HTTPS_PROXY, and when it has a certificate "
    "authority of its own, REQUESTS_CA_BUNDLE to that authority's file."
)


@dataclass(frozen=True)
class Jar:
    """One line of the list."""

    sha256: str
    size_bytes: int
    coordinate: str

    @property
    def file_name(self) -> str:
        """Name of the file, as Maven names it."""
        _group, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is this jar, byte for byte."""
        if not path.is_file() or path.stat().st_size != self.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def listed_jars() -> list[Jar]:
    """The committed list."""
    rows = [line.split() for line in LIST_PATH.read_text().splitlines() if line.strip()]
    return [Jar(sha256=sha256, size_bytes=int(size), coordinate=coordinate) for sha256, size, coordinate in rows]


def cache_folder() -> Path:
    """Where downloaded jars are kept for every checkout of this user: PLODNEE_CACHE, else the system's cache folder."""
    if chosen := os.environ.get("PLODNEE_CACHE"):
        return Path(chosen).expanduser() / f"kafka-{KAFKA_VERSION}"
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "plodnee" / f"kafka-{KAFKA_VERSION}"


def missing_jars(folder: Path, jars: Sequence[Jar]) -> list[Jar]:
    """Those jars that are not in the folder, or are not what the list says."""
    return [jar for jar in jars if not jar.is_at(folder / jar.file_name)]


def kafka_jars(progress: Progress, jars: Sequence[Jar] | None = None) -> list[Path]:
    """Paths of all jars on the list, verified; downloads what is missing.

    Raises JarRefused when PLODNEE_KAFKA_JARS names a folder whose jars differ, or a download brings another file;
    EmbeddedError when a download is impossible.
    """
    wanted = listed_jars() if jars is None else jars
    if chosen := os.environ.get("PLODNEE_KAFKA_JARS"):
        return _jars_of_operator(Path(chosen).expanduser(), wanted)
    folder = cache_folder()
    missing = missing_jars(folder, wanted)
    if missing:
        with _writable(folder):
            _download(missing, folder, progress)
    return [folder / jar.file_name for jar in wanted]


def _jars_of_operator(folder: Path, wanted: Sequence[Jar]) -> list[Path]:
    found = {path.name: path for path in folder.rglob("*.jar")}
    for jar in wanted:
        path = found.get(jar.file_name)
        if path is None or not jar.is_at(path):
            problem = "is missing" if path is None else f"is not the file with SHA-256 {jar.sha256}"
            raise JarRefused(
                f"{jar.file_name} in {folder} (PLODNEE_KAFKA_JARS) {problem}.",
                f"Put {jar.coordinate} there, or unset PLODNEE_KAFKA_JARS to have the jars downloaded.",
            )
    return [found[jar.file_name] for jar in wanted]


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise EmbeddedError(
            f"Kafka's jars cannot be kept in {folder}: {error.strerror or error}.",
            "Set PLODNEE_CACHE to a folder you may write to.",
        ) from error


def _download(missing: Sequence[Jar], folder: Path, progress: Progress) -> None:
    # Each jar moves into the cache when it has been verified: a download cut short goes on where it stopped, and two
    # checkouts that download at once do no harm to each other.
    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as scratch:
        total_bytes = sum(jar.size_bytes for jar in missing)
        what = f"Downloading Apache Kafka {KAFKA_VERSION} (once)"
        with progress.downloading(what, total_bytes) as arrived, ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            fetch = _fetcher(Path(scratch), arrived)
            futures = [pool.submit(_fetch_verified, fetch, jar, folder) for jar in missing]
            try:
                for future in futures:
                    future.result()
            finally:
                for future in futures:
                    future.cancel()


def _fetch_verified(fetch: Callable[[str], Path], jar: Jar, folder: Path) -> None:
    try:
        path = fetch(jar.coordinate)
    except Exception as error:
        # jgo and requests raise many kinds; whatever it is, the reader needs to know what to set instead.
        raise EmbeddedError(f"Kafka's jar {jar.coordinate} could not be downloaded: {error}", INSTEAD) from error
    if not jar.is_at(path):
        raise JarRefused(
            f"The download of {jar.coordinate} is not the file with SHA-256 {jar.sha256}; it was thrown away.",
            f"Something between here and Maven Central changes files. {INSTEAD}",
        )
    shutil.move(path, folder / jar.file_name)


def _fetcher(scratch: Path, arrived: Callable[[int], None]) -> Callable[[str], Path]:
    """A function that downloads one Maven coordinate with jgo and returns the file.

    The list already names every jar, so nothing is resolved; and because jgo's environments are not used, jgo never
    looks for a Java and never fetches one.
    """
    from jgo.maven import PythonResolver

    @contextmanager
    def progress_callback(_file_name: str, _total_bytes: int) -> Iterator[Callable[[int], None]]:
        yield arrived

    context = maven_context(scratch, PythonResolver(progress_callback=progress_callback))

    def fetch(coordinate: str) -> Path:
        group, artifact, version = coordinate.split(":")
        return Path(context.project(group, artifact).at_version(version).artifact().resolve())

    return fetch


def maven_context(scratch: Path, resolver: Any) -> Any:
    """jgo's view of Maven Central, or of the mirror that PLODNEE_MAVEN_URL names; what it loads lies in `scratch`."""
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    central = os.environ.get("PLODNEE_MAVEN_URL", MAVEN_CENTRAL_URL).rstrip("/")
    repositories = {"central": central}
    return MavenContext(
        resolver=resolver, repo_cache=scratch, remote_repos=repositories, timeout=REQUEST_TIMEOUT_SECONDS
    )


def resolve_list() -> str:
    """The list's text for KAFKA_COORDINATES as Maven resolves them today. Needs the network."""
    from jgo.maven import PythonResolver
    from jgo.parse import Coordinate

    with tempfile.TemporaryDirectory() as scratch:
        context = maven_context(Path(scratch), PythonResolver())
        asked = [context.create_dependency(Coordinate.parse(coordinate)) for coordinate in KAFKA_COORDINATES]
        named, transitive = context.resolver.resolve(asked)
        needed = [*named, *(found for found in transitive if found.scope in ("compile", "runtime"))]
        lines = []
        for artifact in (found.artifact for found in needed):
            content = artifact.resolve().read_bytes()
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            lines.append((coordinate, f"{hashlib.sha256(content).hexdigest()} {len(content):9d} {coordinate}"))
    return "\n".join(line for _coordinate, line in sorted(lines)) + "\n"


if __name__ == "__main__":
    LIST_PATH.write_text(resolve_list())
