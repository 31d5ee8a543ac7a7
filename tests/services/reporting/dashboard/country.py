"""A made-up fiscal year for the pages: co-operatives all over the country, as events that reporting hears.

Figures move as in life: produce pays after the harvest, some places fall behind, one closes late, payments follow the
last close. The same seed makes the same country.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from shared.contracts import debt, literacy, registry
from shared.kernel.areas import DISTRICTS, PROVINCES
from shared.kernel.calendar import month_ends
from shared.kernel.identifiers import derived_id
from tests.services.reporting.world import Said

YEAR = 2566
BASELINE_ON = date(2022, 9, 30)
LAST_CLOSE = date(2023, 5, 31)
LATE_CLOSE = date(2023, 4, 30)
HOME_PROVINCE = "52"
EMPTY_PROVINCES = frozenset({"11", "82", "83"})

HOSTILE_NAME = """</script><script>alert(1)</script><img src=x onerror=alert(2)>'"&{{7*7}}"""

# How much of the year's effect is there by each month-end: rice is sold from November to January.
_PROGRESS = (0, 30, 130, 330, 480, 560, 620, 700, 760)
_PARTS = (("cash", 34), ("produce", 41), ("set_off", 6), ("waived", 8), ("rescheduled", 14), ("left_cohort", 3))
_KINDS = (
    ("cooperative", "agricultural", "สหกรณ์การเกษตร{}", "{} Agricultural Co-operative"),
    ("farmer_group", "rice", "กลุ่มเกษตรกรทำนา{}", "{} Rice Farmers' Group"),
    ("cooperative", "settlement", "สหกรณ์นิคม{}", "{} Settlement Co-operative"),
)


