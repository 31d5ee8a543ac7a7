"""KPIs as data, and their pure computation from sums over co-operatives.

A figure is a numerator, a denominator and a value. Sums are whole numbers, and the value is rounded once, half up to
two places, when it is shown: the same sums always give the same figure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Final, Literal, cast

from services.reporting.areas.domain import Level
from services.reporting.measures.domain import POINT_UNITS
from shared.kernel.money import format_baht, half_up

Unit = Literal["percent", "baht", "places", "persons", "provinces", "loans", "points"]


@dataclass(frozen=True, slots=True)
class Sums:
    """What the co-operatives of an area state, summed; amounts in satang.

    `stated` is the last close on or before the date, or the baseline while there is none; `_since` are facts after it.
    """

    area: str
    bound: date
    as_of: date | None
    facts_to: date | None
    cooperatives_total: int
    cooperatives_reached: int
    cohort_baseline: int
    cohort_overdue: int
    cash: int
    produce: int
    set_off: int
    waived: int
    written_off: int
    rescheduled: int
    left_cohort: int
    newly_overdue: int
    cohort_loans: int
    cohort_loans_cured: int
    participants_debt_baseline: int
    participants_debt: int
    all_baseline: int
    all_overdue: int
    overdue_amount: int
    outstanding_principal: int
    npl_principal: int
    members_overdue: int
    members_overdue_with_plan: int
    cash_since: int
    produce_since: int
    set_off_since: int
    all_since: int
    places: int
    places_reached: int
    participants: int
    released: int
    collected: int
    collected_produce: int
    ledger_active: int
    gain_units: int
    gain_pairs: int
    provinces_enrolled: int
    provinces_total: int
    cohort_rows_since: int
    all_rows_since: int
    collected_rows_since: int
    cases_rows_since: int
    released_rows_since: int
    gain_rows_since: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a figure."""

    code: str
    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Figure:
    """Numerator and denominator as whole numbers of their units (satang, rows, 1/10,000 point); value is `ratio` of
    them in hundredths, or the numerator itself where there is no denominator."""

    numerator: int
    denominator: int | None
    is_provisional: bool
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI's definition. A change of the formula raises `formula_version`."""

    id: str
    name_th: str
    name_en: str
    unit: Unit
    numerator_unit: Unit
    denominator_unit: Unit | None
    definition_th: str
    definition_en: str
    compute: Callable[[Sums], Figure]
    formula_version: int = 1
    levels: frozenset[Level] = frozenset(Level)
    target_levels: frozenset[Level] = frozenset()
    lower_is_better: bool = False


