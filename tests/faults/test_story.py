"""Goal: the story's every figure is right although everything beneath it died, stood still, was slow or full on the
way; and is right again after the broker's data is lost, or a database is restored to an earlier point."""

import asyncio
import signal
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from demo.story import Played, StoryOptions, check, play
from demo.story.checks.quiet import check_quiet
from demo.story.client import open_wire
from demo.story.tell import access_of
from demo.story.telling import Narrator
from services.cli.one_machine import compare_rebuild
from shared.chassis.settings import SERVICES
from shared.embedded.processes import wait_until
from tests.faults.restores import RESTORES, Acts, pledge_savings
from tests.faults.said import differences, read_said
from tests.faults.suite import (
    PATIENCE_SECONDS,
    PROCESSES,
    WORKERS,
    Fault,
    Faults,
    Suite,
    hold,
    kill,
    let_no_log_grow,
    slow_database,
)

pytestmark = pytest.mark.timeout(900)

LONG = ("livelihood", "literacy")  # owners whose restore is drilled in the long form alone
CONSUMERS = ("debt", "livelihood", "literacy", "reporting")
BEYOND_SESSION_SECONDS = 8.0  # the members' session time-out is 6 s
FAULTS: tuple[Fault, ...] = (
    *map(kill, PROCESSES),
    hold("worker-debt", BEYOND_SESSION_SECONDS),
    hold("kafka", 10.0),
    let_no_log_grow,
    slow_database(10.0),
)


LONG_FAULTS: tuple[Fault, ...] = (
    *map(kill, PROCESSES * 4),
    *(hold(name, 2 * BEYOND_SESSION_SECONDS) for name in WORKERS),
    hold("kafka", 60.0),
    *[let_no_log_grow] * 2,
    slow_database(30.0),
)


class Told(NamedTuple):
    """The story, and what was said until its end: to the operator, and by the workers."""

    played: Played
    said: str
    logs: str


