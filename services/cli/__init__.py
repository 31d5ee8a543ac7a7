"""`plodnee`: the one command line, and the only module that knows all five services.

Imports stand inside the commands: starting one service must not pay for the others.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shared.chassis.settings import SERVICES, MissingSettings, Settings, UnsafeSettings, get_settings

if TYPE_CHECKING:
    from shared.chassis.database import Database
    from shared.chassis.rebuild import Comparison
    from shared.chassis.service import Service

app = typer.Typer(name="plodnee", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
topics_app = typer.Typer(no_args_is_help=True, help="The broker's topics.")
dead_letters_app = typer.Typer(no_args_is_help=True, help="Events that were set aside.")
offsets_app = typer.Typer(no_args_is_help=True, help="How far consumers have read.")
app.add_typer(topics_app, name="topics")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(offsets_app, name="offsets")

ServiceName = Annotated[str, typer.Argument(help=f"one of {', '.join(SERVICES)}")]
T = TypeVar("T")


def main() -> None:
    """Run a command; a fault of the operator's is one line that says what to mend, not a traceback."""
    try:
        app()
    except (MissingSettings, UnsafeSettings) as error:
        typer.echo(f"plodnee: {error}", err=True)
        sys.exit(2)


def load(service: str) -> "Service":
    """The definition of a service, imported now."""
    if service not in SERVICES:
        raise typer.BadParameter(f"there is no service {service!r}; choose one of {', '.join(SERVICES)}")
    definition: Service = import_module(f"services.{service}.app").SERVICE
    return definition


def _configure_logs() -> None:
    from shared.chassis.telemetry import configure_logging

    configure_logging()


# --- the two process kinds of a service ---


@app.command()
def api(
    service: ServiceName, host: str = "127.0.0.1", port: Annotated[int, typer.Option(help="0 takes a free one")] = 8000
) -> None:
    """Serve the HTTP API of one service."""
    from shared.chassis.http.app import create_app
    from shared.chassis.http.serve import run_api

    _configure_logs()
    run_api(create_app(load(service)), host=host, port=port)


@app.command()
def worker(
    service: ServiceName,
    only: Annotated[str | None, typer.Option(help="relay, consumer or jobs: run that part alone")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="serve Prometheus metrics on this port")] = None,
) -> None:
    """Run relay, consumer and jobs of one service until SIGTERM."""
    from shared.chassis.worker import PARTS, run_worker_process

    parts = tuple(part for part in PARTS if only in (None, part))
    if not parts:
        raise typer.BadParameter(f"--only takes one of {', '.join(PARTS)}")
    _configure_logs()
    run_worker_process(load(service), get_settings(), parts, metrics_port)


# --- setting up and upgrading ---


@app.command()
def init() -> None:
    """Create databases, roles, grants and topics on your own PostgreSQL and Kafka; safe to repeat."""
    _configure_logs()
    _use_running_suite()
    asyncio.run(initialise_all())


async def initialise_all() -> None:
    """Create what is missing for all five services."""
    from shared.chassis.initialise import initialise
    from shared.contracts.catalogue import CATALOGUE

    await initialise(get_settings(), list(SERVICES), CATALOGUE.topics)


@app.command()
def migrate(service: Annotated[str, typer.Argument(help="a service, or all")]) -> None:
    """Bring a service's database to the newest schema."""
    from shared.chassis.migrate import migrate as run_migrations

    for name in SERVICES if service == "all" else (load(service).name,):
        run_migrations(get_settings(), name)
        typer.echo(f"{name}: migrated")


@topics_app.command("check")
def topics_check() -> None:
    """Refuse topics that could lose or reorder events."""
    from shared.chassis.kafka import TopicsDiffer, check_topics
    from shared.contracts.catalogue import CATALOGUE

    try:
        asyncio.run(check_topics(get_settings(), CATALOGUE.topics))
    except TopicsDiffer as error:
        typer.echo(str(error).replace("; ", "\n"), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(CATALOGUE.topics)} topics are as they should be")


# --- mending ---


def _use_running_suite() -> None:
    """Where the environment names no broker, mend what runs on this machine: the suite of this checkout."""
    if get_settings().kafka_bootstrap_servers:
        return
    from services.cli.one_machine import running_environment

    os.environ.update(running_environment())
    get_settings.cache_clear()


