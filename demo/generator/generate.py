"""A province's feeds for one fiscal year: what agencies and co-operatives would send, drawn and written row by row.

The same arguments give the same bytes. Members are drawn one at a time from streams of their own, so memory depends on
the number of institutions and not on the number of members.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.generator import distributions, external, learning, loans, payments, produce
from demo.generator.crops import CROPS
from demo.generator.defects import FEED_FILES
from demo.generator.files import XLSX_ROWS_MOST, FeedFolder
from demo.generator.households import (
    HOUSEHOLD_HEADINGS_TH,
    Household,
    draw_household,
    household_row,
    plot_row,
)
from demo.generator.institutions import Institution, draw_institutions
from demo.generator.people import Member, draw_member, member_row
from demo.generator.randomness import stream
from demo.generator.writing import CENTRAL
from shared.kernel.calendar import fiscal_year_bounds

FISCAL_YEAR_BE = 2566
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written: data rows per file, people, and people who are members of two institutions."""

    folder: Path
    rows: dict[str, int]
    persons: int
    duplicate_persons: int


@dataclass(frozen=True, slots=True)
class Run:
    """What every part needs to know. The cut-over is the last day before the fiscal year."""

    seed: int
    fiscal_year_be: int
    first: date
    last: date
    cut_over_on: date
    institutions: Sequence[Institution]


class Numbers:
    """Numbers of receipts or deliveries of one institution and fiscal year: in order, none twice."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    def next_number(self) -> str:
        """The next number: ``R66-000001``."""
        self._count += 1
        return f"{self._prefix}-{self._count:06d}"


def generate(
    province: str,
    cooperatives: int,
    members: int,
    seed: int,
    out: Path,
    fiscal_year_be: int = FISCAL_YEAR_BE,
    progress: Progress | None = None,
) -> Generated:
    """Write the feeds of a province (two digits) or of ``"all"`` 74 provinces into the folder ``out``.

    ``progress`` is called after each institution with members done and members in all. Raises
    ImpossibleProvince when the province is unknown or the members do not go round.
    """
    first, last = fiscal_year_bounds(fiscal_year_be)
    cut_over_on = date.fromordinal(first.toordinal() - 1)
    institutions = draw_institutions(
        province=province, cooperatives=cooperatives, members=members, seed=seed, cut_over_on=cut_over_on
    )
    run = Run(seed, fiscal_year_be, first, last, cut_over_on, institutions)
    with FeedFolder(Path(out), FEED_FILES, seed, HOUSEHOLD_HEADINGS_TH, workbook=members <= XLSX_ROWS_MOST) as folder:
        done = 0
        for institution in institutions:
            _write_institution(run, folder, institution)
            done += institution.members
            if progress is not None:
                progress(done, members)
        repeated = folder["members.csv"].duplicates
        folder.head |= {
            "province": province,
            "cooperatives": cooperatives,
            "fiscal_year_be": fiscal_year_be,
            "cut_over_on": cut_over_on.isoformat(),
            "persons": members - repeated,
            "duplicate_persons": repeated,
            "planted": dict(sorted(_planted(institutions).items())),
        }
        return Generated(Path(out), folder.rows(), members - repeated, repeated)


def _planted(institutions: Sequence[Institution]) -> Counter[str]:
    """The harmless mess in all: what a reader must forgive."""
    total: Counter[str] = Counter()
    for institution in institutions:
        total += institution.style.planted
    return total


def _write_institution(run: Run, folder: FeedFolder, institution: Institution) -> None:
    folder["cooperatives.csv"].write(
        [
            institution.code,
            institution.kind,
            institution.cooperative_type,
            institution.name_th,
            institution.name_en,
            institution.province_code,
            institution.district_code,
            CENTRAL.date(institution.registered_on),
            institution.strength_level,
            "active",
        ]
    )
    receipts = Numbers(f"R{run.fiscal_year_be % 100:02d}")
    deliveries = Numbers(f"D{run.fiscal_year_be % 100:02d}")
    for ordinal in range(institution.members):
        member = draw_member(run.seed, run.institutions, institution, ordinal, run.cut_over_on)
        random = stream(run.seed, "feeds", institution.first_member_index + ordinal)
        folder["members.csv"].write(member_row(member, random), duplicate=member.repeated)
        household = draw_household(run.seed, member, run.cut_over_on)
        if household is not None and not member.repeated:
            folder["farm_households.csv"].write(household_row(household, member))
            for plot in household.plots:
                folder["plots.csv"].write(plot_row(household, plot))
        overdue = _write_debt(run, folder, member, household, receipts)
        if member.status in ("active", "suspended"):
            _write_year(run, folder, member, household, deliveries, overdue=overdue)


def _write_debt(run: Run, folder: FeedFolder, member: Member, household: Household | None, receipts: Numbers) -> bool:
    """Loans, payments and debts to others. Returns whether the member is overdue at the cut-over."""
    institution = member.institution
    random = stream(run.seed, "debt", institution.first_member_index + member.ordinal)
    borrows = random.random() < distributions.BORROWER_SHARE
    if not borrows or member.status in ("resigned", "expelled"):
        return False
    distressed = random.random() < institution.non_performing_share
    overdue = False
    for nth in range(1, distributions.loans_of_borrower(random) + 1):
        loan = loans.draw_loan(random, member, household, nth, run.cut_over_on, distressed=distressed)
        folder["loans.csv"].write(loans.loan_row(loan, member, run.cut_over_on))
        overdue = overdue or bool(loan.overdue)
        for payment in payments.draw_payments(random, loan, run.first, run.last):
            number = receipts.next_number()
            folder["payments.csv"].write(payments.payment_row(institution, loan, payment, number))
    if not member.repeated:
        for row in external.draw_external_debts(random, member.person, member.index, run.cut_over_on):
            folder["external_debts.csv"].write(row)
    return overdue


def _write_year(
    run: Run,
    folder: FeedFolder,
    member: Member,
    household: Household | None,
    deliveries: Numbers,
    *,
    overdue: bool,
) -> None:
    """Produce, courses and household accounts of a member in the fiscal year."""
    institution = member.institution
    random = stream(run.seed, "year", institution.first_member_index + member.ordinal)
    share = produce.DELIVERER_SHARE_OVERDUE if overdue else produce.DELIVERER_SHARE_OTHERS
    if household is not None and random.random() < share:
        for delivery in produce.draw_deliveries(random, household, run.first, run.last):
            row = produce.delivery_row(institution, member, delivery, deliveries.next_number())
            folder["produce.csv"].write(row)
    for row in learning.draw_training(random, member, run.first, overdue=overdue):
        folder["training.csv"].write(row)
    plots = household.plots if household else ()
    months = frozenset(month for plot in plots for month in CROPS[plot.crop].harvest_months)
    for row in learning.draw_account_months(random, member, run.first, months, overdue=overdue):
        folder["household_accounts.csv"].write(row)
