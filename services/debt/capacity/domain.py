"""What a household can pay: ratios with all their inputs shown, and the group they put the debtor in.

Farm income comes once or twice a year, so everything is annual. Amounts are integer satang; a ratio keeps its exact
numerator and denominator and is judged by these, never by its rounded value. Thresholds are data with their source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from services.debt.errors import CapacityInputsInvalid
from shared.kernel.errors import FieldProblem
from shared.kernel.money import half_up

MONTHS_IN_YEAR = 12
RATIO_PLACES = Decimal("0.0001")


class Segment(StrEnum):
    """The groups of debtors. The first three are those of the cabinet's resolution of 2015."""

    RELEASE = "G1_RELEASE"
    LOW = "G2_LOW"
    SHOCK = "G3_SHOCK"
    ABLE = "G4_ABLE"
    WATCH = "G5_WATCH"


SEGMENT_LABELS_TH: Mapping[Segment, str] = {
    Segment.RELEASE: "ไม่มีศักยภาพ",
    Segment.LOW: "ศักยภาพต่ำ",
    Segment.SHOCK: "มีศักยภาพแต่มีเหตุสุดวิสัย",
    Segment.ABLE: "มีศักยภาพ",
    Segment.WATCH: "เฝ้าระวัง",
}


class Flag(StrEnum):
    """What an officer must see beside the group. ``UNWILLING`` is for officers only, never for a forum."""

    DSR_WARN = "DSR_WARN"
    DSR_STOP = "DSR_STOP"
    RESIDUAL_LOW = "RESIDUAL_LOW"
    UNWILLING = "UNWILLING"


@dataclass(frozen=True, slots=True)
class CapacityInputs:
    """A household's year: income, costs and all its creditors. Amounts in satang a year.

    ``debt_service`` is principal and interest due to every lender in the next twelve months, with what is overdue: that
    is due now. ``total_debt`` is what is owed to every lender. ``dscr_three_years`` is the mean coverage of the last
    three years, if known.
    """

    farm_income: int
    nonfarm_income: int
    transfers: int
    farm_cost: int
    household_expense: int
    household_size: int
    debt_service: int
    total_debt: int
    dscr_three_years: Decimal | None = None
    disaster: bool = False
    without_earner: bool = False
    days_past_due: int = 0

    @property
    def gross_income(self) -> int:
        return self.farm_income + self.nonfarm_income + self.transfers

    @property
    def net_cash_flow(self) -> int:
        """What is left for debt: income less farm cost and the household's expense."""
        return self.gross_income - self.farm_cost - self.household_expense


@dataclass(frozen=True, slots=True)
class CapacityPolicy:
    """Thresholds from a day on. ``assumption`` marks what no regulation fixes for co-operatives."""

    effective_from: date
    low_below: Decimal
    shock_below: Decimal
    able_from: Decimal
    dsr_warn_above: Decimal
    dsr_stop_above: Decimal
    residual_ratio_min: Decimal
    unwilling_days_past_due: int
    source: str
    assumption: bool