def _as_worker(service: str, work: "Callable[[Database], Awaitable[T]]") -> T:
    """Do something on a service's database in the worker's role."""
    from shared.chassis.database import Database

    async def run() -> T:
        database = Database(get_settings(), service, "worker", "plodnee-command")
        try:
            return await work(database)
        finally:
            await database.close()

    _use_running_suite()
    return asyncio.run(run())


@dead_letters_app.command("list")
def dead_letters_list(service: ServiceName) -> None:
    """List what a service's consumer set aside, oldest first."""
    from shared.chassis.dead_letters import list_dead_letters

    for row in _as_worker(service, lambda database: list_dead_letters(database, service)):
        typer.echo(json.dumps(row, default=str, ensure_ascii=False))


@dead_letters_app.command("show")
def dead_letters_show(service: ServiceName, dead_letter_id: int) -> None:
    """Show one event whole."""
    from shared.chassis.dead_letters import show_dead_letter

    row = _as_worker(service, lambda database: show_dead_letter(database, dead_letter_id))
    if row is None:
        raise typer.BadParameter(f"{service} has no dead letter {dead_letter_id}")
    row["value"] = bytes(row["value"]).decode(errors="replace")
    typer.echo(json.dumps(row, default=str, ensure_ascii=False, indent=2))


@dead_letters_app.command("retry")
def dead_letters_retry(service: ServiceName) -> None:
    """Apply everything that was set aside, in order; what still fails stays. Safe to interrupt and to repeat."""
    from rich.progress import Progress

    from shared.chassis.dead_letters import retry_dead_letters

    _use_running_suite()
    inbox = load(service).inbox
    if inbox is None:
        raise typer.BadParameter(f"{service} consumes nothing")
    prefix = get_settings().kafka_topic_prefix
    with Progress(transient=True) as progress:
        bar = progress.add_task(f"{service}: events", total=None)

        def report(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        result = _as_worker(service, lambda database: retry_dead_letters(database, inbox, prefix, report))
    typer.echo(f"{result.applied} applied, {result.remaining} remain" + (f": {result.reason}" if result.reason else ""))
    if result.remaining:
        raise typer.Exit(1)


@dead_letters_app.command("drop")
def dead_letters_drop(
    service: ServiceName, dead_letter_id: int, reason: Annotated[str, typer.Option(help="why it is never applied")]
) -> None:
    """Decide never to apply one event; a rebuild honours it."""
    from shared.chassis.dead_letters import drop_dead_letter

    if not _as_worker(service, lambda database: drop_dead_letter(database, dead_letter_id, reason)):
        raise typer.BadParameter(f"{service} has no dead letter {dead_letter_id}")


@offsets_app.command("reset")
def offsets_reset(
    service: ServiceName, yes: Annotated[bool, typer.Option(help="the broker's log was really replaced")] = False
) -> None:
    """Read and publish into this log from its beginning, after the broker's was lost and the owners have replayed."""
    if not yes:
        raise typer.BadParameter("say --yes when the broker's log was really replaced")
    from shared.chassis.consumer import forget_offsets

    name = load(service).name
    count = _as_worker(service, lambda database: forget_offsets(database, name))
    typer.echo(f"{count} offsets forgotten; the worker starts every topic again")


@app.command()
def replay(
    service: Annotated[str, typer.Argument(help="a service, or all")],
    new_epoch: Annotated[
        bool, typer.Option(help="the service's database was restored to an earlier point: what it says now wins")
    ] = False,
) -> None:
    """Publish again every fact and present state of a service, from its own tables; safe to repeat."""
    from shared.chassis.replay import replay as run_replay

    _use_running_suite()
    for name in SERVICES if service == "all" else (load(service).name,):
        owner = load(name)
        if owner.tell_again:
            work = partial(
                run_replay,
                settings=get_settings(),
                events=owner.events,
                tell_again=owner.tell_again,
                new_epoch=new_epoch,
            )
            typer.echo(f"{name}: {_as_worker(name, work)} events in the outbox")


@app.command()
def rebuild(
    service: ServiceName,
    check: Annotated[bool, typer.Option(help="compare only; keep the live read model")] = False,
    accept_differences: Annotated[
        bool, typer.Option(help="swap although rows differ: this version reads the events otherwise")
    ] = False,
) -> None:
    """Make a service's read model again from its topics, prove it equal to the live one, and swap."""
    from shared.chassis.rebuild import NoReadModel, RebuildDiffers

    _use_running_suite()
    work = rebuild_read_model(get_settings(), load(service), swap=not check, accept_differences=accept_differences)
    try:
        comparison = asyncio.run(work)
    except NoReadModel as error:
        raise typer.BadParameter(str(error)) from None
    except RebuildDiffers as error:
        typer.echo(f"the rebuilt read model differs, nothing was swapped: {error}", err=True)
        raise typer.Exit(1) from None
    for table, rows in comparison.rows.items():
        differing = comparison.differing[table]
        typer.echo(f"{table}: {rows} rows" + (f", {differing} differing" if differing else " equal"))


async def rebuild_read_model(
    settings: Settings, service: "Service", *, swap: bool, accept_differences: bool = False
) -> "Comparison":
    """Rebuild with a progress bar; see :class:`shared.chassis.rebuild.Rebuild`."""
    from rich.progress import Progress

    from shared.chassis.database import Database
    from shared.chassis.rebuild import Rebuild

    if service.inbox is None:
        raise typer.BadParameter(f"{service.name} has no read model")
    worker_database = Database(settings, service.name, "worker", f"{service.name}-rebuild")
    owner_database = Database(settings, service.name, "owner", f"{service.name}-rebuild")
    try:
        with Progress(transient=True) as progress:
            bar = progress.add_task(f"{service.name}: events", total=None)
            run = Rebuild(
                settings,
                worker_database,
                owner_database,
                service.inbox,
                lambda done, total: progress.update(bar, completed=done, total=total),
            )
            return await run.run(swap=swap, accept_differences=accept_differences)
    finally:
        await worker_database.close()
        await owner_database.close()


@app.command()
def rewrap_keys() -> None:
    """Wrap every person's key by the first of PLODNEE_KEY_ENCRYPTION_KEYS; then the others can go."""
    from rich.progress import Progress

    from services.registry.members.identity import rewrap_keys as rewrap
    from shared.chassis.crypto import UnknownKey

    with Progress(transient=True) as progress:
        bar = progress.add_task("persons", total=None)
        try:
            count = _as_worker("registry", lambda database: rewrap(database, partial(progress.advance, bar)))
        except UnknownKey as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"{count} keys wrapped anew")


