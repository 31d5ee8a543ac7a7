"""Goal: the broker runs the listed jars and no others, later starts need no network, and a failure says what to set."""

import hashlib
import http.server
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.embedded.errors import EmbeddedError, JarRefused
from shared.embedded.kafka_jars import Jar, cache_folder, kafka_jars, listed_jars, missing_jars
from shared.embedded.progress import SilentProgress

CONTENTS = {"org.example:first:1.0": b"first" * 1000, "org.example:second:2.1": b"second" * 2000}
JARS = [Jar(hashlib.sha256(content).hexdigest(), len(content), name) for name, content in CONTENTS.items()]


class _Repository(http.server.BaseHTTPRequestHandler):
    """A Maven repository with two jars; `changed` are served with other bytes."""

    changed: frozenset[str] = frozenset()
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        for coordinate, content in CONTENTS.items():
            group, artifact, version = coordinate.split(":")
            if self.path == f"/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar":
                body = content[::-1] if coordinate in self.changed else content
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
        self.send_error(404)

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[_Repository]]:
    handler = type("Handler", (_Repository,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PLODNEE_MAVEN_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("PLODNEE_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield handler
        server.shutdown()
        thread.join()


def _folder_with(folder: Path, contents: Sequence[tuple[Jar, bytes]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for jar, content in contents:
        (folder / jar.file_name).write_bytes(content)
    return folder


def test_committed_list_is_whole_and_sorted() -> None:
    jars = listed_jars()
    coordinates = [jar.coordinate for jar in jars]
    assert "org.apache.kafka:kafka_2.13:4.2.0" in coordinates
    assert coordinates == sorted(set(coordinates))
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert len({jar.file_name for jar in jars}) == len(jars)


def test_first_start_downloads_and_the_next_one_asks_nobody(repository: type[_Repository]) -> None:
    progress = SilentProgress()
    paths = kafka_jars(progress, JARS)
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    assert len(progress.messages) == 1
    repository.asked.clear()
    assert kafka_jars(progress, JARS) == paths
    assert repository.asked == []
    assert sorted(path.name for path in cache_folder().iterdir()) == ["first-1.0.jar", "second-2.1.jar"]


def test_download_that_is_another_file_is_refused_and_thrown_away(repository: type[_Repository]) -> None:
    repository.changed = frozenset({"org.example:second:2.1"})
    with pytest.raises(JarRefused, match=r"org\.example:second:2\.1"):
        kafka_jars(SilentProgress(), JARS)
    assert "second-2.1.jar" not in [path.name for path in cache_folder().iterdir()]
    repository.changed = frozenset()
    kafka_jars(SilentProgress(), JARS)
    assert missing_jars(cache_folder(), JARS) == []


def test_jar_changed_in_the_cache_is_downloaded_again(repository: type[_Repository]) -> None:
    first, second = kafka_jars(SilentProgress(), JARS)
    first.write_bytes(b"x" * JARS[0].size_bytes)  # same size, other bytes
    repository.asked.clear()
    kafka_jars(SilentProgress(), JARS)
    assert JARS[0].is_at(first)
    assert not any("second" in path for path in repository.asked)
    assert second.exists()


def test_impossible_download_says_what_to_set(repository: type[_Repository], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLODNEE_MAVEN_URL", "http://127.0.0.1:1")
    with pytest.raises(EmbeddedError) as caught:
        kafka_jars(SilentProgress(), JARS)
    for variable in ("KAFKA_BOOTSTRAP_SERVERS", "PLODNEE_KAFKA_JARS", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE"):
        assert variable in caught.value.mend
    assert repository.asked == []


def test_jar_that_the_repository_does_not_have_says_which(repository: type[_Repository]) -> None:
    with pytest.raises(EmbeddedError, match=r"org\.example:third:3"):
        kafka_jars(SilentProgress(), [*JARS, Jar("0" * 64, 1, "org.example:third:3")])


def test_operators_folder_is_used_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = list(zip(JARS, CONTENTS.values(), strict=True))
    folder = _folder_with(tmp_path / "libs" / "nested", good).parent
    monkeypatch.setenv("PLODNEE_KAFKA_JARS", str(folder))
    assert [path.name for path in kafka_jars(SilentProgress(), JARS)] == [jar.file_name for jar in JARS]


@pytest.mark.parametrize(("content", "problem"), [(b"x" * 12000, "is not the file"), (None, "is missing")])
def test_bad_or_missing_jar_of_the_operator_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    given = [(JARS[0], CONTENTS[JARS[0].coordinate])] + ([(JARS[1], content)] if content is not None else [])
    monkeypatch.setenv("PLODNEE_KAFKA_JARS", str(_folder_with(tmp_path, given)))
    with pytest.raises(JarRefused, match=f"second-2.1.jar .* {problem}"):
        kafka_jars(SilentProgress(), JARS)


def test_unwritable_cache_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PLODNEE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(EmbeddedError, match="PLODNEE_CACHE"):
        kafka_jars(SilentProgress(), JARS)


def test_download_never_looks_for_a_java(repository: type[_Repository], monkeypatch: pytest.MonkeyPatch) -> None:
    import cjdk
    import jgo.util.java

    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("jgo looked for a Java")

    monkeypatch.setattr(cjdk, "java_home", refuse)
    monkeypatch.setattr(jgo.util.java.JavaLocator, "locate", refuse)
    kafka_jars(SilentProgress(), JARS)
    assert len(repository.asked) >= 2


def test_cached_jars_are_found_without_importing_jgo(repository: type[_Repository], tmp_path: Path) -> None:
    import subprocess

    kafka_jars(SilentProgress(), JARS)
    folder = cache_folder()
    script = (
        "import sys, hashlib; from pathlib import Path; from shared.embedded.kafka_jars import *\n"
        "from shared.embedded.progress import SilentProgress\n"
        f"jars = [Jar(hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_size, 'org.example:' + "
        f"p.stem.replace('-', ':')) for p in Path({str(folder)!r}).glob('*.jar')]\n"
        "kafka_jars(SilentProgress(), jars); assert 'jgo' not in sys.modules and 'requests' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
