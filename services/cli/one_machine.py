"""Everything on one machine: PostgreSQL, Kafka, sign-in, five apis in one process, a worker a service, the story.

The parent imports the services once and forks; it starts the servers beneath, looks after them, and does no other work.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from rich.console import Console

from shared.chassis.settings import SERVICES, get_settings
from shared.embedded.errors import EmbeddedError
from shared.embedded.progress import ConsoleProgress
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.state import default_state_path
from shared.embedded.suite import running_suite
from shared.embedded.supervisor import Child, Supervisor

_PROVINCE = "52"
_SUITES = ("", "demo", "check")  # the empty name is that of `plodnee up`


@contextlib.contextmanager
def _faults_told() -> Iterator[None]:
    """End with what is wrong and how to mend it, without a traceback: the fault is the machine's, not the program's."""
    try:
        yield
    except EmbeddedError as error:
        Console(stderr=True).print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def suite_folder(name: str) -> Path:
    """Where a suite keeps its state: the demo and its check have data of their own, made anew each time."""
    return default_state_path() / name if name else default_state_path()


def run_up(port: int) -> int:
    """Start the suite and keep it until Ctrl-C or `plodnee down`; returns the exit code."""
    return _run_suite("", port)


@_faults_told()
def run_demo(*, check: bool, members: int, cooperatives: int, seed: int, port: int) -> int:
    """Play the story on a suite of its own; with `check`, verify it, stop, and return 0 or 1."""
    name = "check" if check else "demo"
    EmbeddedRuntime(suite_folder(name)).reset()
    files = suite_folder(name) / "feeds"

    def tell(runtime: EmbeddedRuntime) -> int:
        from demo.story import StoryOptions, tell_story

        options = StoryOptions(
            province=_PROVINCE, members=members, cooperatives=cooperatives, seed=seed, folder=files, check=check
        )
        return tell_story(runtime, options, compare_rebuild)

    return _run_suite(name, port, task=tell, stop_after_task=check)


async def compare_rebuild() -> dict[str, int]:
    """Rebuild reporting's read model beside the live one and compare; the rows of each table, all equal.

    Raises:
        RebuildDiffers: naming the tables that differ.
    """
    from services.cli import load, rebuild_read_model

    comparison = await rebuild_read_model(get_settings(), load("reporting"), swap=False)
    return dict(comparison.rows)


def running_environment() -> dict[str, str]:
    """What the services of this checkout's running suite were given, the demo's before that of `plodnee up`."""
    running = _running_runtime()
    return {} if running is None else running.environment_of_running_suite()


def _running_runtime() -> EmbeddedRuntime | None:
    """The suite of this checkout that runs, the demo's before that of `plodnee up`."""
    runtimes = [EmbeddedRuntime(suite_folder(name)) for name in reversed(_SUITES) if suite_folder(name).exists()]
    return next((runtime for runtime in runtimes if running_suite(runtime.state) is not None), None)


@_faults_told()
def stop_suites() -> bool:
    """Stop every suite of this checkout; False when none ran."""
    stopped = [EmbeddedRuntime(suite_folder(name)).stop_suite() for name in _SUITES if suite_folder(name).exists()]
    return any(stopped)


async def fetch_token(principal: str) -> str:
    """An access token of the running suite's development provider, for a persona or a partner's system.

    Raises:
        LookupError: no suite runs, or there is no such persona or system.
    """
    import httpx2

    from shared.embedded.identity.client import sign_in, sign_in_system
    from shared.embedded.identity.personas import personas, systems
    from shared.embedded.runtime import ISSUER_PATH
    from shared.embedded.secret_store import client_secret_name, load_secrets

    runtime = _running_runtime()
    suite = None if runtime is None else running_suite(runtime.state)
    if runtime is None or suite is None:
        raise LookupError("nothing runs here: start it with `plodnee up` or `plodnee demo`")
    issuer = f"{suite.address}{ISSUER_PATH}"
    async with httpx2.AsyncClient(timeout=10) as http:
        if principal in systems(_PROVINCE):
            secret = load_secrets(runtime.state)[client_secret_name(principal)]
            return (await sign_in_system(http, issuer, principal, secret)).access_token
        if principal in personas(_PROVINCE):
            return (await sign_in(http, issuer, principal)).access_token
    known = ", ".join([*systems(_PROVINCE), *personas(_PROVINCE)])
    raise LookupError(f"there is no {principal!r}; choose one of {known}")


