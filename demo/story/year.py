"""The whole year, step by step."""

from demo.story.choices import Choices
from demo.story.client import Access, open_wire, until
from demo.story.played import Played, StoryOptions
from demo.story.steps import books, cases, months, organisation, province, result
from demo.story.telling import Narrator

START_SECONDS_MAX = 120.0


async def play(access: Access, options: StoryOptions, narrator: Narrator) -> Played:
    """Play a province's fiscal year over HTTP, and return what whoever checks it needs to know.

    Raises:
        StoryFailed: a step was refused or did not come to its end.
    """
    await province.make_files(options, narrator)
    async with open_wire(access) as wire:
        with narrator.step("The suite answers", 1):
            await until("the suite to be ready", wire.is_ready, seconds_max=START_SECONDS_MAX)
        files = await province.send_registry_files(wire, options, narrator)
        cooperatives = await province.find_cooperatives(wire, options)
        played = Played(access, options, Choices(options.folder), cooperatives, files=files)
        await organisation.assign_officers(wire, played, narrator)
        await organisation.start_programmes(wire, played, narrator)
        await books.send_loans(wire, played, narrator)
        await books.compute_incomes(wire, played, narrator)
        await books.freeze_baseline(wire, played, narrator)
        await cases.work_on_cases(wire, played, narrator)
        await months.play_months(wire, played, narrator)
        played.kpis = await result.read_kpis(wire, played)
    played.seconds = dict(narrator.seconds)
    return played