# --- one machine ---


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="folder for the files")],
    province: Annotated[str, typer.Option(help="two-digit code, or all")] = "52",
    cooperatives: int = 12,
    members: int = 2500,
    seed: int = 7,
) -> None:
    """Write the files that the agencies of a province would send, about people who cannot exist.

    Programme A's size: --province all --cooperatives 590 --members 250000.
    """
    from demo.generator import ImpossibleProvince
    from demo.generator import generate as write_files

    try:
        write_files(province=province, cooperatives=cooperatives, members=members, seed=seed, out=out)
    except ImpossibleProvince as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def up(port: Annotated[int, typer.Option(help="of the five APIs and the dashboard")] = 8000) -> None:
    """Start everything on this machine: PostgreSQL, Kafka, sign-in, five services. Ctrl-C stops it."""
    from services.cli.one_machine import run_up

    raise typer.Exit(run_up(port))


@app.command()
def down() -> None:
    """Stop what `plodnee up` started."""
    from services.cli.one_machine import stop_suites

    typer.echo("stopped" if stop_suites() else "nothing was running")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option(help="really delete every database and topic of this checkout")] = False,
) -> None:
    """Delete all data of this checkout's one-machine suite."""
    if not yes:
        raise typer.BadParameter("say --yes: every database and topic of this checkout's suite will be deleted")
    from services.cli.one_machine import reset_suites

    reset_suites()


@app.command()
def token(
    principal: Annotated[str, typer.Argument(help="a persona (chief, officer…) or a system (agency-feed…)")],
) -> None:
    """Print an access token of the running one-machine suite, for curl."""
    from services.cli.one_machine import fetch_token

    try:
        typer.echo(asyncio.run(fetch_token(principal)))
    except LookupError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def doctor() -> None:
    """Say what is wrong with this machine's set-up, and how to mend it."""
    from shared.embedded.doctor import report

    raise typer.Exit(report())


@app.command()
def demo(
    check: Annotated[bool, typer.Option("--check", help="play, verify, print one JSON object, exit 0 or 1")] = False,
    members: int = 2500,
    cooperatives: int = 12,
    seed: int = 7,
    port: int = 8000,
) -> None:
    """Play a province's year over HTTP and show the dashboard."""
    from services.cli.one_machine import run_demo

    raise typer.Exit(run_demo(check=check, members=members, cooperatives=cooperatives, seed=seed, port=port))