@_faults_told()
def reset_suites() -> None:
    """Delete all data of every suite of this checkout."""
    for name in reversed(_SUITES):
        if suite_folder(name).exists():
            EmbeddedRuntime(suite_folder(name)).reset()
    for name in _SUITES[1:]:
        shutil.rmtree(suite_folder(name), ignore_errors=True)


@_faults_told()
def _run_suite(
    name: str,
    port: int,
    task: Callable[[EmbeddedRuntime], int] | None = None,
    *,
    stop_after_task: bool = False,
) -> int:
    console = Console(stderr=True)
    progress = ConsoleProgress(console)
    runtime = EmbeddedRuntime(suite_folder(name), http_port=port)
    with _preloading():
        environment = runtime.start_infrastructure(progress)
    try:
        os.environ.update(environment)
        get_settings.cache_clear()
        _prepare(console)
        children = [
            Child("api", lambda: _serve(runtime), drain_order=0),
            *(Child(f"worker-{service}", _work(service), drain_order=1) for service in SERVICES),
        ]

        def look_after() -> None:
            moved = runtime.mend_infrastructure()
            if moved:  # a server answers elsewhere, and whoever knows its old address would never find it
                os.environ.update(moved)
                get_settings.cache_clear()
                supervisor.renew()

        supervisor = Supervisor(children, runtime.state, address=runtime.address, progress=progress, watch=look_after)
        console.print(f"Plodnee: {runtime.address}  (Ctrl-C stops it)", highlight=False)
        if task is None:
            return supervisor.run()
        story = Child("story", lambda: sys.exit(task(runtime)), in_terminal=True)
        return supervisor.run(story, stop_after_task=stop_after_task)
    finally:
        runtime.stop_infrastructure()


@contextlib.contextmanager
def _preloading() -> Iterator[None]:
    """Import the services while the servers start; both cost seconds. The thread has ended before anything forks."""
    faults: list[BaseException] = []

    def preload() -> None:
        try:
            for service in SERVICES:
                import_module(f"services.{service}.app")
            import_module("shared.chassis.http.serve")
            import_module("shared.chassis.worker")
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=preload)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if faults:
        raise faults[0]


def _prepare(console: Console) -> None:
    """Databases, roles, topics and the newest schema; nothing happens where they are there."""
    from services.cli import initialise_all
    from shared.chassis.migrate import migrate
    from shared.chassis.telemetry import configure_logging

    configure_logging(logging.WARNING)
    with console.status("Preparing databases and topics…"):
        asyncio.run(initialise_all())
        for service in SERVICES:
            migrate(get_settings(), service)


def _serve(runtime: EmbeddedRuntime) -> None:
    """The api process: five services and, unless the operator has another, the development identity provider."""
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.types import ASGIApp

    from services.cli import load
    from shared.chassis.http.app import create_app
    from shared.chassis.http.dispatch import Dispatcher
    from shared.chassis.http.serve import run_api

    apps: dict[str, ASGIApp] = {service: create_app(load(service)) for service in SERVICES}
    apps["dashboard"] = apps["reporting"]
    if runtime.uses_development_identity:
        from shared.embedded.identity import create_identity_app

        provider = create_identity_app(runtime.state, issuer=get_settings().issuer, province=_PROVINCE)
        apps["identity"] = Starlette(routes=[Mount("/identity", provider)])
    run_api(Dispatcher(apps, home="dashboard"), port=runtime.http_port)


def _work(service: str) -> Callable[[], None]:
    def run() -> None:
        from services.cli import load
        from shared.chassis.telemetry import configure_logging
        from shared.chassis.worker import run_worker_process

        configure_logging()
        run_worker_process(load(service), get_settings())

    return run
