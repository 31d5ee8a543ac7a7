"""Steps: one month of the year, from the files that come in to the close that reporting shows."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from demo.generator.split import MonthlyPart, split_by_month
from demo.story.client import Wire, until
from demo.story.feeds import send_part, wait_for_file
from demo.story.played import Cooperative, Played, StoryOptions
from demo.story.steps.books import CORE, close_month
from demo.story.steps.by_hand import act_by_hand
from demo.story.telling import Bar, Narrator

MONTHLY_FILES: Mapping[str, str] = {
    "payments.csv": "debt",
    "produce.csv": "livelihood",
    "training.csv": "literacy",
    "household_accounts.csv": "literacy",
}
"""The files that come after each month-end, and the service that takes them in."""

PRODUCE = "produce.csv"
"""Comes after the payments: a deduction takes what is overdue when it arrives, so one order gives one year."""

STEPS_A_MONTH = len(MONTHLY_FILES) + 5
MONTHS_TH = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip


async def split_files(options: StoryOptions) -> list[dict[str, MonthlyPart]]:
    """The year's dated files in monthly deliveries: for each month, the part of each file."""
    folder = options.folder
    parts = {name: await asyncio.to_thread(split_by_month, folder, name, folder / "monthly") for name in MONTHLY_FILES}
    return [{name: parts[name][month] for name in MONTHLY_FILES} for month in range(12)]


async def play_months(wire: Wire, played: Played, narrator: Narrator) -> None:
    """The twelve months of the fiscal year, one after the other."""
    for parts in await split_files(played.options):
        closed_on = parts["payments.csv"].as_of
        title = f"{MONTHS_TH[closed_on.month - 1]} {closed_on.year + 543} / {closed_on:%B %Y}"
        with narrator.step(title, STEPS_A_MONTH) as bar:
            await _play_month(wire, played, parts, closed_on, bar)


async def _play_month(wire: Wire, played: Played, parts: Mapping[str, MonthlyPart], closed_on: date, bar: Bar) -> None:
    bar.note("files come in")
    async with asyncio.TaskGroup() as files:
        for name, service in MONTHLY_FILES.items():
            if name != PRODUCE:
                files.create_task(_take_in(wire, played, service, parts[name], bar))
    bar.note("officers act")
    await act_by_hand(wire, played, closed_on)
    bar.advance()
    bar.note("produce is weighed")
    await _take_in(wire, played, MONTHLY_FILES[PRODUCE], parts[PRODUCE], bar)
    bar.note("household accounts are closed")
    await _close_accounts(wire, played, closed_on)
    bar.advance()
    bar.note("deductions from produce settle")
    await wait_until_nothing_is_held(wire, played.cooperatives)
    bar.advance()
    await close_month(wire, played, closed_on, bar)


async def _take_in(wire: Wire, played: Played, service: str, part: MonthlyPart, bar: Bar) -> None:
    if part.rows:  # a month without courses has no file
        core = wire.as_(CORE)
        sent = await send_part(core, service, part)
        await wait_for_file(core, sent)
        played.files.append(sent)
    bar.advance()


async def _close_accounts(wire: Wire, played: Played, closed_on: date) -> None:
    """The coach team closes the accounts of its co-operatives, the core system those of the others."""
    of_coach = {one.id for one in played.of_coach}
    async with asyncio.TaskGroup() as closings:
        for cooperative in played.cooperatives:
            closer = wire.as_("coach" if cooperative.id in of_coach else CORE)
            month = {
                "cooperative_id": cooperative.id,
                "month": closed_on.replace(day=1).isoformat(),
                "closed_on": closed_on.isoformat(),
            }
            step = f"accounts of {cooperative.code} {closed_on:%Y-%m}"
            closings.create_task(closer.post("/literacy/v1/household-months/close", month, step=step))


async def wait_until_nothing_is_held(wire: Wire, cooperatives: Sequence[Cooperative]) -> None:
    """Wait until debt has answered for every delivery: none is held and none is being undone."""
    chief = wire.as_("chief")

    async def none_open(cooperative: Cooperative) -> bool:
        for status in ("held", "reversing"):
            page = await chief.get(
                "/livelihood/v1/produce-deliveries", cooperative_id=cooperative.id, status=status, limit=1
            )
            if page["items"]:
                return False
        return True

    async def settled() -> bool | None:
        return True if all(await asyncio.gather(*map(none_open, cooperatives))) else None

    await until("every deduction from produce to be settled", settled)
