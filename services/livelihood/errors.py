"""What the rules of livelihood refuse, each with its status and a type that never changes.

DomainError
├── NotFound 404
│   ├── UnknownCooperative  the co-operative does not exist within reach
│   ├── UnknownDelivery     the delivery does not exist within reach
│   ├── UnknownIncomePlan   the member has no income plan of that year
│   └── UnknownMember       the member does not exist within reach
├── Conflict 409
│   ├── DeliveryNotReversible   it is reversed already
│   └── DeliveryNumberTaken     the co-operative has a delivery of this number
└── Invalid 422
    ├── SharesOverGross     savings and deduction together are more than the delivery is worth
    ├── ReversedTooEarly    it is said to be undone before the day of the delivery
    ├── WorthOutOfBounds    nothing was weighed, or it is worth more than any delivery
    ├── YearWithoutCalendar the crop calendar says nothing yet of the fiscal year
    └── MonthsNotOfYear     an income plan's months are not the twelve of its fiscal year
"""

from shared.kernel.errors import Conflict, Invalid, NotFound


class UnknownCooperative(NotFound):
    """No such co-operative or farmer group within the caller's reach."""

    type = "cooperative-unknown"
    title_en = "There is no such co-operative"
    title_th = "ไม่พบสหกรณ์หรือกลุ่มเกษตรกรนี้"


class UnknownDelivery(NotFound):
    """No such delivery within the caller's reach."""

    type = "delivery-unknown"
    title_en = "There is no such delivery"
    title_th = "ไม่พบรายการส่งผลผลิตนี้"


class UnknownIncomePlan(NotFound):
    """The member has no income plan of that year."""

    type = "income-plan-unknown"
    title_en = "The member has no income plan of that year"
    title_th = "สมาชิกรายนี้ยังไม่มีแผนรายได้ของปีงบประมาณนี้"


class UnknownMember(NotFound):
    """No such member within the caller's reach."""

    type = "member-unknown"
    title_en = "There is no such member"
    title_th = "ไม่พบสมาชิกรายนี้"


class DeliveryNotReversible(Conflict):
    """A delivery is reversed once."""

    type = "delivery-not-reversible"
    title_en = "The delivery has been reversed already"
    title_th = "รายการส่งผลผลิตนี้ถูกยกเลิกแล้ว"


class DeliveryNumberTaken(Conflict):
    """A number is given once in a co-operative."""

    type = "delivery-number-taken"
    title_en = "The co-operative has another delivery of this number"
    title_th = "สหกรณ์มีรายการส่งผลผลิตเลขที่นี้อยู่แล้ว"


class SharesOverGross(Invalid):
    """Savings and deduction together are more than the delivery is worth."""

    type = "shares-over-gross"
    title_en = "Savings and deduction together are more than the delivery is worth"
    title_th = "เงินออมและเงินหักชำระหนี้รวมกันเกินมูลค่าผลผลิต"
    field = "savings_share"


class ReversedTooEarly(Invalid):
    """A delivery is not undone before its own day."""

    type = "delivery-reversed-too-early"
    title_en = "A delivery is reversed on its own day or later"
    title_th = "วันที่ยกเลิกต้องไม่อยู่ก่อนวันที่ส่งผลผลิต"
    field = "reversed_on"


class WorthOutOfBounds(Invalid):
    """Nothing was weighed, or it is worth more than any delivery."""

    type = "delivery-worth-out-of-bounds"
    title_en = "Nothing was weighed, or the delivery is worth more than any can be"
    title_th = "น้ำหนักเป็นศูนย์ หรือมูลค่าผลผลิตสูงเกินกว่าที่เป็นไปได้"
    field = "kilograms"


class MonthsNotOfYear(Invalid):
    """The months are not the twelve of the fiscal year."""

    type = "months-not-of-year"
    title_en = "The months must be the twelve of the fiscal year, each by its first day"
    title_th = "ต้องระบุครบสิบสองเดือนของปีงบประมาณ เดือนละหนึ่งรายการ ด้วยวันที่หนึ่งของเดือน"
    field = "months"


class YearWithoutCalendar(Invalid):
    """The crop calendar begins later than the fiscal year: every income would be computed as nothing."""

    type = "year-without-crop-calendar"
    title_en = "The crop calendar says nothing of that fiscal year; see /livelihood/v1/crop-calendars"
    title_th = "ปฏิทินพืชยังไม่มีข้อมูลของปีงบประมาณนี้ ดูที่ /livelihood/v1/crop-calendars"
    field = "fiscal_year_be"