@dataclass
class Country:
    """`said` holds every event; `cooperatives` the places by id. `share_percent` thins the rest of the country out."""

    seed: int = 7
    share_percent: int = 100
    has_hostile_name: bool = False
    said: list[Said] = field(default_factory=list)
    cooperatives: list[registry.CooperativeRecorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        for code in ("A", "B"):
            self._programme(code)
        for district, number in self._places():
            self._place(district, number)
        assigned = [one for one in self.cooperatives if one.province_code == HOME_PROVINCE][:4]
        cooperatives = tuple(
            registry.AssignedCooperative(cooperative_id=one.cooperative_id, valid_from=date(2022, 1, 1), valid_to=None)
            for one in assigned
        )
        self.say(registry.AssignmentRecorded(officer_id="officer", cooperatives=cooperatives), BASELINE_ON)

    def say(self, event: Any, effective_on: date) -> None:
        self.said.append(Said(event, 1, effective_on))

    def id(self, *parts: object) -> UUID:
        return derived_id("country", self.seed, *parts)

    def _places(self) -> Iterator[tuple[str, int]]:
        for province in sorted(PROVINCES):
            districts = sorted(code for code in DISTRICTS if code.startswith(province))
            if province == HOME_PROVINCE:
                yield from (
                    (district, number) for district in districts[:9] for number in range(1 + (district < "5203"))
                )
            elif self.has_hostile_name and province == "50":
                yield "5001", 0
            elif province not in EMPTY_PROVINCES and self.random.randrange(100) < self.share_percent:
                for district in districts[: 2 + self.random.randrange(8)]:
                    yield district, 0

    def _programme(self, code: str) -> None:
        phase = registry.ProgrammePhase(phase=1, starts_on=date(2022, 10, 1), ends_on=None)
        programme = registry.ProgrammeRecorded(
            programme_id=self.id("programme", code),
            programme_code=code,
            name_th=f"โครงการ {code}",
            name_en=f"Programme {code}",
            phases=(phase,),
            cooperatives_target=590,
            overdue_reduction_target_percent=Decimal(10),
        )
        self.say(programme, BASELINE_ON)

    def _place(self, district_code: str, number: int) -> None:
        cooperative_id = self.id("cooperative", district_code, number)
        kind, cooperative_type, name_th, name_en = _KINDS[(int(district_code) + number) % len(_KINDS)]
        district = DISTRICTS[district_code]
        cooperative = registry.CooperativeRecorded(
            cooperative_id=cooperative_id,
            cooperative_code=f"{district_code}{number:02d}",
            kind=kind,
            cooperative_type=cooperative_type,
            name_th=name_th.format(district.name_th),
            name_en=name_en.format(district.name_en),
            province_code=district_code[:2],
            district_code=district_code,
            strength_level=1,
            status="active",
        )
        if self.has_hostile_name and district_code == "5001":
            cooperative = cooperative.model_copy(update={"name_th": HOSTILE_NAME, "name_en": HOSTILE_NAME})
        self.cooperatives.append(cooperative)
        self.say(cooperative, BASELINE_ON)
        code = "A" if self.random.random() < 0.6 else "B"
        enrolment = registry.EnrolmentRecorded(
            enrolment_id=self.id("enrolment", cooperative_id),
            programme_id=self.id("programme", code),
            programme_code=code,
            phase=1,
            cooperative_id=cooperative_id,
            valid_from=date(2022, 10, 1),
            valid_to=None,
        )
        self.say(enrolment, BASELINE_ON)
        overdue = self.random.randrange(400_000_00, 6_000_000_00)
        self._baseline(cooperative_id, overdue)
        self._closes(cooperative_id, overdue)
        for member in range(4):
            self._member(cooperative_id, self.id("member", cooperative_id, member))

    def _baseline(self, cooperative_id: UUID, overdue: int) -> None:
        baseline = debt.BaselineRecorded(
            cooperative_id=cooperative_id,
            fiscal_year_be=YEAR,
            baseline_on=BASELINE_ON,
            cohort_loans=60,
            cohort_members=48,
            cohort_overdue=overdue,
            overdue_all=overdue,
            outstanding_all=overdue * 4,
            participants=40,
            participants_debt=overdue * 3,
        )
        self.say(baseline, BASELINE_ON)

    def _closes(self, cooperative_id: UUID, overdue: int) -> None:
        # In thousandths of the baseline by the year's end; a place in twelve slips back.
        strength = self.random.randrange(60, 240) if self.random.random() > 0.08 else -self.random.randrange(10, 60)
        last = LATE_CLOSE if self.random.random() < 0.02 else LAST_CLOSE
        covers_from: date | None = None
        for progress, closed_on in zip(_PROGRESS, month_ends(BASELINE_ON, last), strict=False):
            parts = self._parts(overdue, strength, progress)
            left = overdue - sum(parts.model_dump().values())
            close = debt.BusinessDateClosed(
                cooperative_id=cooperative_id,
                closed_on=closed_on,
                revision=1,
                covers_from=covers_from,
                control=debt.ControlTotals(
                    payments=0,
                    payments_amount=0,
                    reversals=0,
                    reversals_amount=0,
                    waivers=0,
                    waivers_amount=0,
                    deductions_settled=0,
                    deductions_applied=0,
                ),
                loans=140,
                loans_overdue=55,
                outstanding_principal=overdue * 4 - (overdue - left),
                overdue_principal=left * 8 // 10,
                overdue_interest=left - left * 8 // 10,
                npl_principal=left * 13 // 10,
                members_borrowing=110,
                members_overdue=48,
                members_overdue_with_plan=min(46, 4 + progress // 18),
                cases_active=40,
                cohorts=(self._standing(overdue, left, parts, progress),) if closed_on > BASELINE_ON else (),
                cause=None,
            )
            self.say(close, closed_on)
            covers_from = closed_on + timedelta(days=1)

    def _parts(self, overdue: int, strength: int, progress: int) -> debt.PartsOfChange:
        effect = overdue * max(strength, 15) * progress // 1_000_000
        shares = {name: effect * share // 100 for name, share in _PARTS}
        newly = overdue * (max(strength, 0) // 8 + (0 if strength > 0 else 15 - strength)) * progress // 1_000_000
        return debt.PartsOfChange(**shares, newly_overdue=-newly)

    def _standing(self, overdue: int, left: int, parts: debt.PartsOfChange, progress: int) -> debt.CohortStanding:
        return debt.CohortStanding(
            fiscal_year_be=YEAR,
            baseline_on=BASELINE_ON,
            overdue_at_baseline=overdue,
            overdue=left,
            parts=parts,
            loans=60,
            loans_cured=max(0, (overdue - left) * 40 // overdue),
            participants_debt_at_baseline=overdue * 3,
            participants_debt=overdue * 3 - overdue * progress // 9_000,
        )

    def _member(self, cooperative_id: UUID, member_id: UUID) -> None:
        about = {"cooperative_id": cooperative_id, "member_id": member_id}
        is_released = self.random.random() < 0.12
        case = debt.CaseRecorded(
            **about,
            case_id=self.id("case", member_id),
            fiscal_year_be=YEAR,
            stage="resolved" if is_released else "in_progress",
            segment="G2_LOW",
            dsr=None,
            dscr=None,
            residual_ratio=None,
            overdue_at_opening=10_000_00,
            opened_on=BASELINE_ON + timedelta(days=1),
            resolved_on=date(2023, 2, 10) if is_released else None,
            resolution="paid" if is_released else None,
        )
        self.say(case, case.opened_on)
        for number, channel in enumerate(("cash", "produce", "transfer")):
            day = date(2022, 11, 20) + timedelta(days=self.random.randrange(120))
            self.say(self.payment(cooperative_id, member_id, number, channel, day, 900_00 + number * 350_00), day)
        before = self.random.randrange(40_00, 62_00)
        for phase, score in (("pre", before), ("post", before + self.random.randrange(4_00, 24_00))):
            scored = literacy.AssessmentScored(
                **about,
                course_id=self.id("course", cooperative_id),
                assessment_id=self.id("assessment", member_id, phase),
                phase=phase,
                score=Decimal(score) / 100,
                scored_on=date(2023, 1, 20),
                revision=1,
            )
            self.say(scored, scored.scored_on)
        for month in range(2, 6) if self.random.random() < 0.6 else ():
            ledger = literacy.LedgerMonthRecorded(
                **about,
                ledger_month_id=self.id("ledger", member_id, month),
                household_account_id=self.id("account", member_id),
                household_id=None,
                month=date(2023, month, 1),
                status="closed",
                closed_on=None,
                totals=literacy.CategoryTotals(food=3_000_00),
            )
            self.say(ledger, ledger.month)

    def payment(
        self, cooperative_id: UUID, member_id: UUID, number: object, channel: str, day: date, amount: int
    ) -> debt.PaymentPosted:
        """A payment of which all went into the cohort's overdue debt."""
        return debt.PaymentPosted(
            payment_id=self.id("payment", member_id, number),
            loan_id=self.id("loan", member_id),
            cooperative_id=cooperative_id,
            member_id=member_id,
            posted_on=day,
            value_on=day,
            channel=channel,
            amount=amount,
            fee=0,
            default_interest=0,
            late_interest=0,
            interest=0,
            principal=amount,
            excess=0,
            overdue_reduced=amount,
            cohorts=(debt.CohortPart(fiscal_year_be=YEAR, overdue_reduced=amount),),
        )
