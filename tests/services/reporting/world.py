"""A small made-up country: every event that reporting hears, consistent in itself and the same for the same seed.

Six co-operatives in four provinces and three regions; members, loans, cases, plans, payments, deliveries, courses and
household accounts over half a fiscal year; closes at month-ends, one of them stated again, one co-operative closed only
into its last month, and payments after the last close.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from shared.chassis.events import Event, Received
from shared.contracts import debt, literacy, livelihood, registry
from shared.kernel.calendar import add_months, month_end
from shared.kernel.identifiers import derived_id, uuid7

YEAR = 2566
BASELINE_ON = date(2022, 9, 30)
LAST_CLOSE = date(2023, 2, 28)
LAGGARD_CLOSE = date(2023, 1, 31)
LAGGARD_DAY = date(2023, 2, 10)
LAST_DAY = date(2023, 3, 20)

PLACES = (
    ("5201", "cooperative"),
    ("5201", "farmer_group"),
    ("5203", "cooperative"),
    ("5001", "cooperative"),
    ("3001", "cooperative"),
    ("9001", "cooperative"),
)


@dataclass(frozen=True)
class Said:
    """An event with the version and date of its envelope."""

    event: Event
    version: int
    effective_on: date


@dataclass
class World:
    """What happened, by kind; `said` is everything in the order in which it could first have been sent."""

    seed: int
    said: list[Said] = field(default_factory=list)
    cooperatives: list[registry.CooperativeRecorded] = field(default_factory=list)
    enrolments: list[registry.EnrolmentRecorded] = field(default_factory=list)
    cases: dict[UUID, debt.CaseRecorded] = field(default_factory=dict)
    postings: list[debt.PaymentPosted | debt.PaymentReversed] = field(default_factory=list)
    waivers: list[debt.WaiverBooked] = field(default_factory=list)
    settled: list[debt.DeductionSettled] = field(default_factory=list)
    baselines: list[debt.BaselineRecorded] = field(default_factory=list)
    closes: list[debt.BusinessDateClosed] = field(default_factory=list)
    assessments: list[literacy.AssessmentScored] = field(default_factory=list)
    ledger: dict[UUID, literacy.LedgerMonthRecorded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._versions: dict[UUID, int] = {}
        for number, (district, kind) in enumerate(PLACES):
            self._cooperative(number, district, kind)
        self._programmes()
        for cooperative in self.cooperatives:
            self._members(cooperative.cooperative_id)
        for cooperative in self.cooperatives:
            self._closes(cooperative.cooperative_id)

    def say(self, event: Event, effective_on: date, aggregate: UUID | None = None) -> None:
        """Record an event; a state's version is counted up by its aggregate."""
        version = 1
        if aggregate is not None:
            version = self._versions[aggregate] = self._versions.get(aggregate, 0) + 1
        self.said.append(Said(event, version, effective_on))

    def id(self, *parts: object) -> UUID:
        return derived_id("world", self.seed, *parts)

    def _cooperative(self, number: int, district: str, kind: str) -> None:
        cooperative_id = self.id("co-operative", number)
        for strength in (2, 1):
            event = registry.CooperativeRecorded(
                cooperative_id=cooperative_id,
                cooperative_code=f"C{number:03d}",
                kind=kind,
                cooperative_type="agricultural",
                name_th=f"สหกรณ์ {number}",
                name_en=f"Co-operative {number}",
                province_code=district[:2],
                district_code=district,
                strength_level=strength,
                status="active",
            )
            self.say(event, date(2022, 9, 1), cooperative_id)
        self.cooperatives.append(event)

    def _programmes(self) -> None:
        for code in ("A", "B"):
            programme_id = self.id("programme", code)
            phase = registry.ProgrammePhase(phase=1, starts_on=date(2022, 10, 1), ends_on=None)
            programme = registry.ProgrammeRecorded(
                programme_id=programme_id,
                programme_code=code,
                name_th=f"โครงการ {code}",
                name_en=f"Programme {code}",
                phases=(phase,),
                cooperatives_target=590,
                overdue_reduction_target_percent=Decimal(10),
            )
            self.say(programme, date(2022, 9, 1), programme_id)
        for number, code in ((0, "A"), (1, "A"), (2, "B"), (3, "A"), (4, "B")):
            enrolment_id = self.id("enrolment", number, code)
            enrolment = registry.EnrolmentRecorded(
                enrolment_id=enrolment_id,
                programme_id=self.id("programme", code),
                programme_code=code,
                phase=1,
                cooperative_id=self.cooperatives[number].cooperative_id,
                valid_from=date(2022, 10, 1),
                valid_to=date(2022, 12, 31) if number == 4 else None,
            )
            self.say(enrolment, date(2022, 10, 1), enrolment_id)
            self.enrolments.append(enrolment)
        assigned = tuple(
            registry.AssignedCooperative(
                cooperative_id=self.cooperatives[number].cooperative_id, valid_from=date(2022, 1, 1), valid_to=None
            )
            for number in (0, 2)
        )
        officer = registry.AssignmentRecorded(officer_id="officer", cooperatives=assigned)
        self.say(officer, date(2022, 10, 1), self.id("officer"))

    def _members(self, cooperative_id: UUID) -> None:
        self.baselines.append(self._baseline(cooperative_id))
        self.say(self.baselines[-1], BASELINE_ON)
        for number in range(5):
            member_id = self.id("member", cooperative_id, number)
            household_id = self.id("household", cooperative_id, number)
            for status in ("active", "suspended", "active"):
                member = registry.MemberRecorded(
                    member_id=member_id,
                    person_id=self.id("person", cooperative_id, number),
                    cooperative_id=cooperative_id,
                    member_number_hash=f"{number:064x}",
                    household_id=household_id,
                    member_kind="ordinary",
                    status=status,
                    birth_decade=1960,
                )
                self.say(member, date(2022, 9, 1), member_id)
            household = registry.HouseholdRecorded(
                household_id=household_id,
                cooperative_id=cooperative_id,
                head_member_id=member_id,
                district_code="5201",
                size=4,
                plots=(registry.Plot(crop="rice_wet", area_rai=Decimal("12.25")),),
            )
            self.say(household, date(2022, 9, 1), household_id)
            if number < 4:
                self._case(cooperative_id, member_id, number)
            self._money(cooperative_id, member_id)
            self._produce(cooperative_id, member_id)
            self._learning(cooperative_id, member_id, number)

    def _baseline(self, cooperative_id: UUID) -> debt.BaselineRecorded:
        overdue = self.random.randrange(50_000_00, 90_000_00)
        return debt.BaselineRecorded(
            cooperative_id=cooperative_id,
            fiscal_year_be=YEAR,
            baseline_on=BASELINE_ON,
            cohort_loans=4,
            cohort_members=4,
            cohort_overdue=overdue,
            overdue_all=overdue + 1_000_01,
            outstanding_all=overdue * 4,
            participants=4,
            participants_debt=overdue * 3,
        )

    def _case(self, cooperative_id: UUID, member_id: UUID, number: int) -> None:
        case_id, plan_id = self.id("case", member_id), self.id("plan", member_id)
        resolved_on = date(2023, 1, 10) + timedelta(days=20 * self.random.randrange(4))
        ends: list[tuple[str, date | None, str | None]] = [("identified", None, None), ("in_progress", None, None)]
        if number == 0:
            ends.append(("resolved", resolved_on, self.random.choice(("paid", "released", "reduced"))))
        for stage, day, resolution in ends:
            case = debt.CaseRecorded(
                case_id=case_id,
                cooperative_id=cooperative_id,
                member_id=member_id,
                fiscal_year_be=YEAR,
                stage=stage,
                segment="G2_LOW",
                dsr=Decimal("0.4212"),
                dscr=None,
                residual_ratio=None,
                overdue_at_opening=10_000_00,
                opened_on=date(2022, 10, 1) if number < 3 else date(2022, 12, 15),
                resolved_on=day,
                resolution=resolution,
            )
            self.say(case, date(2022, 10, 1), case_id)
        self.cases[case_id] = case
        for status, signed_on in (("proposed", None), ("accepted", date(2022, 11, 5))):
            plan = debt.PlanRecorded(
                plan_id=plan_id,
                case_id=case_id,
                cooperative_id=cooperative_id,
                member_id=member_id,
                status=status,
                standing="on_track",
                measures=("PRODUCE_DEDUCTION", "PENALTY_WAIVE"),
                deduction_share=Decimal("0.30"),
                overdue_covered=9_000_00,
                default_interest_waived=100_00,
                signed_on=signed_on,
                starts_on=signed_on,
                ends_on=None,
            )
            self.say(plan, date(2022, 11, 5), plan_id)

    def _money(self, cooperative_id: UUID, member_id: UUID) -> None:
        loan_id = self.id("loan", member_id)
        for balance in (60_000_00, 55_000_00):
            loan = debt.LoanRecorded(
                loan_id=loan_id,
                cooperative_id=cooperative_id,
                member_id=member_id,
                disbursed_on=date(2020, 5, 1),
                principal=80_000_00,
                annual_rate=Decimal("0.0850"),
                outstanding_principal=balance,
                overdue_principal=9_000_00,
                overdue_interest=1_000_00,
                oldest_unpaid_due_on=date(2021, 5, 1),
                loan_class="doubtful",
                status="active",
            )
            self.say(loan, date(2022, 10, 1), loan_id)
        for number in range(self.random.randrange(3, 8)):
            self._payment(
                cooperative_id, member_id, number, self.random.choice(("cash", "transfer", "savings_set_off"))
            )
        waiver = debt.WaiverBooked(
            waiver_id=self.id("waiver", member_id),
            loan_id=loan_id,
            cooperative_id=cooperative_id,
            member_id=member_id,
            plan_id=None,
            posted_on=date(2022, 11, 5),
            default_interest=100_00,
        )
        self.waivers.append(waiver)
        self.say(waiver, waiver.posted_on)

    def _payment(
        self, cooperative_id: UUID, member_id: UUID, number: object, channel: str, on: date | None = None
    ) -> debt.PaymentPosted:
        posted_on = on or date(2022, 10, 1) + timedelta(days=self.random.randrange((LAST_DAY - date(2022, 10, 1)).days))
        amount = self.random.randrange(100_00, 3_000_00)
        overdue = self.random.randrange(amount)
        figures = {
            "payment_id": self.id("payment", member_id, number),
            "loan_id": self.id("loan", member_id),
            "cooperative_id": cooperative_id,
            "member_id": member_id,
            "channel": channel,
        }
        posted = debt.PaymentPosted(
            **figures,
            posted_on=posted_on,
            value_on=posted_on,
            amount=amount,
            fee=0,
            default_interest=0,
            late_interest=0,
            interest=0,
            principal=amount,
            excess=0,
            overdue_reduced=overdue,
            cohorts=(debt.CohortPart(fiscal_year_be=YEAR, overdue_reduced=overdue // 2),),
        )
        self.postings.append(posted)
        self.say(posted, posted_on)
        if on is None and self.random.random() < 0.2:
            reversed_on = min(posted_on + timedelta(days=30), LAST_DAY)
            undone = debt.PaymentReversed(
                **figures,
                reversal_id=self.id("reversal", member_id, number),
                posted_on=reversed_on,
                value_on=posted_on,
                amount=-amount,
                fee=0,
                default_interest=0,
                late_interest=0,
                interest=0,
                principal=-amount,
                excess=0,
                overdue_reduced=-overdue,
                cohorts=(debt.CohortPart(fiscal_year_be=YEAR, overdue_reduced=-(overdue // 2)),),
            )
            self.postings.append(undone)
            self.say(undone, reversed_on)
        return posted

    def _produce(self, cooperative_id: UUID, member_id: UUID) -> None:
        delivery_id = self.id("delivery", member_id)
        about = {"delivery_id": delivery_id, "cooperative_id": cooperative_id, "member_id": member_id}
        day = date(2022, 11, 20) + timedelta(days=self.random.randrange(30))
        payment = self._payment(cooperative_id, member_id, "produce", "produce", on=day)
        gross = payment.amount * 3
        delivered = livelihood.ProduceDelivered(
            **about,
            delivered_on=day,
            crop="rice_wet",
            kilograms=Decimal("1200.5"),
            gross=gross,
            savings=0,
            paid=gross - payment.amount,
            held=payment.amount,
        )
        self.say(delivered, day)
        settled = debt.DeductionSettled(**about, applied=payment.amount, returned=0, posted_on=day)
        self.settled.append(settled)
        self.say(settled, day)
        revisions = [(1, gross, payment.amount)]
        if self.random.random() < 0.3:
            revisions.append((2, 0, 0))
            self.say(debt.DeductionUndone(**about, undone=payment.amount, posted_on=LAST_DAY), LAST_DAY)
        for revision, total, to_debt in revisions:
            end = livelihood.ProduceSettled(
                **about,
                revision=revision,
                settled_on=day + timedelta(days=revision),
                gross=total,
                debt=to_debt,
                savings=0,
                paid=total - to_debt,
            )
            self.say(end, day)
        refused = debt.DeductionRefused(
            **{**about, "delivery_id": self.id("refused", member_id)}, reason="nothing_overdue", refused_on=day
        )
        self.say(refused, day)
        income = livelihood.OccupationPlanRecorded(
            occupation_plan_id=self.id("occupation", member_id),
            cooperative_id=cooperative_id,
            member_id=member_id,
            household_id=None,
            fiscal_year_be=YEAR,
            months=(livelihood.IncomeMonth(month=date(2022, 11, 1), income=40_000_00, cost=20_000_00),),
        )
        self.say(income, day, self.id("occupation", member_id))

    def _learning(self, cooperative_id: UUID, member_id: UUID, number: int) -> None:
        about = {
            "course_id": self.id("course", cooperative_id),
            "cooperative_id": cooperative_id,
            "member_id": member_id,
        }
        day = date(2022, 12, 1) + timedelta(days=self.random.randrange(100))
        attended = literacy.SessionAttended(
            **about,
            attendance_id=self.id("attendance", member_id),
            session_id=self.id("session", cooperative_id),
            attended_on=day,
        )
        self.say(attended, day)
        for phase in ("pre", "post"):
            if phase == "post" and self.random.random() < 0.3:
                continue
            for revision in range(1, self.random.randrange(2, 4)):
                scored = literacy.AssessmentScored(
                    **about,
                    assessment_id=self.id("assessment", member_id, phase),
                    phase=phase,
                    score=Decimal(self.random.randrange(10_000)) / 100,
                    scored_on=day + timedelta(days=revision),
                    revision=revision,
                )
                self.say(scored, scored.scored_on)
                self.assessments.append(scored)
        kept = [*range(self.random.randrange(6)), *((5, 6, 7) if number < 2 else ())]  # the last three before the year
        for back in kept:
            ledger_id = self.id("ledger", member_id, back)
            for status in self.random.choice((("open",), ("open", "closed"), ("closed", "open", "closed"))):
                month = literacy.LedgerMonthRecorded(
                    ledger_month_id=ledger_id,
                    household_account_id=self.id("account", member_id),
                    cooperative_id=cooperative_id,
                    member_id=member_id,
                    household_id=None,
                    month=add_months(date(2023, 2, 1), -back),
                    status=status,
                    closed_on=None,
                    totals=literacy.CategoryTotals(food=3_000_00),
                )
                self.say(month, month.month, ledger_id)
            self.ledger[ledger_id] = month
        pledge_id = self.id("pledge", member_id)
        for state in ("pledged", "active"):
            pledge = literacy.SavingsPledgeRecorded(
                savings_pledge_id=pledge_id,
                cooperative_id=cooperative_id,
                member_id=member_id,
                amount_per_month=200_00,
                starts_on=date(2022, 12, 1),
                ends_on=None,
                status=state,
            )
            self.say(pledge, date(2022, 12, 1), pledge_id)

    def _closes(self, cooperative_id: UUID) -> None:
        is_laggard = cooperative_id == self.cooperatives[-1].cooperative_id
        last = LAGGARD_DAY if is_laggard else LAST_CLOSE
        covers_from: date | None = None
        closed_on = BASELINE_ON
        while closed_on <= last:
            again = closed_on == date(2022, 12, 31) and cooperative_id == self.cooperatives[0].cooperative_id
            for revision in (1, 2) if again else (1,):
                close = self._close(cooperative_id, closed_on, revision, covers_from)
                self.closes.append(close)
                self.say(close, closed_on)
            covers_from = closed_on + timedelta(days=1)
            closed_on = month_end(covers_from)
            if is_laggard and covers_from < LAGGARD_DAY < closed_on:
                closed_on = LAGGARD_DAY

    def _close(
        self, cooperative_id: UUID, closed_on: date, revision: int, covers_from: date | None
    ) -> debt.BusinessDateClosed:
        baseline = next(one for one in self.baselines if one.cooperative_id == cooperative_id)
        parts = debt.PartsOfChange(
            cash=self.random.randrange(5_000_00),
            produce=self.random.randrange(5_000_00),
            set_off=self.random.randrange(1_000_00),
            waived=self.random.randrange(1_000_00),
            written_off=0,
            rescheduled=self.random.randrange(1_000_00),
            left_cohort=self.random.randrange(1_000_00),
            newly_overdue=-self.random.randrange(3_000_00),
        )
        cohort = debt.CohortStanding(
            fiscal_year_be=YEAR,
            baseline_on=BASELINE_ON,
            overdue_at_baseline=baseline.cohort_overdue,
            overdue=baseline.cohort_overdue - sum(parts.model_dump().values()),
            parts=parts,
            loans=4,
            loans_cured=self.random.randrange(4),
            participants_debt_at_baseline=baseline.participants_debt,
            participants_debt=baseline.participants_debt - self.random.randrange(9_000_00),
        )
        return debt.BusinessDateClosed(
            cooperative_id=cooperative_id,
            closed_on=closed_on,
            revision=revision,
            covers_from=covers_from,
            control=self._control(cooperative_id, covers_from or date.min, closed_on),
            loans=5,
            loans_overdue=4,
            outstanding_principal=self.random.randrange(100_000_00, 200_000_00),
            overdue_principal=self.random.randrange(40_000_00),
            overdue_interest=self.random.randrange(5_000_00),
            npl_principal=self.random.randrange(50_000_00),
            members_borrowing=5,
            members_overdue=4,
            members_overdue_with_plan=self.random.randrange(5),
            cases_active=4,
            cohorts=(cohort,) if closed_on > BASELINE_ON else (),
            cause="correction" if revision > 1 else None,
        )

    def _control(self, cooperative_id: UUID, first: date, last: date) -> debt.ControlTotals:
        def within(day: date) -> bool:
            return first <= day <= last

        own = [one for one in self.postings if one.cooperative_id == cooperative_id and within(one.posted_on)]
        paid = [one.amount for one in own if isinstance(one, debt.PaymentPosted)]
        undone = [one.amount for one in own if isinstance(one, debt.PaymentReversed)]
        waived = [
            one.default_interest
            for one in self.waivers
            if one.cooperative_id == cooperative_id and within(one.posted_on)
        ]
        applied = [
            one.applied for one in self.settled if one.cooperative_id == cooperative_id and within(one.posted_on)
        ]
        return debt.ControlTotals(
            payments=len(paid),
            payments_amount=sum(paid),
            reversals=len(undone),
            reversals_amount=sum(undone),
            waivers=len(waived),
            waivers_amount=sum(waived),
            deductions_settled=len(applied),
            deductions_applied=sum(applied),
        )


def received(said: Said, offset: int = 0) -> Received[Event]:
    """The event as a handler gets it; its message id is new each time, as after a replay."""
    return Received(
        event=said.event,
        event_id=uuid7(),
        epoch=1,
        version=said.version,
        effective_on=said.effective_on,
        topic=said.event.topic.name,
        partition=0,
        offset=offset,
        key=said.event.key,
        correlation_id=None,
        occurred_at=datetime(2022, 10, 1, tzinfo=UTC),
    )
