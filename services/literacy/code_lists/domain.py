"""Every code of literacy with the name people know it by, in both languages."""

from types import MappingProxyType

from shared.kernel.labels import CodeLists, Label

CODE_LISTS: CodeLists = MappingProxyType(
    {
        "topic": {
            "household_account": Label("บัญชีครัวเรือน", "Household account"),
            "saving": Label("การออม", "Saving"),
            "interest": Label("ดอกเบี้ยและดอกเบี้ยผิดนัด", "Interest and default interest"),
            "guarantee": Label("การค้ำประกัน", "Guarantees"),
            "scam_safety": Label("การป้องกันกลโกง", "Safety from scams"),
            "new_debt": Label("การตัดสินใจก่อหนี้ใหม่", "Deciding on new debt"),
        },
        "phase": {"pre": Label("ก่อนอบรม", "Before the course"), "post": Label("หลังอบรม", "After the course")},
        "category": {
            "farm_income": Label("รายได้จากการเกษตร", "Farm income"),
            "farm_cost": Label("ต้นทุนการเกษตร", "Farm cost"),
            "nonfarm_income": Label("รายได้นอกภาคเกษตร", "Non-farm income"),
            "food": Label("อาหาร", "Food"),
            "other_consumption": Label("อุปโภคอื่น", "Other consumption"),
            "debt_service": Label("ชำระหนี้", "Debt service"),
            "saving": Label("เงินออม", "Saving"),
        },
        "month_status": {"open": Label("ยังไม่ปิด", "Open"), "closed": Label("ปิดแล้ว", "Closed")},
        "pledge_status": {
            "pledged": Label("ให้สัจจะแล้ว", "Pledged"),
            "active": Label("กำลังออม", "Saving"),
            "paused": Label("พักไว้", "Paused"),
            "broken": Label("ผิดสัจจะ", "Broken"),
            "completed": Label("ครบกำหนด", "Completed"),
        },
    }
)