CAPACITY_POLICIES: tuple[CapacityPolicy, ...] = (
    CapacityPolicy(
        effective_from=date.min,
        low_below=Decimal("0.8"),
        shock_below=Decimal("1.0"),
        able_from=Decimal("1.2"),
        dsr_warn_above=Decimal("0.60"),
        dsr_stop_above=Decimal("0.70"),
        residual_ratio_min=Decimal("0.30"),
        unwilling_days_past_due=180,
        source="DSR: the Bank of Thailand's announced ceiling of 60-70 %; residual: in use at Thai co-operatives; "
        "coverage: assumed",
        assumption=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One result with everything that made it. ``value`` is None when its denominator is zero.

    ``unit`` is "ratio" (four places) or "baht" (two places); ``inputs`` are the satang and counts of the formula.
    """

    name: str
    name_th: str
    value: Decimal | None
    unit: str
    numerator: int
    denominator: int
    formula: str
    inputs: Mapping[str, int]

    def is_above(self, threshold: Decimal) -> bool:
        """Whether the exact quotient is above the threshold; a figure without value is not."""
        return self.denominator > 0 and self.numerator > threshold * self.denominator

    def is_below(self, threshold: Decimal) -> bool:
        """Whether the exact quotient is below the threshold; a figure without value is not."""
        return self.denominator > 0 and self.numerator < threshold * self.denominator


@dataclass(frozen=True, slots=True)
class Capacity:
    """An assessment: the figures, the group and the flags, with the inputs and the policy they came from."""

    inputs: CapacityInputs
    policy: CapacityPolicy
    dsr: Figure
    dscr: Figure
    residual_month: Figure
    residual_ratio: Figure
    debt_to_income: Figure
    segment: Segment
    flags: tuple[Flag, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        return self.dsr, self.dscr, self.residual_month, self.residual_ratio, self.debt_to_income


def capacity_policy(on: date, policies: tuple[CapacityPolicy, ...] = CAPACITY_POLICIES) -> CapacityPolicy:
    """The thresholds in force on a day."""
    in_force = [policy for policy in policies if policy.effective_from <= on]
    if not in_force:
        raise LookupError(f"no thresholds of capacity are in force on {on}")
    return max(in_force, key=lambda policy: policy.effective_from)


def assess(inputs: CapacityInputs, policy: CapacityPolicy) -> Capacity:
    """Assess a household. Raises ``CapacityInputsInvalid`` if a figure is negative or nobody lives in the household."""
    _check(inputs)
    gross, service = inputs.gross_income, inputs.debt_service
    income = {
        "farm_income": inputs.farm_income,
        "nonfarm_income": inputs.nonfarm_income,
        "transfers": inputs.transfers,
    }
    costs = {"farm_cost": inputs.farm_cost, "household_expense": inputs.household_expense}
    debt = {"debt_service": service}
    dsr = _ratio("dsr", "ภาระหนี้ต่อรายได้", service, gross, "debt_service / gross_income", debt | income)
    dscr = _ratio(
        "dscr", "ความสามารถในการชำระหนี้", inputs.net_cash_flow, service,
        "(gross_income - farm_cost - household_expense) / debt_service", income | costs | debt,
    )  # fmt: skip
    residual_ratio = _ratio(
        "residual_ratio", "สัดส่วนเงินคงเหลือ", gross - service, gross,
        "(gross_income - debt_service) / gross_income", income | debt,
    )  # fmt: skip
    debt_to_income = _ratio(
        "debt_to_income", "หนี้สินต่อรายได้", inputs.total_debt, gross, "total_debt / gross_income",
        {"total_debt": inputs.total_debt} | income,
    )  # fmt: skip
    return Capacity(
        inputs=inputs,
        policy=policy,
        dsr=dsr,
        dscr=dscr,
        residual_month=_residual_month(inputs, income | {"farm_cost": inputs.farm_cost} | debt),
        residual_ratio=residual_ratio,
        debt_to_income=debt_to_income,
        segment=_segment(inputs, dscr, policy),
        flags=tuple(_flags(inputs, dsr, dscr, residual_ratio, policy)),
    )


def _check(inputs: CapacityInputs) -> None:
    amounts = (
        "farm_income", "nonfarm_income", "transfers", "farm_cost", "household_expense", "debt_service", "total_debt",
    )  # fmt: skip
    problems = [
        FieldProblem(name, "negative_amount", "must not be negative", "ต้องไม่ติดลบ")
        for name in amounts
        if getattr(inputs, name) < 0
    ]
    if inputs.household_size < 1:
        problems.append(FieldProblem("household_size", "out_of_range", "must be at least 1", "ต้องมีอย่างน้อยหนึ่งคน"))
    if problems:
        raise CapacityInputsInvalid(
            f"{problems[0].field} {problems[0].message_en}", f"{problems[0].field} {problems[0].message_th}", problems
        )


def _ratio(
    name: str, name_th: str, numerator: int, denominator: int, formula: str, inputs: Mapping[str, int]
) -> Figure:
    value = None
    if denominator > 0:
        value = Decimal(half_up(numerator * 10_000, denominator)).scaleb(-4).quantize(RATIO_PLACES, ROUND_HALF_UP)
    return Figure(name, name_th, value, "ratio", numerator, denominator, formula, inputs)


def _residual_month(inputs: CapacityInputs, figures: Mapping[str, int]) -> Figure:
    numerator = inputs.gross_income - inputs.farm_cost - inputs.debt_service
    denominator = MONTHS_IN_YEAR * inputs.household_size
    return Figure(
        "residual_month",
        "เงินคงเหลือเพื่อการดำรงชีพต่อคนต่อเดือน",
        Decimal(half_up(numerator, denominator)).scaleb(-2).quantize(Decimal("0.01")),
        "baht",
        numerator,
        denominator,
        "(gross_income - farm_cost - debt_service) / 12 / household_size",
        {**figures, "household_size": inputs.household_size},
    )


def _segment(inputs: CapacityInputs, dscr: Figure, policy: CapacityPolicy) -> Segment:
    """The group. A shock is tried before low capacity: a good household in a flood year is not a poor one."""
    if inputs.without_earner:
        return Segment.RELEASE
    if inputs.debt_service == 0:
        # Nothing is overdue or falls due within the year: coverage has no value, only its sign is known.
        return Segment.ABLE if inputs.net_cash_flow >= 0 else Segment.LOW
    usually_able = inputs.dscr_three_years is not None and inputs.dscr_three_years >= policy.shock_below
    if dscr.is_below(policy.shock_below) and (usually_able or inputs.disaster):
        return Segment.SHOCK
    if dscr.is_below(policy.low_below):
        return Segment.LOW
    if not dscr.is_below(policy.able_from):
        return Segment.ABLE
    return Segment.WATCH


def _flags(
    inputs: CapacityInputs, dsr: Figure, dscr: Figure, residual_ratio: Figure, policy: CapacityPolicy
) -> list[Flag]:
    flags = []
    without_income = inputs.gross_income == 0 and inputs.debt_service > 0
    if dsr.is_above(policy.dsr_stop_above) or without_income:
        flags.append(Flag.DSR_STOP)
    elif dsr.is_above(policy.dsr_warn_above):
        flags.append(Flag.DSR_WARN)
    if residual_ratio.is_below(policy.residual_ratio_min) or without_income:
        flags.append(Flag.RESIDUAL_LOW)
    able = dscr.denominator > 0 and not dscr.is_below(policy.able_from)
    if able and inputs.days_past_due > policy.unwilling_days_past_due:
        flags.append(Flag.UNWILLING)
    return flags
