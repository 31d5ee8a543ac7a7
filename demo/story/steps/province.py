"""Steps: the province's files are made, and the agencies' files go into the registry."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

from demo.generator import generate
from demo.generator.split import rejects_of
from demo.story.client import Wire
from demo.story.feeds import send_whole, wait_for_file
from demo.story.played import Cooperative, Played, SentFile, StoryOptions
from demo.story.telling import Narrator

AGENCY = "agency-feed"

REGISTRY_FILES = (
    "cooperatives.csv",
    "members.csv",
    "farm_households.xlsx",  # the same rows as the CSV, as a spreadsheet with Thai headings
    "plots.csv",
    "external_debts.csv",
)
"""In the order in which each finds what it refers to."""

FARMING_STATUSES = frozenset({"active", "suspended"})
"""Members for whom income is expected; the others have left."""


async def make_files(options: StoryOptions, narrator: Narrator) -> None:
    """Write what the province's agencies and co-operatives would send in the year."""
    with narrator.step("Making a year of files", options.members) as bar:
        await asyncio.to_thread(
            generate,
            province=options.province,
            cooperatives=options.cooperatives,
            members=options.members,
            seed=options.seed,
            out=options.folder,
            fiscal_year_be=options.fiscal_year_be,
            progress=bar.reach,
        )


def read_expected(folder: Path) -> dict[str, Any]:
    """What the generator says must come out of its files."""
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return expected


async def send_registry_files(wire: Wire, options: StoryOptions, narrator: Narrator) -> list[SentFile]:
    """Co-operatives, members, households, plots and debts to others, as the agencies send them."""
    expected = read_expected(options.folder)
    agency = wire.as_(AGENCY)
    sent = []
    for name in REGISTRY_FILES:
        rows = expected["files"][name]["rows"]
        with narrator.step(f"Registry takes in {name}", rows) as bar:
            file = await send_whole(
                agency,
                "registry",
                options.folder / name,
                list(rejects_of(expected, name)),
                rows,
                options.baseline_on,
            )
            await wait_for_file(agency, file, bar)
        sent.append(file)
    return sent


async def find_cooperatives(wire: Wire, options: StoryOptions) -> list[Cooperative]:
    """The province's co-operatives and farmer groups, in the order of their codes."""
    found = await wire.as_("analyst").list_all("/registry/v1/cooperatives", province=options.province)
    cooperatives = [Cooperative(one["id"], one["code"], one["name_th"], one["district_code"]) for one in found]
    return sorted(cooperatives, key=lambda one: one.code)


def farming_members(played: Played) -> int:
    """Members with a registered farm household, counted in the files: each gets an income plan."""
    folder = played.options.folder
    households = set(_column(folder / "farm_households.csv", "household_number"))
    with (folder / "members.csv").open(encoding="utf-8-sig", newline="") as file:
        refused = {reject.row for reject in rejects_of(read_expected(folder), "members.csv")}
        return sum(
            row["status"] in FARMING_STATUSES and row["household_number"] in households
            for number, row in enumerate(csv.DictReader(file), start=2)
            if number not in refused
        )


def _column(path: Path, name: str) -> list[str]:
    refused = {reject.row for reject in rejects_of(read_expected(path.parent), path.name)}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(enumerate(csv.DictReader(file), start=2))
    return [row[name] for number, row in rows if number not in refused]
