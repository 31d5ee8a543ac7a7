"""Every code of livelihood with the name people know it by, in both languages."""

from types import MappingProxyType

from shared.kernel.labels import CodeLists, Label

CODE_LISTS: CodeLists = MappingProxyType(
    {
        "crop": {
            "rice_wet": Label("ข้าวนาปี", "Wet-season rice"),
            "rice_dry": Label("ข้าวนาปรัง", "Dry-season rice"),
            "maize": Label("ข้าวโพดเลี้ยงสัตว์", "Maize"),
            "cassava": Label("มันสำปะหลัง", "Cassava"),
            "sugarcane": Label("อ้อย", "Sugar cane"),
            "longan": Label("ลำไย", "Longan"),
            "rubber": Label("ยางพารา", "Rubber"),
            "vegetable": Label("พืชผัก", "Vegetables"),
        },
        "delivery_status": {
            "held": Label("กันเงินไว้รอหักหนี้", "A share is held for the debt"),
            "settled": Label("แบ่งเงินครบแล้ว", "Settled"),
            "reversing": Label("กำลังยกเลิก", "Being reversed"),
            "reversed": Label("ยกเลิกแล้ว", "Reversed"),
        },
        "refusal": {
            "no_plan_in_force": Label("ไม่มีแผนที่มีผลบังคับใช้", "No plan is in force"),
            "nothing_overdue": Label("ไม่มีหนี้ค้างชำระ", "Nothing is overdue"),
            "reversed_before": Label("ยกเลิกก่อนหักชำระ", "Reversed before it was asked for"),
            "unknown_member": Label("ไม่พบสมาชิก", "The member is not known"),
        },
        "income_basis": {
            "computed": Label("คำนวณจากแปลงและปฏิทินพืช", "Computed from plots and the crop calendar"),
            "stated": Label("ครัวเรือนแจ้ง", "Stated by the household"),
        },
    }
)
