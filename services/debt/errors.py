"""What the rules of debt refuse, each with its status and a type that never changes.

DomainError
├── NotFound 404
│   ├── LoanNotFound             no such loan within the caller's reach
│   ├── PaymentNotFound          no such payment within the caller's reach
│   ├── CaseNotFound             no such case within the caller's reach
│   └── PlanNotFound             no such plan within the caller's reach
├── Forbidden 403
│   └── PlanOwnApproval          who proposed the plan or assessed the case cannot approve it
├── Conflict 409
│   ├── BackDatedEntry           the value date lies before what is already accrued: replay the loan
│   ├── PaymentAlreadyReversed   a payment is reversed once
│   ├── CaseStageConflict        the case's stage does not allow the move
│   ├── PlanStateConflict        the plan's state does not allow the act
│   └── CloseUnbalanced          overdue debt does not follow from what was booked: nothing is closed until it is mended
└── Invalid 422
    ├── LoanTermsInvalid         no schedule can be made of these terms
    ├── OpeningPositionInvalid   the opening position contradicts itself
    ├── PaymentInvalid           the amount or the entry cannot be posted
    ├── FirstCloseTooEarly       nothing is to be stated of a co-operative that early
    ├── CapacityInputsInvalid    the household's figures cannot be assessed
    └── PlanTermsInvalid         share, number or dates of instalments, or what they are made from, out of bounds
"""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from shared.kernel.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from shared.kernel.money import format_baht


class LoanNotFound(NotFound):
    """No such loan within the caller's reach."""

    type = "loan-not-found"
    title_en = "Loan not found"
    title_th = "ไม่พบสัญญาเงินกู้"


class PaymentNotFound(NotFound):
    """No such payment within the caller's reach."""

    type = "payment-not-found"
    title_en = "Payment not found"
    title_th = "ไม่พบรายการชำระหนี้"


class CaseNotFound(NotFound):
    """No such case within the caller's reach."""

    type = "case-not-found"
    title_en = "Case not found"
    title_th = "ไม่พบรายการแก้ไขหนี้"


class PlanNotFound(NotFound):
    """No such plan within the caller's reach."""

    type = "plan-not-found"
    title_en = "Plan not found"
    title_th = "ไม่พบแผนชำระหนี้"


class PlanOwnApproval(Forbidden):
    """Separation of duties, per record: who proposed or assessed cannot approve."""

    type = "plan-own-approval"
    title_en = "A plan is approved by somebody who neither proposed it nor assessed the case"
    title_th = "ผู้อนุมัติแผนต้องไม่ใช่ผู้เสนอแผนหรือผู้ประเมินศักยภาพ"


class BackDatedEntry(Conflict):
    """The value date lies before a day up to which the loan's late interest is already settled."""

    type = "back-dated-entry"
    title_en = "The value date lies before what is already settled"
    title_th = "วันที่มีผลอยู่ก่อนรายการที่คำนวณไว้แล้ว"


class PaymentAlreadyReversed(Conflict):
    """A payment is reversed once."""

    type = "payment-already-reversed"
    title_en = "The payment has been reversed before"
    title_th = "รายการชำระหนี้นี้ถูกยกเลิกไปแล้ว"


class CaseStageConflict(Conflict):
    """The case's stage does not allow the move."""

    type = "case-stage-conflict"
    title_en = "The case's stage does not allow this"
    title_th = "ขั้นตอนของรายการแก้ไขหนี้ไม่อนุญาตให้ดำเนินการนี้"


class PlanStateConflict(Conflict):
    """The plan's state does not allow the act."""

    type = "plan-state-conflict"
    title_en = "The plan's state does not allow this"
    title_th = "สถานะของแผนไม่อนุญาตให้ดำเนินการนี้"


class CloseUnbalanced(Conflict):
    """Overdue debt by the instalments differs from overdue debt by its movements; the gaps are in satang."""

    type = "close-unbalanced"
    title_en = "The books of a co-operative do not balance, so its day stays open"
    title_th = "บัญชีของสหกรณ์ไม่สมดุล จึงปิดวันไม่ได้"

    def __init__(self, gaps: Mapping[UUID, int]) -> None:
        self.gaps = dict(gaps)
        named = ", ".join(f"{cooperative_id}: {format_baht(gap)}" for cooperative_id, gap in sorted(gaps.items()))
        super().__init__(f"overdue debt and its movements differ by {named}", f"หนี้ค้างและรายการเคลื่อนไหวต่างกัน {named}")


class LoanTermsInvalid(Invalid):
    """No schedule can be made of these terms."""

    type = "loan-terms-invalid"
    title_en = "The loan's terms give no schedule"
    title_th = "เงื่อนไขเงินกู้ไม่สามารถจัดทำตารางชำระได้"


class OpeningPositionInvalid(Invalid):
    """The opening position contradicts itself."""

    type = "opening-position-invalid"
    title_en = "The opening position contradicts itself"
    title_th = "ยอดยกมาขัดแย้งกันเอง"


class PaymentInvalid(Invalid):
    """The amount or the entry cannot be posted."""

    type = "payment-invalid"
    title_en = "The payment cannot be posted"
    title_th = "ไม่สามารถบันทึกรายการชำระหนี้ได้"


class FirstCloseTooEarly(Invalid):
    """A co-operative is first closed when there is something to state of it; every month after that is stated."""

    type = "first-close-too-early"
    title_en = "The first close of a co-operative lies too early"
    title_th = "วันปิดครั้งแรกของสหกรณ์เร็วเกินไป"

    def __init__(self, cooperative_id: UUID, earliest: date, fields: Iterable[FieldProblem]) -> None:
        super().__init__(
            f"co-operative {cooperative_id} was never closed; its first close is of {earliest} at the earliest",
            f"สหกรณ์ {cooperative_id} ยังไม่เคยปิดวัน การปิดครั้งแรกต้องไม่ก่อนวันที่ {earliest}",
            fields,
        )


class CapacityInputsInvalid(Invalid):
    """The household's figures cannot be assessed."""

    type = "capacity-inputs-invalid"
    title_en = "The household's figures cannot be assessed"
    title_th = "ข้อมูลครัวเรือนไม่สามารถนำไปประเมินได้"


class PlanTermsInvalid(Invalid):
    """Share, number or dates of instalments, or what they are made from, out of bounds."""

    type = "plan-terms-invalid"
    title_en = "The plan's terms are out of bounds"
    title_th = "เงื่อนไขของแผนอยู่นอกขอบเขตที่กำหนด"
