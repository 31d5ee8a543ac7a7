"""Goal: the story's every figure is right although each process beneath it was killed or stood still on the way."""

import os
from pathlib import Path

from rich.console import Console

from demo.story import Played, StoryOptions, check, play
from demo.story.tell import access_of
from demo.story.telling import Narrator
from tests.faults.suite import PROCESSES, Faults, Suite, meanwhile, rebuild_and_compare

SEED = int(os.environ.get("PLODNEE_FAULTS_SEED", "20221001"))


async def tell(suite: Suite, folder: Path) -> Played:
    options = StoryOptions(province="52", members=120, cooperatives=3, seed=7, folder=folder, check=True)
    return await play(access_of(suite.runtime), options, Narrator(Console(stderr=True)))


async def assert_whole(suite: Suite, played: Played) -> None:
    """The story's own check: figures, files, deliveries; nothing is left on its way; a rebuild equals what is live."""
    with suite.settings() as settings:
        report = await check(played, settings, rebuild_and_compare, Narrator(Console(stderr=True)))
    assert report.ok, [one for one in report.checks if not one.ok]


async def test_each_process_is_killed_while_the_story_runs(suite: Suite, tmp_path: Path) -> None:
    faults = Faults(suite, SEED)
    with suite.settings():
        async with meanwhile(faults.kill_each(PROCESSES, (1.0, 6.0))):
            played = await tell(suite, tmp_path)
    await assert_whole(suite, played)
    said = suite.said()
    for name in ("PostgreSQL has died", "Kafka has died", "api was ended by SIGKILL"):
        assert name in said
