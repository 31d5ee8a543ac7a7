"""A real Keycloak for the tests of the realm: the distribution that Maven Central holds, byte for byte as listed.

PLODNEE_TEST_KEYCLOAK_HOME names an unpacked one instead. PLODNEE_REQUIRE_KEYCLOAK makes a missing one a failure.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shared.embedded.java import find_java
from shared.embedded.kafka_jars import cache_folder, maven_context
from shared.embedded.state import free_port
from tests.deploy.compose import ROOT, compose_document, interpolated

VERSION = "26.4.0"  # as in docker-compose.yml
GROUP, ARTIFACT = "org.keycloak", "keycloak-quarkus-dist"
SHA256 = "1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a"
START_SECONDS_MAX = 240
_LOG_CHARACTERS = 3_000


class KeycloakMissing(Exception):
    """There is no Keycloak here, and none could be had; the message says why."""


def keycloak_home() -> Path:
    """The folder of an unpacked Keycloak; downloads it once. Fails or skips the test when that is impossible."""
    try:
        return _home()
    except KeycloakMissing as missing:
        if os.environ.get("PLODNEE_REQUIRE_KEYCLOAK"):
            pytest.fail(f"{missing}, and PLODNEE_REQUIRE_KEYCLOAK is set")
        pytest.skip(f"not run: {missing}")


def _home() -> Path:
    if chosen := os.environ.get("PLODNEE_TEST_KEYCLOAK_HOME"):
        home = Path(chosen)
        if not (home / "bin" / "kc.sh").is_file():
            raise KeycloakMissing(f"there is no Keycloak in {home} (PLODNEE_TEST_KEYCLOAK_HOME)")
        return home
    cache = cache_folder().parent
    home = cache / f"keycloak-{VERSION}"
    if not (home / "bin" / "kc.sh").is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as scratch:
            _unpack(_download(Path(scratch)), Path(scratch))
            with suppress(OSError):  # another run was faster
                (Path(scratch) / f"keycloak-{VERSION}").rename(home)
    return home


def _download(scratch: Path) -> Path:
    from jgo.maven import PythonResolver

    context = maven_context(scratch, PythonResolver())
    try:
        archive = Path(context.project(GROUP, ARTIFACT).at_version(VERSION).artifact(packaging="zip").resolve())
    except Exception as error:
        # jgo and requests raise many kinds; whatever it is, there is no Keycloak.
        raise KeycloakMissing(f"Keycloak {VERSION} could not be downloaded: {error}") from error
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    assert found == SHA256, f"the download of Keycloak {VERSION} is another file: {found}"
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    archive.unlink()
    (folder / f"keycloak-{VERSION}" / "bin" / "kc.sh").chmod(0o755)


@contextmanager
def running_keycloak(folder: Path, values: Mapping[str, str]) -> Iterator[str]:
    """The address of a Keycloak with the realm, run by the settings of docker-compose.yml with `values` put in."""
    home = folder / "home"
    shutil.copytree(keycloak_home(), home, symlinks=True, ignore=shutil.ignore_patterns("data"))
    (home / "data" / "import").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "keycloak" / "realm.json", home / "data" / "import" / "plodnee-realm.json")
    port, management_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    service = interpolated(compose_document()["services"]["keycloak"], {**values, "PLODNEE_SIGN_IN_URL": url})
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / "kc.sh"), *service["command"]],
            env=_environment(service["environment"], port, management_port),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, management_port, home / "log")
        yield url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)  # kc.sh stays as the parent of Java: the group holds both
        process.wait(60)


def _environment(asked: Mapping[str, Any], port: int, management_port: int) -> dict[str, str]:
    java = find_java()
    options = "-Xms256m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8"
    if java.major_version >= 24:  # Keycloak's own libraries still do what later versions warn of, then forbid
        options += " --add-opens=java.base/java.lang=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"
    return {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(java.home),
        "JAVA_OPTS": options,
        **{name: str(value) for name, value in asked.items() if not name.startswith("KC_DB")},
        "KC_DB": "dev-mem",
        "KC_HTTP_HOST": "127.0.0.1",
        "KC_HTTP_PORT": str(port),
        "KC_HTTP_MANAGEMENT_PORT": str(management_port),
    }


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"Keycloak did not start: {log.read_text()[-_LOG_CHARACTERS:]}")
