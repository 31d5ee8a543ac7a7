"""What the rules of reporting refuse, each with its status and a type that never changes.

DomainError
├── NotFound 404
│   ├── AreaNotFound             no such area, or the caller's reach does not cover the whole of it
│   └── KpiNotFound              no such KPI, or it is not published at this level
├── Forbidden 403
│   └── TargetNeedsNation        a target is national: the caller must reach the whole country
└── Invalid 422
    ├── LevelInvalid             the area has no parts of this level
    ├── TargetInvalid            the value cannot be a target of the KPI
    └── AsOfOutsideYear          the date lies outside the fiscal year
"""

from shared.kernel.errors import FieldProblem, Forbidden, Invalid, NotFound


class AreaNotFound(NotFound):
    """No such area for this caller. A part of an area in reach is never summed up as if it were the whole."""

    type = "area-not-found"
    title_en = "No such area within your reach"
    title_th = "ไม่พบพื้นที่นี้ในขอบเขตของท่าน"


class KpiNotFound(NotFound):
    """No such KPI, or it says nothing at this level."""

    type = "kpi-not-found"
    title_en = "No such KPI at this level"
    title_th = "ไม่พบตัวชี้วัดนี้ในระดับพื้นที่ที่ระบุ"


class TargetNeedsNation(Forbidden):
    """A target is national."""

    type = "target-needs-nation"
    title_en = "Targets are set by those who reach the whole country"
    title_th = "ผู้กำหนดเป้าหมายต้องมีสิทธิ์ทั้งประเทศ"


class LevelInvalid(Invalid):
    """The area has no parts of this level."""

    type = "level-invalid"
    title_en = "The area has no parts of this level"
    title_th = "พื้นที่นี้ไม่มีหน่วยย่อยในระดับที่ระบุ"

    def __init__(self) -> None:
        super().__init__(fields=[FieldProblem("level", "level_invalid", self.title_en, self.title_th)])


class AsOfOutsideYear(Invalid):
    """The date lies outside the fiscal year, which begins with the close of the day before it."""

    type = "as-of-outside-year"
    title_en = "The date lies outside the fiscal year"
    title_th = "วันที่อยู่นอกปีงบประมาณ"

    def __init__(self) -> None:
        super().__init__(fields=[FieldProblem("as_of", "outside_fiscal_year", self.title_en, self.title_th)])


class TargetInvalid(Invalid):
    """The value cannot be a target of this KPI."""

    type = "target-invalid"
    title_en = "This value cannot be a target of the KPI"
    title_th = "ค่านี้ใช้เป็นเป้าหมายของตัวชี้วัดไม่ได้"

    def __init__(self) -> None:
        super().__init__(
            fields=[
                FieldProblem(
                    "value",
                    "target_invalid",
                    "K01: a percentage above 0, at most 100, two places; K02: a whole number of places",
                    "K01: ร้อยละมากกว่า 0 ไม่เกิน 100 ทศนิยมสองตำแหน่ง K02: จำนวนแห่งเป็นจำนวนเต็ม",
                )
            ]
        )
