"""Every word of the pages in Thai and English, and which of the two a reader sees first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

LanguageCode = Literal["th", "en"]

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "product": ("ปลดหนี้", "Plodnee"),
    "product_line": ("ผลการแก้ไขหนี้ของสมาชิกสหกรณ์", "Resolving the debt of co-operative members"),
    "skip": ("ข้ามไปยังตัวเลข", "Skip to the figures"),
    "fiscal_year": ("ปีงบประมาณ", "Fiscal year"),
    "programme": ("โครงการ", "Programme"),
    "programme_all": ("ทั้งหมด", "All"),
    "programme_A": ("แก้ไขปัญหาหนี้ค้างชำระของสหกรณ์ ระยะที่ 1 และ 2", "Overdue debt of co-operatives, phases 1 and 2"),
    "programme_B": ("แก้ไขปัญหาหนี้และพัฒนาคุณภาพชีวิต", "Debt and quality of life"),
    "language": ("ภาษา", "Language"),
    "sign_out": ("ออกจากระบบ", "Sign out"),
    "sign_in": ("เข้าสู่ระบบ", "Sign in"),
    "path": ("พื้นที่", "Area"),
    "out_of_reach": ("นอกขอบเขตของท่าน", "outside your reach"),
    "as_of": ("ข้อมูล ณ", "As of"),
    "no_close_yet": ("ยังไม่มีสหกรณ์ใดปิดบัญชีของปีนี้", "No co-operative has closed its books for this year yet"),
    "reached_the_date": ("ปิดบัญชีถึงวันนี้ {reached} จาก {total} แห่ง", "{reached} of {total} places have reached it"),
    "provisional": ("เบื้องต้น", "Provisional"),
    "provisional_until": (
        "เบื้องต้น: รวมรายการหลังปิดบัญชีถึง {day} การปิดบัญชีครั้งถัดไปจะยืนยัน",
        "Provisional: with postings after the close up to {day}; the next close confirms it",
    ),
    "lag": ("ตามหลังเหตุการณ์", "Behind events by"),
    "lag_unknown": ("ยังไม่ทราบความล่าช้าของเหตุการณ์", "Lag of events not known yet"),
    "seconds": ("วินาที", "s"),
    "minutes": ("นาที", "min"),
    "baht": ("บาท", "baht"),
    "million_baht": ("ล้านบาท", "million baht"),
    "unit_percent": ("%", "%"),
    "unit_places": ("แห่ง", "places"),
    "unit_persons": ("ราย", "persons"),
    "unit_provinces": ("จังหวัด", "provinces"),
    "unit_loans": ("สัญญา", "contracts"),
    "unit_points": ("คะแนน", "points"),
    "of": ("จาก", "of"),
    "target": ("เป้าหมาย", "Target"),
    "target_met": ("ถึงเป้าหมายแล้ว", "Target met"),
    "target_gap": ("ยังขาดอีก {gap}", "{gap} to go"),
    "target_gap_percent": ("{gap} จุดร้อยละ", "{gap} percentage points"),
    "attainment": ("บรรลุ {percent} %", "{percent} % attained"),
    "lower_is_better": ("ยิ่งน้อยยิ่งดี", "Lower is better"),
    "definition": ("นิยามและที่มา", "Definition, source"),
    "counted": ("นับอะไร", "What is counted"),
    "source": ("ที่มา", "Source"),
    "assumption": ("ข้อสมมติ", "Assumption"),
    "target_source": ("ที่มาของเป้าหมาย", "Source of the target"),
    "official": ("ตามเอกสารโครงการ", "From the programme brief"),
    "formula_version": ("สูตรรุ่นที่ {number}", "Formula version {number}"),
    "no_basis": ("ยังไม่มีฐาน", "No basis yet"),
    "no_data": ("ไม่มีข้อมูล", "No data"),
    "now": ("คงค้างล่าสุด", "Overdue now"),
    "from_to": ("จาก {before} ({day}) เหลือ {after}", "From {before} ({day}) to {after}"),
    "from_to_rose": ("จาก {before} ({day}) เพิ่มเป็น {after}", "From {before} ({day}) up to {after}"),
    "table": ("ตารางข้อมูล", "Table of the data"),
    "part": ("ส่วนประกอบ", "Part"),
    "amount_baht": ("จำนวนเงิน (บาท)", "Amount (baht)"),
    "share_of_change": ("ร้อยละของหนี้ ณ วันฐาน", "% of baseline"),
    "sum_of_parts": ("รวมส่วนประกอบ", "Sum of the parts"),
    "waterfall": ("หนี้ค้างลดลงด้วยอะไร", "What overdue debt fell by"),
    "waterfall_lead": (
        "ส่วนประกอบของการเปลี่ยนแปลง รวมกันตรงถึงสตางค์ สีเทาคือหนี้ที่ลดลงโดยไม่มีผู้จ่าย",
        "The parts of the change sum to the satang. Grey parts fell without anybody paying",
    ),
    "axis_cut": ("แกนไม่เริ่มที่ศูนย์", "the axis does not begin at zero"),
    "kind_total": ("หนี้ค้าง", "Overdue debt"),
    "kind_paid": ("จ่ายจริง", "Paid"),
    "kind_unpaid": ("ลดลงโดยไม่ได้จ่าย", "Fell without payment"),
    "kind_worse": ("ค้างเพิ่ม", "Newly overdue"),
    "trend": ("ความก้าวหน้ารายเดือน", "Month by month"),
    "trend_lead": ("ร้อยละที่หนี้ค้างของกลุ่มเป้าหมายลดลง ณ สิ้นเดือน", "Reduction of the cohort's overdue debt at month-ends, %"),
    "day": ("วันที่", "Date"),
    "reduction_percent": ("ลดลง (%)", "Reduction (%)"),
    "baseline_baht": ("ณ วันฐาน (บาท)", "At baseline (baht)"),
    "remaining_baht": ("คงค้าง (บาท)", "Overdue (baht)"),
    "reached": ("ปิดบัญชีแล้ว (แห่ง)", "Closed (places)"),
    "ranking": ("เรียงตามผล", "Ranking"),
    "ranking_lead": (
        "ร้อยละที่หนี้ค้างลดลง · คลิกแท่งเพื่อดูรายละเอียด",
        "Reduction of overdue debt in % · Click a bar to look inside",
    ),
    "dashes": ("เส้นประ: {target}", "dashed line: {target}"),
    "shares": ("หนี้ค้างเปลี่ยนไปเพราะ", "Overdue debt moved by"),
    "ranking_cut": (
        "แสดง {shown} จาก {total} อันดับบนและล่าง ตารางมีครบทุกแห่ง",
        "{shown} of {total} are drawn, from both ends; the table has all",
    ),
    "map": ("แผนที่จังหวัด", "Provinces"),
    "map_lead": ("หนึ่งช่องหนึ่งจังหวัด สีคือร้อยละที่หนี้ค้างลดลง", "A square a province, coloured by the reduction in %"),
    "tiles": ("ภาพรวมทุกหน่วย", "All at a glance"),
    "tiles_lead": ("สีคือร้อยละที่หนี้ค้างลดลง เทียบเป้าหมาย {target} %", "Coloured by the reduction against {target} %"),
    "legend": ("คำอธิบายสี", "Colours"),
    "step_worse": ("เพิ่มขึ้น", "rose"),
    "step_none": ("ไม่มีข้อมูล", "no data"),
    "members": ("สมาชิกรายคน", "Members"),
    "members_text": (
        "รายชื่อสมาชิกอยู่ในทะเบียน ผู้มีสิทธิ์อ่านได้จาก API ของทะเบียน การอ่านทุกครั้งถูกบันทึก",
        "Members are kept by the registry and read through its API by those who may; every reading is logged",
    ),
    "members_link": (
        "รายชื่อสมาชิกของแห่งนี้ (API ทะเบียน ต้องใช้โทเค็น เปิดด้วยเบราว์เซอร์ไม่ได้)",
        "Members of this place (registry API; it wants an access token, which a browser does not send)",
    ),
    "home": ("พื้นที่ของท่าน", "Your areas"),
    "home_text": (
        "ท่านดูแล {count} แห่ง ตัวเลขแสดงแยกแห่ง ไม่รวมกันเป็นยอดของพื้นที่ที่ใหญ่กว่า",
        "{count} places are yours. Each has its own figures; they are never summed as if they were a larger area",
    ),
    "home_figure": (
        "ร้อยละคือหนี้ค้างของกลุ่มเป้าหมายที่ลดลงจากวันฐาน",
        "The percentage says how far the cohort's overdue debt has fallen since the baseline",
    ),
    "home_empty": (
        "ยังไม่มีสหกรณ์ที่มอบหมายให้ท่านในวันนี้ โปรดติดต่อผู้มอบหมายงานในทะเบียน",
        "No co-operative is assigned to you today; ask whoever keeps the assignments in the registry",
    ),
    "go_home": ("ไปยังพื้นที่ของท่าน", "Go to your area"),
    "try_again": ("ลองอีกครั้ง", "Try again"),
    "no_children": ("ไม่มีสหกรณ์ในพื้นที่นี้", "There is no co-operative in this area"),
    "updated": ("ตัวเลขเปลี่ยนเมื่อสักครู่", "Figures have just changed"),
    "signed_out_banner": ("หมดเวลาเข้าใช้ ตัวเลขอาจไม่เป็นปัจจุบัน", "You are signed out; figures may be old"),
    "stale_banner": ("ติดต่อระบบไม่ได้ ตัวเลขอาจไม่เป็นปัจจุบัน", "No connection; figures may be old"),
    "footer": (
        "ตัวเลขระดับสูงกว่าขอบเขตของท่านไม่แสดงเป็นยอดบางส่วน · ร้อยละปัดครั้งเดียวที่ทศนิยมสองตำแหน่ง",
        "No figure above your reach is shown as a sum of a part · Percentages are rounded once, to two places",
    ),
    "problem_404_title": ("ไม่พบหน้านี้", "Page not found"),
    "problem_404_text": (
        "ไม่มีพื้นที่หรือหน้านี้ หรืออยู่นอกขอบเขตที่ท่านดูได้",
        "There is no such area or page, or it lies outside your reach",
    ),
    "problem_403_title": ("ไม่มีสิทธิ์ดูรายงาน", "You may not read reports"),
    "problem_403_text": (
        "บัญชีของท่านไม่มีสิทธิ์ report:read โปรดติดต่อผู้ดูแลระบบของหน่วยงาน",
        "Your account lacks the right report:read; ask your organisation's administrator",
    ),
    "problem_503_title": ("ระบบไม่ว่างชั่วคราว", "Busy for a moment"),
    "problem_503_text": ("โปรดลองใหม่ในอีกสักครู่ ข้อมูลไม่สูญหาย", "Please try again shortly; nothing is lost"),
    "problem_500_title": ("เกิดข้อผิดพลาดในระบบ", "Something went wrong on our side"),
    "problem_500_text": (
        "ผู้ดูแลระบบเห็นข้อผิดพลาดนี้แล้ว แจ้งรหัสด้านล่างได้",
        "It has been logged; name the code below when you report it",
    ),
    "problem_400_title": ("คำขอไม่ถูกต้อง", "The request cannot be read"),
    "problem_400_text": ("ตรวจสอบที่อยู่แล้วลองใหม่", "Check the address and try again"),
    "assumed_note": (
        "* มีข้อสมมติ อ่านได้ในนิยามและที่มาของตัวชี้วัดนั้น",
        "* rests on an assumption, told in the definition and source of that figure",
    ),
    "request_id": ("รหัสคำขอ", "Request"),
    "sign_in_failed": ("เข้าสู่ระบบไม่สำเร็จ", "You could not be signed in"),
    "sign_in_expired": (
        "คำขอเข้าสู่ระบบหมดอายุ หรือเริ่มจากเบราว์เซอร์อื่น โปรดเริ่มใหม่",
        "The sign-in is too old, or was begun in another browser; please start again",
    ),
    "sign_in_denied": ("ผู้ให้บริการยืนยันตัวตนไม่อนุญาต", "The identity provider did not let you in"),
    "sign_in_provider": (
        "ผู้ให้บริการยืนยันตัวตนไม่ตอบ โปรดลองใหม่ในอีกสักครู่",
        "The identity provider does not answer; please try again shortly",
    ),
    "sign_in_token": (
        "คำตอบของผู้ให้บริการยืนยันตัวตนใช้ไม่ได้ในระบบนี้",
        "The identity provider's answer is not valid here",
    ),
    "signed_out_title": ("ออกจากระบบแล้ว", "You are signed out"),
    "signed_out_text": ("ปิดหน้านี้ได้ หรือเข้าสู่ระบบอีกครั้ง", "You can close this page, or sign in again"),
    "short_baseline": ("หนี้ค้าง ณ วันฐาน", "At baseline"),
    "short_cash": ("เงินสด/โอน", "Cash, transfer"),
    "short_produce": ("หักค่าผลผลิต", "Produce"),
    "short_set_off": ("หักกลบเงินออม", "Set-off"),
    "short_waived": ("ยกเว้น", "Waived"),
    "short_written_off": ("ตัดหนี้สูญ", "Written off"),
    "short_rescheduled": ("ปรับกำหนด", "Rescheduled"),
    "short_left_cohort": ("พ้นกลุ่ม", "Left cohort"),
    "short_newly_overdue": ("ค้างเพิ่ม", "Newly overdue"),
    "short_now": ("คงค้างล่าสุด", "Overdue now"),
    "name": ("ชื่อ", "Name"),
}


@dataclass(frozen=True, slots=True)
class Language:
    """The language that a reader sees first."""

    code: LanguageCode

    def __call__(self, key: str, **fields: object) -> str:
        """The text of this key in this language."""
        text = self.pick(*TEXTS[key])
        return text.format(**fields) if fields else text

    def pick(self, thai: str, english: str) -> str:
        """Whichever of two texts this language reads."""
        return thai if self.code == "th" else english

    @property
    def other(self) -> "Language":
        """The language shown beside."""
        return ENGLISH if self.code == "th" else THAI


THAI: Final = Language("th")
ENGLISH: Final = Language("en")


def language_of(code: str | None) -> Language:
    """The language of a cookie or a query; Thai unless English is asked for."""
    return ENGLISH if code == "en" else THAI
