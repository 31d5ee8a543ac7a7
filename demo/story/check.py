"""Verifies a played story: the figures against an independent recomputation, and that nothing was lost on the way."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from demo.story.checks import Check
from demo.story.checks.dashboard import check_dashboard
from demo.story.checks.defects import check_files
from demo.story.checks.deliveries import check_deliveries
from demo.story.checks.figures import check_figures
from demo.story.checks.ledgers import check_ledgers
from demo.story.checks.quiet import Rebuild, check_quiet, check_rebuild
from demo.story.checks.reach import check_reach
from demo.story.client import open_wire
from demo.story.owners import read_debt, read_deliveries, read_loan_years
from demo.story.played import Played
from demo.story.telling import Narrator
from shared.chassis.settings import Settings


@dataclass(frozen=True)
class CheckReport:
    """All checks of one story."""

    checks: list[Check]
    seconds: float
    kpis: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether every check found what it should."""
        return all(check.ok for check in self.checks)

    def document(self, seconds: float | None = None, steps: dict[str, float] | None = None) -> dict[str, Any]:
        """The report as one JSON object.

        Args:
            seconds: of play and check together; those of the check alone when left out.
            steps: what each step of the story took.
        """
        return {
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
            "seconds": round(self.seconds if seconds is None else seconds, 1),
            "steps": steps or {},
            "kpis": {
                kpi["id"]: {
                    name: kpi[name] for name in ("numerator", "denominator", "value", "unit", "as_of", "target")
                }
                | ({"parts": {part["code"]: part["value"] for part in kpi["parts"]}} if kpi["parts"] else {})
                for kpi in self.kpis
            },
        }


async def check(played: Played, settings: Settings, rebuild: Rebuild, narrator: Narrator) -> CheckReport:
    """Verify what was played.

    Args:
        played: what the story hands over.
        settings: with the databases' owner passwords and the broker's address.
        rebuild: makes reporting's read model again and compares; it stands above this package.
        narrator: shows how far it is.

    Raises:
        StoryFailed: the suite does not answer.
    """
    began = time.monotonic()
    async with open_wire(played.access) as wire:
        with narrator.step("Checking", 8) as bar:
            checks = await check_quiet(settings)
            bar.advance()
            books, deliveries = await read_debt(settings), await read_deliveries(settings)
            bar.note("figures")
            checks += await check_figures(wire, played, books, sum(one.debt for one in deliveries))
            bar.advance()
            bar.note("ledgers")
            checks += check_ledgers(books, await read_loan_years(settings))
            bar.advance()
            bar.note("deliveries")
            checks += check_deliveries(played, deliveries, books)
            bar.advance()
            bar.note("files")
            checks += await check_files(wire, played, settings)
            bar.advance()
            bar.note("reach")
            checks.append(await check_reach(wire, played))
            bar.advance()
            bar.note("dashboard")
            checks.append(await check_dashboard(played))
            bar.advance()
            bar.note("rebuild")
        checks.append(await check_rebuild(rebuild))
    return CheckReport(checks, time.monotonic() - began, played.kpis)
