"""Every code of the registry with the name people know it by, in both languages."""

from types import MappingProxyType

from services.registry.cooperatives.domain import COOPERATIVE_TYPES, FARMER_GROUP_TYPES
from shared.kernel.labels import CodeLists, Label

CODE_LISTS: CodeLists = MappingProxyType(
    {
        "cooperative_kind": {
            "cooperative": Label("สหกรณ์", "Co-operative"),
            "farmer_group": Label("กลุ่มเกษตรกร", "Farmer group"),
        },
        "cooperative_type": COOPERATIVE_TYPES,
        "farmer_group_type": FARMER_GROUP_TYPES,
        "cooperative_status": {
            "active": Label("ดำเนินการ", "Operating"),
            "dissolved": Label("เลิก", "Dissolved"),
            "liquidation": Label("เลิก/ชำระบัญชี", "In liquidation"),
        },
        "strength_level": {
            "1": Label("เข้มแข็งมาก", "Very strong"),
            "2": Label("เข้มแข็ง", "Strong"),
            "3": Label("พอใช้–ต้องปรับปรุง", "Fair, to be improved"),
            "4": Label("หยุดดำเนินงาน", "Stopped operating"),
        },
        "member_kind": {
            "ordinary": Label("สามัญ", "Ordinary"),
            "associate": Label("สมทบ", "Associate"),
        },
        "member_status": {
            "active": Label("เป็นสมาชิก", "Active"),
            "suspended": Label("ระงับสิทธิ์ชั่วคราว", "Suspended"),
            "resigned": Label("ลาออก", "Resigned"),
            "expelled": Label("ให้ออก", "Expelled"),
            "deceased": Label("เสียชีวิต", "Deceased"),
        },
        "sex": {"M": Label("ชาย", "Male"), "F": Label("หญิง", "Female")},
        "creditor": {
            "baac": Label("ธ.ก.ส.", "Bank for Agriculture and Agricultural Cooperatives"),
            "village_fund": Label("กองทุนหมู่บ้าน", "Village fund"),
        },
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
        "programme": {
            "A": Label("โครงการแก้ไขหนี้ค้าง", "Overdue-debt project, phases 1 and 2"),
            "B": Label("โครงการแก้ไขปัญหาหนี้สินและพัฒนาคุณภาพชีวิต", "Debt and quality of life, yearly"),
        },
    }
)
