"""KPIs computed again, naively, from the list of what happened: the judge of what reporting answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from shared.contracts import debt, literacy
from shared.contracts.registry import CooperativeRecorded
from shared.kernel.areas import region_of
from shared.kernel.calendar import add_months, fiscal_year_bounds, month_end
from tests.services.reporting.world import BASELINE_ON, YEAR, World

PARTS = ("cash", "produce", "set_off", "waived", "written_off", "rescheduled", "left_cohort", "newly_overdue")


def within(area: str) -> Callable[[CooperativeRecorded], bool]:
    """Whether a co-operative lies in an area."""

    def test(one: CooperativeRecorded) -> bool:
        codes = ("TH", region_of(one.province_code), one.province_code, one.district_code, str(one.cooperative_id))
        return area in codes

    return test


@dataclass
class Judge:
    """Answers for one area, date and programme; amounts in satang."""

    world: World
    area: str = "TH"
    as_of: date | None = None
    programme: str | None = None

    @property
    def bound(self) -> date:
        return self.as_of or fiscal_year_bounds(YEAR)[1]

    @property
    def ids(self) -> list[UUID]:
        enrolled = {one.cooperative_id for one in self.world.enrolments if one.programme_code == self.programme}
        return [
            one.cooperative_id
            for one in self.world.cooperatives
            if within(self.area)(one) and (self.programme is None or one.cooperative_id in enrolled)
        ]

    def close(self, cooperative_id: UUID) -> debt.BusinessDateClosed:
        known = [
            one for one in self.world.closes if one.cooperative_id == cooperative_id and one.closed_on <= self.bound
        ]
        return max(known, key=lambda one: (one.closed_on, one.revision))

    def cohort(self, cooperative_id: UUID) -> debt.CohortStanding:
        close = self.close(cooperative_id)
        if close.cohorts:
            return close.cohorts[0]
        baseline = self.baseline(cooperative_id)
        return debt.CohortStanding(
            fiscal_year_be=YEAR,
            baseline_on=BASELINE_ON,
            overdue_at_baseline=baseline.cohort_overdue,
            overdue=baseline.cohort_overdue,
            parts=debt.PartsOfChange(),
            loans=baseline.cohort_loans,
            loans_cured=0,
            participants_debt_at_baseline=baseline.participants_debt,
            participants_debt=baseline.participants_debt,
        )

    def baseline(self, cooperative_id: UUID) -> debt.BaselineRecorded:
        return next(one for one in self.world.baselines if one.cooperative_id == cooperative_id)

    @property
    def stated_on(self) -> date:
        return self.as_of or max(self.close(one).closed_on for one in self.ids)

    def postings(self, *, since_close: bool) -> list[debt.PaymentPosted | debt.PaymentReversed]:
        ids = set(self.ids)
        return [
            one
            for one in self.world.postings
            if one.cooperative_id in ids
            and one.posted_on <= self.bound
            and not (since_close and one.posted_on <= self.close(one.cooperative_id).closed_on)
        ]

    def cohort_paid_since(self, channels: set[str]) -> int:
        return sum(
            part.overdue_reduced
            for one in self.postings(since_close=True)
            if one.channel in channels
            for part in one.cohorts
        )

    def parts(self) -> dict[str, int]:
        stated = {name: sum(getattr(self.cohort(one).parts, name) for one in self.ids) for name in PARTS}
        stated["cash"] += self.cohort_paid_since({"cash", "transfer"})
        stated["produce"] += self.cohort_paid_since({"produce"})
        stated["set_off"] += self.cohort_paid_since({"savings_set_off", "share_set_off"})
        return stated

    def answers(self) -> dict[str, tuple[Fraction, Fraction | None]]:
        """Numerator and denominator of every KPI: baht, rows or points."""
        cohorts = [self.cohort(one) for one in self.ids]
        closes = [self.close(one) for one in self.ids]
        overdue = [one.overdue_principal + one.overdue_interest for one in closes]
        outstanding = sum(one.outstanding_principal for one in closes)
        all_baseline = sum(self.baseline(one).overdue_all for one in self.ids)
        reduced_since = sum(one.overdue_reduced for one in self.postings(since_close=True))
        debt_before = sum(one.participants_debt_at_baseline for one in cohorts)
        flows = self.postings(since_close=False)
        cases = self.cases()
        gains = self.gains()
        change = sum(self.parts().values())
        return {
            "K01": (_baht(change), _baht(sum(one.overdue_at_baseline for one in cohorts))),
            "K01x": (_baht(change), None),
            "K01b": (_baht(all_baseline - sum(overdue) + reduced_since), _baht(all_baseline)),
            "K01c": (_baht(debt_before - sum(one.participants_debt for one in cohorts)), _baht(debt_before)),
            "K02": (Fraction(len({one.cooperative_id for one in cases})), None),
            "K06": (_baht(sum(one.npl_principal for one in closes)), _baht(outstanding)),
            "K07": (_baht(sum(overdue)), _baht(outstanding)),
            "K08": (Fraction(sum(one.loans_cured for one in cohorts)), Fraction(sum(one.loans for one in cohorts))),
            "K10": (
                Fraction(sum(one.members_overdue_with_plan for one in closes)),
                Fraction(sum(one.members_overdue for one in closes)),
            ),
            "K14": (Fraction(len([one for one in cases if self.is_released(one)])), None),
            "K17": (
                _baht(sum(one.amount for one in flows if one.channel == "produce")),
                _baht(sum(one.amount for one in flows)),
            ),
            "K20": (Fraction(self.active(cases)), Fraction(len(cases))),
            "K21": (sum(gains, Fraction(0)), Fraction(len(gains))),
        }

    def cases(self) -> list[debt.CaseRecorded]:
        ids = set(self.ids)
        return [one for one in self.world.cases.values() if one.cooperative_id in ids and one.opened_on <= self.bound]

    def is_released(self, case: debt.CaseRecorded) -> bool:
        resolved_on = case.resolved_on
        return case.resolution in ("paid", "released") and resolved_on is not None and resolved_on <= self.bound

    def active(self, cases: list[debt.CaseRecorded]) -> int:
        stated_on = self.stated_on
        last = stated_on if stated_on == month_end(stated_on) else add_months(stated_on, -1)
        months = {add_months(last.replace(day=1), -back) for back in range(6)}
        count = 0
        for case in cases:
            closed = {
                one.month
                for one in self.world.ledger.values()
                if one.member_id == case.member_id and one.status == "closed"
            }
            if case.opened_on <= max(month_end(last), fiscal_year_bounds(YEAR)[0]) and len(closed & months) >= 3:
                count += 1
        return count

    def gains(self) -> list[Fraction]:
        ids = set(self.ids)
        newest: dict[tuple[UUID, str], literacy.AssessmentScored] = {}
        for one in self.world.assessments:
            if one.cooperative_id in ids:
                known = newest.get((one.member_id, one.phase))
                if known is None or known.revision < one.revision:
                    newest[one.member_id, one.phase] = one
        gains = []
        for (member_id, phase), post in newest.items():
            pre = newest.get((member_id, "pre"))
            if phase == "post" and pre is not None and max(pre.scored_on, post.scored_on) <= self.bound:
                gains.append(Fraction(post.score) - Fraction(pre.score))
        return gains


def _baht(satang: int) -> Fraction:
    return Fraction(satang, 100)
