"""Steps: the books. Loans come in, the baseline is frozen, days are closed, and reporting follows."""

from datetime import date

from demo.generator.split import rejects_of
from demo.story.client import Caller, StoryFailed, Wire, until
from demo.story.feeds import send_whole, wait_for_file
from demo.story.jobs import run_job
from demo.story.played import Played
from demo.story.steps.province import farming_members, read_expected
from demo.story.telling import Bar, Narrator

CORE = "coop-core"
CLOSER = "chief"


async def send_loans(wire: Wire, played: Played, narrator: Narrator) -> None:
    """The co-operatives' core system sends its loans with their opening positions."""
    options, core = played.options, wire.as_(CORE)
    expected = read_expected(options.folder)
    rows = expected["files"]["loans.csv"]["rows"]
    with narrator.step("Loans enter the ledger", rows) as bar:
        path = options.folder / "loans.csv"
        file = await send_whole(core, "debt", path, list(rejects_of(expected, "loans.csv")), rows, options.baseline_on)
        await wait_for_file(core, file, bar)
    played.files.append(file)


async def compute_incomes(wire: Wire, played: Played, narrator: Narrator) -> None:
    """Expected income by month, from what grows on the households' plots.

    Households reach livelihood by event: until all have come, the work is asked for again; what is computed already
    stays as it is.
    """
    core = wire.as_(CORE)
    wanted = farming_members(played)
    body = {"fiscal_year_be": played.options.fiscal_year_be}
    with narrator.step("Expected income by month", wanted) as bar:
        attempt = 0

        async def all_computed() -> bool | None:
            nonlocal attempt
            attempt += 1
            job = await run_job(core, "/livelihood/v1/income-plans/compute", body, step=f"incomes {attempt}")
            members = int(job["result"]["members"])
            bar.reach(members)
            if members > wanted:
                raise StoryFailed(f"{members} members have a household in livelihood, and the files hold {wanted}")
            return True if members == wanted else None

        await until(f"the incomes of {wanted} households", all_computed)


async def freeze_baseline(wire: Wire, played: Played, narrator: Narrator) -> None:
    """Close up to the day before the year, freeze what is overdue then, and open a case for each such member."""
    options = played.options
    with narrator.step(f"Baseline of {options.baseline_on:%d.%m.%Y}, cohort and cases", 1) as bar:
        body = {"fiscal_year_be": options.fiscal_year_be}
        await run_job(wire.as_(CLOSER), "/debt/v1/baselines", body, step="baseline", bar=bar)
        bar.note("until reporting has it")
        await wait_for_reporting(wire, played, options.baseline_on)


async def close_month(wire: Wire, played: Played, closed_on: date, bar: Bar) -> None:
    """Close to the month's last day, and wait until reporting shows it with everything that was posted."""
    bar.note("close")
    body = {"close_to": closed_on.isoformat()}
    await run_job(wire.as_(CLOSER), "/debt/v1/closes", body, step=f"close {closed_on}")
    bar.advance()
    bar.note("until reporting has it")
    await wait_for_reporting(wire, played, closed_on)
    bar.advance()


async def wait_for_reporting(wire: Wire, played: Played, closed_on: date) -> None:
    """Wait until the province's figure stands for that close in all co-operatives, with every posting up to it."""
    chief = wire.as_(CLOSER)
    options = played.options

    async def stands() -> bool | None:
        figure = await chief.get("/reporting/v1/kpis/K01", area=options.province, fiscal_year_be=options.fiscal_year_be)
        as_of = figure["as_of"]  # later than the close only when a story is told again
        reached = figure["cooperatives_reached"] == figure["cooperatives_total"] == len(played.cooperatives)
        return True if reached and as_of is not None and date.fromisoformat(as_of) >= closed_on else None

    await until(f"reporting to stand at {closed_on}", stands)
    if closed_on >= options.first:
        await until(f"reporting to have every posting up to {closed_on}", lambda: _complete(chief, played, closed_on))


async def _complete(chief: Caller, played: Played, closed_on: date) -> bool | None:
    months = await chief.list_all(
        "/reporting/v1/completeness", area=played.options.province, fiscal_year_be=played.options.fiscal_year_be
    )
    due = [month for month in months if month["month"] <= closed_on.replace(day=1).isoformat()]
    return True if due and all(month["complete"] for month in due) else None
