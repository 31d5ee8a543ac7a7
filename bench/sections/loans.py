"""Debt: the file of loans, the baseline, and the nightly close of many loans."""

import time

from bench import bare, feeds, jobs, people
from bench.fill import debt
from bench.machine import Machine, ask, owner_of
from bench.results import Row, Table
from bench.sizes import FULL, Sizes

IDS = ("import-loans", "baseline", "close")

_WARM = 100
_BASELINE_YEAR = 2566
_FIRST_NIGHT, _NIGHT = "2022-10-01", "2022-10-02"


async def measure(machine: Machine, sizes: Sizes, table: Table) -> None:
    """Import loans, then close nights over all loans of the design's size; the relay stands still meanwhile."""
    api = await machine.start_api("debt")
    machine.start("worker", "debt", "--only", "jobs")
    members = max(sizes.import_rows, sizes.loans // 2)
    await debt.add_members(0, members)
    content = people.loans_file(range(_WARM, sizes.import_rows))
    copied = await bare.copy_rate("debt", content)
    async with api.client(f"{feeds.SCOPES} close:run") as client:
        await feeds.send(client, "debt", "loans", people.loans_file(range(_WARM)))  # waits for the worker's start
        shown, seconds = await feeds.send(client, "debt", "loans", content)
        what = f"import of {shown['rows']:,} loans, file to rows and events in the outbox"
        table.add(Row("import-loans", what, shown["rows"] / seconds, "rows/s", 5_000, 10_000, copied))
        await debt.add_loans(sizes.loans - sizes.import_rows)
        loans = await ask("debt", "select count(*) from loan")
        seconds = await jobs.run(client, "/debt/v1/baselines", {"fiscal_year_be": _BASELINE_YEAR})
        overdue = await ask("debt", "select count(*) from cohort_loan")
        what = f"first close of {loans:,} loans and baseline: {overdue:,} overdue, each with events"
        table.add(Row("baseline", what, seconds, "s"))
        await jobs.run(client, "/debt/v1/closes", {"close_to": _FIRST_NIGHT})
        counted = await _count_unpaid()
        seconds = await jobs.run(client, "/debt/v1/closes", {"close_to": _NIGHT})
        fallen = await ask("debt", f"select count(*) from overdue_movement where posted_on = '{_NIGHT}'")
        what = f"nightly close of {loans:,} loans, {fallen:,} of them with a new instalment overdue"
        share = loans / FULL.loans  # what the design asks for, for as many loans
        table.add(Row("close", what, seconds, "s", 60 * share, 10 * share, counted))


async def _count_unpaid() -> float:
    """Seconds of one bare reading of every instalment: what any close must at least do without an index."""
    connection = await owner_of("debt")
    try:
        started = time.perf_counter()
        await connection.fetch("select cooperative_id, sum(principal - paid_principal) from instalment group by 1")
        return time.perf_counter() - started
    finally:
        await connection.close()