class _Noting:
    """Stands for sums, and notes which of them a formula reads."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> int:
        self.names.add(name)
        return 1


def reads_of(kpis: Iterable[Kpi]) -> frozenset[str]:
    """What of the sums the formulas of KPIs read; a formula reads the same whatever the sums are."""
    noting = _Noting()
    for kpi in kpis:
        kpi.compute(cast(Sums, noting))
    return frozenset(noting.names)


PART_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "cash": ("ชำระเป็นเงินสดหรือโอน", "Paid in cash or by transfer"),
    "produce": ("ชำระด้วยผลผลิต", "Paid by produce"),
    "set_off": ("หักกลบเงินฝากหรือหุ้น", "Set off against savings or shares"),
    "waived": ("ยกเว้นหนี้", "Waived"),
    "written_off": ("ตัดหนี้สูญ", "Written off"),
    "rescheduled": ("ปรับกำหนดชำระ", "Rescheduled"),
    "left_cohort": ("พ้นจากกลุ่มเป้าหมาย", "Left the cohort"),
    "newly_overdue": ("ค้างชำระเพิ่ม", "Newly overdue"),
    "places_reached": ("แห่งที่หนี้ค้างลดลงถึงเป้าหมาย", "Places whose overdue debt fell by the target"),
    "participants": ("ผู้เข้าร่วม", "Participants"),
}
"""Thai and English label of every part."""


def _cohort_parts(sums: Sums) -> tuple[Part, ...]:
    """The parts of the change since t0, payments since the close included; they sum to the change."""
    amounts = {
        "cash": sums.cash + sums.cash_since,
        "produce": sums.produce + sums.produce_since,
        "set_off": sums.set_off + sums.set_off_since,
        "waived": sums.waived,
        "written_off": sums.written_off,
        "rescheduled": sums.rescheduled,
        "left_cohort": sums.left_cohort,
        "newly_overdue": sums.newly_overdue,
    }
    return tuple(Part(code, amount, "baht") for code, amount in amounts.items())


def _cohort_change(sums: Sums) -> int:
    return sums.cohort_baseline - sums.cohort_overdue + sums.cash_since + sums.produce_since + sums.set_off_since


def _k01(sums: Sums) -> Figure:
    return Figure(_cohort_change(sums), sums.cohort_baseline, sums.cohort_rows_since > 0, _cohort_parts(sums))


def _k01x(sums: Sums) -> Figure:
    return Figure(_cohort_change(sums), None, sums.cohort_rows_since > 0, _cohort_parts(sums))


def _k01b(sums: Sums) -> Figure:
    return Figure(sums.all_baseline - sums.all_overdue + sums.all_since, sums.all_baseline, sums.all_rows_since > 0)


def _k01c(sums: Sums) -> Figure:
    change = sums.participants_debt_baseline - sums.participants_debt
    return Figure(change, sums.participants_debt_baseline, is_provisional=False)


def _k02(sums: Sums) -> Figure:
    parts = (
        Part("places_reached", sums.places_reached, "places"),
        Part("participants", sums.participants, "persons"),
    )
    return Figure(sums.places, None, sums.cases_rows_since > 0, parts)


def _k04(sums: Sums) -> Figure:
    return Figure(sums.provinces_enrolled, sums.provinces_total, is_provisional=False)


def _k06(sums: Sums) -> Figure:
    return Figure(sums.npl_principal, sums.outstanding_principal, is_provisional=False)


def _k07(sums: Sums) -> Figure:
    return Figure(sums.overdue_amount, sums.outstanding_principal, is_provisional=False)


def _k08(sums: Sums) -> Figure:
    return Figure(sums.cohort_loans_cured, sums.cohort_loans, is_provisional=False)


def _k10(sums: Sums) -> Figure:
    return Figure(sums.members_overdue_with_plan, sums.members_overdue, is_provisional=False)


def _k14(sums: Sums) -> Figure:
    return Figure(sums.released, None, sums.released_rows_since > 0)


def _k17(sums: Sums) -> Figure:
    return Figure(sums.collected_produce, sums.collected, sums.collected_rows_since > 0)


def _k20(sums: Sums) -> Figure:
    return Figure(sums.ledger_active, sums.participants, sums.cases_rows_since > 0)


def _k21(sums: Sums) -> Figure:
    return Figure(sums.gain_units, sums.gain_pairs, sums.gain_rows_since > 0)


_ALL_LEVELS = frozenset(Level)
_NATION_ONLY = frozenset({Level.NATION})

KPIS: Final[tuple[Kpi, ...]] = (
    Kpi(
        id="K01",
        name_th="มูลค่าหนี้ค้างของกลุ่มเป้าหมายที่ลดลง",
        name_en="Reduction of the cohort's overdue debt",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th=(
            "(หนี้ค้าง ณ วันฐาน − หนี้ค้าง ณ วันที่รายงาน) ÷ หนี้ค้าง ณ วันฐาน × 100 ของสัญญาที่ค้างชำระ ณ 30 กันยายนก่อนปีงบประมาณ "
            "หนี้ค้างคือเงินต้นและดอกเบี้ยตามงวดที่เลยกำหนด ไม่รวมค่าธรรมเนียมและดอกเบี้ยผิดนัด แสดงพร้อมส่วนประกอบเสมอ"
        ),
        definition_en=(
            "(OD(t0) − OD(t)) ÷ OD(t0) × 100 over the contracts overdue on 30 September before "
            "the fiscal year. OD is "
            "overdue principal and scheduled interest, without fees and default interest. Always "
            "shown with its parts."
        ),
        compute=_k01,
        target_levels=_ALL_LEVELS,
    ),
    Kpi(
        id="K01x",
        name_th="ส่วนประกอบของการเปลี่ยนแปลงหนี้ค้าง",
        name_en="Parts of the change of the cohort's overdue debt",
        unit="baht",
        numerator_unit="baht",
        denominator_unit=None,
        definition_th=(
            "ชำระเป็นเงินสด ชำระด้วยผลผลิต หักกลบ ยกเว้น ตัดหนี้สูญ ปรับกำหนดชำระ พ้นจากกลุ่มเป้าหมาย และค้างชำระเพิ่ม "
            "รวมกันเท่ากับหนี้ค้าง ณ วันฐาน − หนี้ค้าง ณ วันที่รายงาน ตรงกันถึงสตางค์"
        ),
        definition_en=(
            "Paid in cash, by produce, set off, waived, written off, rescheduled, left the cohort and newly overdue: "
            "together OD(t0) − OD(t), to the satang."
        ),
        compute=_k01x,
    ),
    Kpi(
        id="K01b",
        name_th="มูลค่าหนี้ค้างทั้งหมดที่ลดลง",
        name_en="Reduction of all overdue debt",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th=(
            "(หนี้ค้างทุกสัญญา ณ วันฐาน − หนี้ค้างทุกสัญญา ณ วันที่รายงาน) ÷ หนี้ค้างทุกสัญญา ณ วันฐาน × 100 รวมสัญญาที่เริ่มค้างหลังวันฐานด้วย"
        ),
        definition_en=(
            "(OD_all(t0) − OD_all(t)) ÷ OD_all(t0) × 100 over every "
            "contract, those that fell overdue after t0 included."
        ),
        compute=_k01b,
    ),
    Kpi(
        id="K01c",
        name_th="หนี้ทั้งหมดของผู้เข้าร่วมที่ลดลง",
        name_en="Reduction of the participants' total debt",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th=(
            "(หนี้คงเหลือของผู้เข้าร่วม ณ วันฐาน − ณ วันที่รายงาน) ÷ ณ วันฐาน × 100 หนี้คงเหลือคือเงินต้นคงเหลือและดอกเบี้ยค้าง "
            "ที่สหกรณ์ ตามการปิดบัญชีล่าสุด"
        ),
        definition_en=(
            "(D(t0) − D(t)) ÷ D(t0) × 100, D being the outstanding principal and overdue interest "
            "of the members with a "
            "case, as the last close states it."
        ),
        compute=_k01c,
    ),
    Kpi(
        id="K02",
        name_th="จำนวนแห่งที่ดำเนินการ",
        name_en="Places reached",
        unit="places",
        numerator_unit="places",
        denominator_unit=None,
        definition_th=(
            "จำนวนสหกรณ์และกลุ่มเกษตรกรที่มีรายการแก้ไขหนี้ของปีงบประมาณอย่างน้อยหนึ่งราย "
            "พร้อมจำนวนแห่งที่หนี้ค้างของกลุ่มเป้าหมายลดลงถึงเป้าหมายของ K01"
        ),
        definition_en=(
            "Co-operatives and farmer groups with at least one case of the fiscal year; and how many "
            "of all reached K01's target."
        ),
        compute=_k02,
        target_levels=_NATION_ONLY,
    ),
    Kpi(
        id="K04",
        name_th="ความครอบคลุมจังหวัด",
        name_en="Province coverage",
        unit="percent",
        numerator_unit="provinces",
        denominator_unit="provinces",
        definition_th="จังหวัดที่มีสหกรณ์หรือกลุ่มเกษตรกรเข้าร่วมโครงการอย่างน้อยหนึ่งแห่ง ÷ จังหวัดทั้งหมดในพื้นที่ (ทั้งประเทศ 77) × 100",
        definition_en=(
            "Provinces with at least one enrolled co-operative or farmer group ÷ provinces of the area "
            "(77 in the nation) × 100."
        ),
        compute=_k04,
        levels=frozenset({Level.NATION, Level.REGION, Level.PROVINCE}),
    ),
    Kpi(
        id="K06",
        name_th="อัตราหนี้ที่ไม่ก่อให้เกิดรายได้",
        name_en="Non-performing loan ratio",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th="เงินต้นคงเหลือของสัญญาที่ค้างเกิน 90 วัน ÷ เงินต้นคงเหลือทั้งหมด × 100 ตามการปิดบัญชีล่าสุด",
        definition_en=(
            "Outstanding principal of contracts more than 90 days past due ÷ outstanding principal "
            "× 100, as the last "
            "close states it."
        ),
        compute=_k06,
        lower_is_better=True,
    ),
    Kpi(
        id="K07",
        name_th="อัตราหนี้ค้างชำระ",
        name_en="Overdue ratio",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th="เงินต้นและดอกเบี้ยที่เลยกำหนดทั้งหมด ÷ เงินต้นคงเหลือทั้งหมด × 100 ตามการปิดบัญชีล่าสุด",
        definition_en=(
            "All overdue principal and interest ÷ outstanding principal × 100, as the last close states it."
        ),
        compute=_k07,
        lower_is_better=True,
    ),
    Kpi(
        id="K08",
        name_th="สัญญาที่หายค้าง",
        name_en="Cured contracts",
        unit="percent",
        numerator_unit="loans",
        denominator_unit="loans",
        definition_th="สัญญาในกลุ่มเป้าหมายที่ไม่มีหนี้ค้าง ณ วันที่รายงาน ÷ สัญญาในกลุ่มเป้าหมายทั้งหมด × 100",
        definition_en=(
            "Contracts of the cohort without overdue debt at the reporting date ÷ contracts of the cohort × 100."
        ),
        compute=_k08,
    ),
    Kpi(
        id="K10",
        name_th="ความครอบคลุมของแผนชำระหนี้",
        name_en="Plan coverage",
        unit="percent",
        numerator_unit="persons",
        denominator_unit="persons",
        definition_th="สมาชิกที่มีหนี้ค้างและลงนามแผนชำระหนี้ซึ่งไม่ผิดแผน ÷ สมาชิกที่มีหนี้ค้าง × 100 ตามการปิดบัญชีล่าสุด",
        definition_en=(
            "Members with overdue debt and a signed plan that is not breached ÷ members with overdue debt "
            "× 100, as the last close states it."
        ),
        compute=_k10,
    ),
    Kpi(
        id="K14",
        name_th="ลูกหนี้ที่หลุดพ้น",
        name_en="Released debtors",
        unit="persons",
        numerator_unit="persons",
        denominator_unit=None,
        definition_th="จำนวนรายการแก้ไขหนี้ที่แก้ไขแล้วในปีงบประมาณ โดยชำระครบหรือหลุดพ้น",
        definition_en="Cases resolved in the fiscal year as paid or released.",
        compute=_k14,
    ),
    Kpi(
        id="K17",
        name_th="การชำระหนี้ด้วยผลผลิต",
        name_en="Recovery by deduction from produce",
        unit="percent",
        numerator_unit="baht",
        denominator_unit="baht",
        definition_th=(
            "เงินที่หักจากค่าผลผลิตเพื่อชำระหนี้ (บาท) ÷ เงินรับชำระหนี้ทั้งหมดในปีงบประมาณ × 100 สุทธิจากรายการยกเลิก ตามวันที่ลงบัญชี"
        ),
        definition_en=(
            "Deducted from produce for debt (baht) ÷ all that was collected in the fiscal year × "
            "100, net of reversals, by "
            "posting date."
        ),
        compute=_k17,
    ),
    Kpi(
        id="K20",
        name_th="การทำบัญชีครัวเรือนสม่ำเสมอ",
        name_en="Ledger activity",
        unit="percent",
        numerator_unit="persons",
        denominator_unit="persons",
        definition_th=(
            "ผู้เข้าร่วมที่ปิดบัญชีครัวเรือนอย่างน้อย 3 เดือนใน 6 เดือนล่าสุดเต็มเดือน ÷ ผู้เข้าร่วม (สมาชิกที่มีรายการแก้ไขหนี้ของปี) × 100"
        ),
        definition_en=(
            "Participants with at least 3 closed months in the last 6 whole months ÷ participants "
            "(members with a case "
            "of the year) × 100."
        ),
        compute=_k20,
    ),
    Kpi(
        id="K21",
        name_th="คะแนนความรู้ทางการเงินที่เพิ่มขึ้น",
        name_en="Literacy gain",
        unit="points",
        numerator_unit="points",
        denominator_unit="persons",
        definition_th="ค่าเฉลี่ยของคะแนนหลังอบรม − คะแนนก่อนอบรม (เต็ม 100) ของผู้ที่สอบทั้งสองครั้งในหลักสูตรเดียวกัน",
        definition_en=(
            "Mean of the score after a course − the score before it "
            "(of 100), over those tested both times in one course."
        ),
        compute=_k21,
    ),
)

KPI_BY_ID: Final[Mapping[str, Kpi]] = {kpi.id: kpi for kpi in KPIS}


def value_of(kpi: Kpi, figure: Figure) -> int | None:
    """The value in its smallest unit: hundredths of a percent or point, satang, or rows. None without a basis."""
    if figure.denominator is None:
        return figure.numerator
    if figure.denominator <= 0:
        return None
    if kpi.unit == "points":
        return half_up(figure.numerator * 100, figure.denominator * POINT_UNITS)
    return half_up(figure.numerator * 100 * 100, figure.denominator)


def attainment_hundredths(kpi: Kpi, figure: Figure, target: Decimal) -> int | None:
    """How much of the target is attained, in hundredths of a percent, from the figure before it is rounded."""
    scale = 1 if figure.denominator is None else 100
    denominator = 1 if figure.denominator is None else figure.denominator
    if denominator <= 0:
        return None
    over, under = target.as_integer_ratio()
    return half_up(figure.numerator * scale * 100 * 100 * under, denominator * over)


def render(amount: int, unit: Unit) -> str | int:
    """A numerator, denominator or part as it is shown: money as baht, points with four places, else a whole number."""
    if unit == "baht":
        return format_baht(amount)
    if unit == "points":
        return f"{Decimal(amount) / POINT_UNITS:.4f}"
    return amount


def render_value(amount: int, unit: Unit) -> str | int:
    """A value as it is shown: two places for percent, points and baht, else a whole number."""
    return format_baht(amount) if unit in ("percent", "points", "baht") else amount


def no_sums(area: str, bound: date, as_of: date | None, provinces_total: int) -> Sums:
    """The sums of an area without a co-operative."""
    zeros = {field.name: 0 for field in fields(Sums) if field.type is int}
    return Sums(**zeros | {"provinces_total": provinces_total}, area=area, bound=bound, as_of=as_of, facts_to=None)
