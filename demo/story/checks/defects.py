"""Every planted defect is rejected with its code, nothing else is, nobody waits, and people are told apart."""

import csv
import io
from dataclasses import replace

from demo.generator.split import Reject
from demo.story.checks import Check, verdict
from demo.story.client import Wire
from demo.story.owners import count_persons, read_as_owner
from demo.story.played import Played, SentFile
from demo.story.steps.province import AGENCY, read_expected
from shared.chassis.settings import SERVICES, Settings

CORE = "coop-core"


async def check_files(wire: Wire, played: Played, settings: Settings) -> list[Check]:
    """What became of every file."""
    faults: list[str] = []
    rejects = 0
    for file in played.files:
        caller = wire.as_(AGENCY if file.service == "registry" else CORE)
        delivery = await caller.get(f"/{file.service}/v1/feed-deliveries/{file.delivery_id}")
        text = await caller.get_text(f"/{file.service}/v1/feed-deliveries/{file.delivery_id}/rejects")
        faults += _count_faults(file, delivery) + reject_faults(file, text)
        rejects += len(file.rejects)
    rows = sum(file.rows for file in played.files)
    return [
        verdict(
            "planted defects are rejected, nothing else is",
            faults,
            f"{rejects} rows of {rows} in {len(played.files)} files",
        ),
        await _all_files_were_sent(played),
        await _nobody_waits(settings),
        await _persons(played, settings),
    ]


def _count_faults(file: SentFile, delivery: dict[str, object]) -> list[str]:
    wanted = {
        "rows": file.rows,
        "accepted": file.accepted,
        "rejected": len(file.rejects),
        "waiting": 0,
        "unchanged": 0,
        "older": 0,
    }
    return [
        f"{file.path.name}: {name} {delivery[name]} and not {count}"
        for name, count in wanted.items()
        if delivery[name] != count
    ]


def reject_faults(file: SentFile, text: str) -> list[str]:
    """Where the reject file differs from what must be refused; rows are named as in the year's own file."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    found = {_comparable(Reject(int(row["row"]), row["code"], row["column"])) for row in rows}
    wanted = {_comparable(reject) for reject in file.rejects}
    return [
        f"{file.feed} row {_original_row(file, reject)}: {reject.code} in {reject.column} {what}"
        for differing, what in ((wanted - found, "was not rejected"), (found - wanted, "was rejected"))
        for reject in sorted(differing, key=lambda reject: (reject.row, reject.code))
    ]


def _comparable(reject: Reject) -> Reject:
    """A key that stands twice is no fault of one of its columns."""
    return replace(reject, column="") if reject.code == "duplicate_in_file" else reject


def _original_row(file: SentFile, reject: Reject) -> int:
    return reject.row if file.part is None else file.part.original_row(reject.row)


async def _all_files_were_sent(played: Played) -> Check:
    """The parts of each file make up the whole of it."""
    sent: dict[str, int] = {}
    for file in played.files:
        sent[file.feed] = sent.get(file.feed, 0) + file.rows
    files = read_expected(played.options.folder)["files"]
    # Households go in as a spreadsheet; its CSV twin stays at home.
    wanted = {name: content["rows"] for name, content in files.items() if name != "farm_households.csv"}
    faults = [
        f"{name}: {sent.get(name, 0)} rows were sent of {wanted.get(name, 0)}"
        for name in sorted({*sent, *wanted})
        if sent.get(name, 0) != wanted.get(name, 0)
    ]
    return verdict("every row was sent", faults, f"{sum(wanted.values())} rows of {len(wanted)} files")


async def _nobody_waits(settings: Settings) -> Check:
    faults = []
    for service in SERVICES:
        async with read_as_owner(settings, service) as session:
            waiting = await session.scalar("select count(*) from feed_row where status = 'waiting'")
        if waiting:
            faults.append(f"{waiting} rows wait in {service}")
    return verdict("nobody waits", faults, "no row waits in any service")


async def _persons(played: Played, settings: Settings) -> Check:
    """Members of two co-operatives are one person each."""
    expected = read_expected(played.options.folder)
    found = await count_persons(settings)
    faults = [] if found == expected["persons"] else [f"{found} persons and not {expected['persons']}"]
    members = expected["files"]["members.csv"]["accepted"]
    return verdict(
        "people are told apart",
        faults,
        f"{members} members are {expected['persons']} persons, {expected['duplicate_persons']} of them twice",
    )