@pytest.fixture(scope="module")
def told(suite: Suite, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The story, told while each fault happens once."""
    played = tell_among(suite, Faults(suite, seed), FAULTS, tmp_path_factory.mktemp("story"))
    asyncio.run(assert_quiet(suite))  # whoever died last has come back, and has heard all
    return Told(played, suite.said(), "".join(suite.log(name) for name in WORKERS))


@pytest.fixture(scope="module")
def played(told: Told) -> Played:
    return told.played


def tell_among(
    suite: Suite, faults: Faults, planned: Sequence[Fault], folder: Path, *, members: int = 120, cooperatives: int = 3
) -> Played:
    """Tell the story while these faults happen."""
    options = StoryOptions(province="52", members=members, cooperatives=cooperatives, seed=7, folder=folder, check=True)

    async def tell() -> Played:
        inflicting = asyncio.create_task(faults.inflict(planned, (0.5, 3.0)))
        try:
            told = await play(access_of(suite.runtime), options, Narrator(Console(stderr=True)))
            await inflicting
            return told
        finally:
            inflicting.cancel()

    with suite.settings():
        return asyncio.run(tell())


async def assert_whole(suite: Suite, played: Played) -> None:
    """The story's own check: figures, files, deliveries; nothing is left on its way; a rebuild equals what is live."""
    await asyncio.to_thread(suite.wait_until_ready)  # what died last may not be back yet
    with suite.settings() as settings:
        report = await check(played, settings, compare_rebuild, Narrator(Console(stderr=True)))
    assert report.ok, [one for one in report.checks if not one.ok]


async def test_the_story_is_whole_and_the_logs_say_what_happened(suite: Suite, told: Told) -> None:
    played, said, logs = told
    await assert_whole(suite, played)
    assert "PostgreSQL has died; starting it again." in said
    assert said.count("Kafka has died; starting it again.") >= 2, "once killed, once without room"
    for name in ("api", *WORKERS):
        assert f"{name} was ended by SIGKILL; starting it again" in said
    assert "relay_paused" in logs
    assert "consumer_paused" in logs or "progress_not_told" in logs  # it pauses only where a batch was under way
    for word in ("consumer_stopped", "event_set_aside", "job_failed"):
        assert word not in logs, next(line for line in logs.splitlines() if word in line)


async def test_a_broker_whose_data_is_lost_is_filled_again_by_the_owners(suite: Suite, played: Played) -> None:
    suite.hold_supervisor()
    await suite.signal("worker-reporting", signal.SIGKILL)  # what is relayed now, nobody has read when it is lost
    with suite.settings():
        async with open_wire(played.access) as wire:
            pledge = await pledge_savings(suite, wire, step="a pledge nobody has read")
    assert wait_until(lambda: not suite.query("literacy", "select count(*) from outbox"), PATIENCE_SECONDS)
    with suite.settings() as settings:
        said = await read_said(settings)
    suite.stop()
    suite.lose_broker_data()
    suite.start()
    for name in CONSUMERS:
        assert wait_until(lambda name=name: _refuses(suite, name), PATIENCE_SECONDS), suite.log(f"worker-{name}")  # type: ignore[misc]
    assert not suite.query("reporting", f"select count(*) from savings_pledge where id = '{pledge}'")

    suite.command("replay", "all")
    assert wait_until(lambda: "relay_refused" in suite.log("worker-registry"), PATIENCE_SECONDS)
    for name in SERVICES:
        suite.command("offsets", "reset", name, "--yes")
    suite.restart_workers()
    for name in CONSUMERS:
        assert wait_until(lambda name=name: _reads(suite, name), PATIENCE_SECONDS)  # type: ignore[misc]

    await assert_whole(suite, played)
    assert suite.query("reporting", f"select count(*) from savings_pledge where id = '{pledge}'") == 1
    with suite.settings() as settings:
        assert differences(said, await read_said(settings)) == []


def _refuses(suite: Suite, name: str) -> bool:
    return "was read from cluster" in suite.log(f"worker-{name}")


def _reads(suite: Suite, name: str) -> bool:
    return suite.query(name, f"select count(*) from consumer_offset where consumer = '{name}'") > 0


@pytest.mark.parametrize("owner", ["registry", "debt", *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
async def test_a_database_restored_to_an_earlier_point_is_told_again(suite: Suite, played: Played, owner: str) -> None:
    restore = RESTORES[owner]
    before = restore.heard(suite)
    suite.copy_database(owner)
    with suite.settings():
        async with open_wire(played.access) as wire:
            lost = await restore.lose(Acts(suite, wire, played))
    await assert_quiet(suite)
    assert restore.heard(suite) != before, "nobody has heard of what will be lost"
    suite.restore_database(owner)

    suite.command("replay", owner, "--new-epoch")
    await assert_quiet(suite)
    if owner != "registry":  # which says states only: they are withdrawn
        suite.command("rebuild", "reporting", "--accept-differences")
    after = restore.heard(suite)
    for table, rows in before.items():
        changed = [pair for pair in zip_longest(rows, after[table]) if pair[0] != pair[1]]
        assert changed[:3] == [], table
    with suite.settings():
        async with open_wire(played.access) as wire:
            await restore.send_again(Acts(suite, wire, played), lost)

    await assert_whole(suite, played)
    assert f'"producer":"{owner}"' in suite.log("worker-reporting")


async def assert_quiet(suite: Suite) -> None:
    """All that was said has been heard, and could be applied."""
    with suite.settings() as settings:
        checks = await check_quiet(settings)
    assert all(one.ok for one in checks), checks


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("round_number", range(3))
async def test_a_longer_story_holds_while_everything_dies_again_and_again(
    suite_of_its_own: Suite, seed: int, round_number: int, tmp_path: Path
) -> None:
    suite = suite_of_its_own
    faults = Faults(suite, seed + round_number)
    played = await asyncio.to_thread(tell_among, suite, faults, LONG_FAULTS, tmp_path, members=600, cooperatives=6)
    await assert_whole(suite, played)
