"""Where each figure comes from, and whether its formula is official or an assumption of ours.

The programme's brief names the targets of K01 and K02 and no formula; what is not found in a public source is marked
as an assumption wherever the figure stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CLOSES = ("บัญชีสหกรณ์ที่ปิดแล้ว (บริการหนี้)", "Closed books of the co-operatives (debt service)")
_CLOSES_AND_POSTINGS = (
    "บัญชีสหกรณ์ที่ปิดแล้ว และรายการรับชำระหลังจากนั้น (บริการหนี้)",
    "Closed books of the co-operatives and the payments since (debt service)",
)
_CASES = ("รายการแก้ไขหนี้ (บริการหนี้)", "Cases (debt service)")


@dataclass(frozen=True, slots=True)
class Provenance:
    """The source of a figure, and what about it is assumed; no assumption means it is as the brief says."""

    source_th: str
    source_en: str
    assumption_th: str = ""
    assumption_en: str = ""


PROVENANCE: Final[Mapping[str, Provenance]] = {
    "K01": Provenance(
        *_CLOSES_AND_POSTINGS,
        "เป้าหมายร้อยละ 10 มาจากเอกสารโครงการ ไม่พบสูตรทางการ จึงใช้กลุ่มสัญญา ณ วันฐาน และแสดง K01b (ทุกสัญญา) คู่กัน",
        "The 10 % target is the brief's. No official formula was found: the cohort at t0 is used, with K01b beside it",
    ),
    "K01b": Provenance(
        *_CLOSES_AND_POSTINGS, "สูตรคู่ของ K01 เพราะไม่พบสูตรทางการ", "K01's other reading, as no formula was found"
    ),
    "K01c": Provenance(*_CLOSES, "เอกสารโครงการกล่าวถึงมูลค่าหนี้ จึงแสดงหนี้ทั้งหมดด้วย", "The brief speaks of the value of debt"),
    "K02": Provenance(*_CASES),
    "K04": Provenance(
        "การเข้าร่วมโครงการ (ทะเบียน)",
        "Enrolments (registry)",
        "เอกสารระบุ 74 จังหวัด ฐาน 77 จังหวัดคำนวณเอง",
        "The brief names 74 provinces; the base of 77 is derived",
    ),
    "K06": Provenance(
        *_CLOSES, "ใช้เกณฑ์ค้างเกิน 90 วันตามสถิติของประเทศ", "More than 90 days past due, as national statistics do"
    ),
    "K07": Provenance(*_CLOSES, "นิยามของระบบ", "Defined here"),
    "K08": Provenance(*_CLOSES, "นิยามของระบบ", "Defined here"),
    "K10": Provenance(*_CLOSES, "นิยามของระบบ", "Defined here"),
    "K14": Provenance(*_CASES, "นิยามของระบบ", "Defined here"),
    "K17": Provenance(
        "รายการรับชำระและการหักค่าผลผลิต (บริการหนี้และอาชีพ)",
        "Payments and deductions from produce (debt and livelihood services)",
        "นิยามของระบบ",
        "Defined here",
    ),
    "K20": Provenance(
        "บัญชีครัวเรือนที่ปิดเดือน (บริการความรู้ทางการเงิน)",
        "Closed months of household accounts (literacy service)",
        "เกณฑ์ 3 ใน 6 เดือนเป็นข้อสมมติ",
        "3 months in 6 is an assumption",
    ),
    "K21": Provenance(
        "คะแนนก่อนและหลังอบรม (บริการความรู้ทางการเงิน)",
        "Scores before and after courses (literacy service)",
        "นิยามของระบบ",
        "Defined here",
    ),
}
"""By KPI id."""
