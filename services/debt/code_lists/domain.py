"""Every code of debt with the name people know it by, in both languages."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.debt.capacity.domain import SEGMENT_LABELS_TH, Flag, Segment
from services.debt.cases.domain import STAGE_LABELS_TH, Resolution
from services.debt.closing.domain import CLASS_LABELS_TH
from services.debt.plans.domain import PLAN_STATE_LABELS_TH, STANDING_LABELS_TH
from services.debt.policies.domain import POLICY_LABELS
from shared.kernel.labels import CodeLists, Label

_LOAN_CLASS_EN: Final = {
    "normal": "Normal",
    "substandard": "Substandard",
    "doubtful": "Doubtful",
    "doubtful_loss": "Doubtful of loss",
    "loss": "Loss",
}
_SEGMENT_EN: Final = {
    Segment.RELEASE: "No capacity",
    Segment.LOW: "Low capacity",
    Segment.SHOCK: "Able, but hit by what nobody could prevent",
    Segment.ABLE: "Able",
    Segment.WATCH: "To be watched",
}


def _words(code: StrEnum) -> str:
    """``in_force`` → ``In force``: these codes are plain English."""
    return code.value.replace("_", " ").capitalize()


CODE_LISTS: CodeLists = MappingProxyType(
    {
        "loan_type": {
            "short": Label("เงินกู้ระยะสั้น", "Short-term"),
            "medium": Label("เงินกู้ระยะปานกลาง", "Medium-term"),
            "long": Label("เงินกู้ระยะยาว", "Long-term"),
        },
        "method": {
            "equal_instalment": Label("ชำระเท่ากันทุกงวด", "Equal instalments"),
            "equal_principal": Label("เงินต้นเท่ากันทุกงวด", "Equal principal"),
            "flat": Label("ดอกเบี้ยคงที่", "Flat interest"),
        },
        "frequency": {
            "monthly": Label("รายเดือน", "Monthly"),
            "yearly": Label("รายปี", "Yearly"),
            "harvest": Label("ตามเดือนเก็บเกี่ยว", "In named harvest months"),
        },
        "day_count": {
            "30/360": Label("เดือนละ 30 วัน ปีละ 360 วัน", "30 days a month, 360 a year"),
            "actual/365": Label("ตามวันจริง ปีละ 365 วัน", "Days as they are, 365 a year"),
        },
        "loan_status": {"active": Label("ยังมีหนี้", "Something is owed"), "closed": Label("ปิดบัญชีแล้ว", "Paid off")},
        "loan_class": {code: Label(th, _LOAN_CLASS_EN[code]) for code, th in CLASS_LABELS_TH.items()},
        "channel": {
            "cash": Label("เงินสด", "Cash"),
            "transfer": Label("โอนเงิน", "Transfer"),
            "produce": Label("หักจากค่าผลผลิต", "Deducted from produce"),
            "savings_set_off": Label("หักกลบเงินฝาก", "Set off against savings"),
            "share_set_off": Label("หักกลบค่าหุ้น", "Set off against shares"),
        },
        "posting_kind": {
            "payment": Label("การชำระ", "Payment"),
            "reversal": Label("รายการยกเลิก", "Reversal"),
            "correction": Label("รายการปรับปรุง", "Correction"),
        },
        "creditor": {
            "own_cooperative": Label("สหกรณ์นี้", "This co-operative"),
            "other_cooperatives": Label("สหกรณ์อื่น", "Other co-operatives"),
            "baac": Label("ธ.ก.ส.", "Bank for Agriculture and Agricultural Cooperatives"),
            "village_fund": Label("กองทุนหมู่บ้าน", "Village fund"),
        },
        "case_stage": {stage.value: Label(th, _words(stage)) for stage, th in STAGE_LABELS_TH.items()},
        "case_resolution": {
            Resolution.PAID.value: Label("ชำระครบ", "Paid"),
            Resolution.REDUCED.value: Label("หนี้ลดลง", "Reduced"),
            Resolution.RELEASED.value: Label("หลุดพ้นจากหนี้", "Released"),
        },
        "segment": {segment.value: Label(th, _SEGMENT_EN[segment]) for segment, th in SEGMENT_LABELS_TH.items()},
        "flag": {
            Flag.DSR_WARN.value: Label("ภาระหนี้ต่อรายได้สูง", "Debt service is high against income"),
            Flag.DSR_STOP.value: Label("ภาระหนี้ต่อรายได้เกินเกณฑ์", "Debt service is above the ceiling"),
            Flag.RESIDUAL_LOW.value: Label("เงินคงเหลือต่ำ", "Too little is left to live on"),
            Flag.UNWILLING.value: Label("มีศักยภาพแต่ยังไม่ชำระ", "Able, and does not pay"),
        },
        "plan_status": {state.value: Label(th, _words(state)) for state, th in PLAN_STATE_LABELS_TH.items()},
        "plan_standing": {standing.value: Label(th, _words(standing)) for standing, th in STANDING_LABELS_TH.items()},
        "deduction_refusal": {
            "no_plan_in_force": Label("ไม่มีแผนที่มีผลบังคับใช้", "No plan is in force"),
            "nothing_overdue": Label("ไม่มีหนี้ค้างชำระ", "Nothing is overdue"),
            "reversed_before": Label("ยกเลิกก่อนหักชำระ", "Reversed before it was asked for"),
            "unknown_member": Label("ไม่พบสมาชิก", "The member is not known"),
        },
        "measure": {
            "PRODUCE_DEDUCTION": Label("หักชำระหนี้จากค่าผลผลิต", "Share of the produce pays the debt"),
            "PENALTY_WAIVE": Label("ยกเว้นดอกเบี้ยผิดนัด", "Default interest is waived"),
        },
        "policy": {name.value: label for name, label in POLICY_LABELS.items()},
    }
)
