"""Who can sign in to the development identity provider, and what each role may do.

In production the state's identity provider holds these tables: roles map to scopes there, never in the services.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DASHBOARD_CLIENT_ID = "plodnee-dashboard"
STORY_CLIENT_ID = "plodnee-story"
PUBLIC_CLIENT_IDS = frozenset({DASHBOARD_CLIENT_ID, STORY_CLIENT_ID})

COUNTRY = "TH"

# Role -> scopes: the one place where a development role gets its rights.
ROLE_SCOPES: Mapping[str, tuple[str, ...]] = {
    "agency": ("cooperative:read", "cooperative:write", "member:read", "member:write", "feed:write", "job:read"),
    "core": (
        "cooperative:read",
        "member:read",
        "loan:read",
        "feed:write",
        "payment:write",
        "livelihood:read",
        "livelihood:write",
        "produce:write",
        "literacy:read",
        "literacy:write",
        "job:read",
    ),
    "officer": (
        "cooperative:read",
        "member:read",
        "member:write",
        "member:reveal",
        "loan:read",
        "payment:write",
        "case:read",
        "case:assess",
        "plan:propose",
        "plan:accept",
        "livelihood:read",
        "livelihood:write",
        "produce:write",
        "literacy:read",
        "literacy:write",
        "report:read",
        "job:read",
    ),
    "manager": (
        "cooperative:read",
        "member:read",
        "loan:read",
        "case:read",
        "plan:approve",
        "livelihood:read",
        "literacy:read",
        "report:read",
        "job:read",
    ),
    "coach": (
        "cooperative:read",
        "member:read",
        "loan:read",
        "case:read",
        "livelihood:read",
        "livelihood:write",
        "literacy:read",
        "literacy:write",
        "report:read",
        "job:read",
    ),
    "chief": (
        "cooperative:read",
        "member:read",
        "loan:read",
        "close:run",
        "case:read",
        "plan:approve",
        "livelihood:read",
        "literacy:read",
        "report:read",
        "report:export",
        "job:read",
    ),
    "analyst": (
        "cooperative:read",
        "assignment:write",
        "programme:write",
        "report:read",
        "report:export",
        "job:read",
    ),
}


@dataclass(frozen=True)
class Principal:
    """A person's position or a partner's system.

    `areas` is the reach the token states; None for officers whose reach is the co-ops assigned to them in the registry.
    """

    subject: str
    role: str
    name_th: str
    name_en: str
    does_th: str
    does_en: str
    areas: tuple[str, ...] | None

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope of the role."""
        return ROLE_SCOPES[self.role]


def personas(province: str) -> dict[str, Principal]:
    """Those who sign in with a browser, by subject; `province` is the two-digit code of the province shown."""
    listed = (
        Principal(
            "officer",
            "officer",
            "เจ้าหน้าที่สหกรณ์",
            "Co-operative officer",
            "ประเมิน เสนอแผน และบันทึกรายการของสหกรณ์ที่ได้รับมอบหมาย",
            "assesses, proposes and records for the co-ops assigned to the position",
            None,
        ),
        Principal(
            "manager",
            "manager",
            "ผู้จัดการสหกรณ์",
            "Co-operative manager",
            "อนุมัติแผนที่ผู้อื่นเสนอ",
            "approves the plans that somebody else proposed",
            None,
        ),
        Principal(
            "coach",
            "coach",
            "ทีมโค้ช",
            "Coach team",
            "อ่านข้อมูลสมาชิก จัดอบรม และติดตามบัญชีครัวเรือน",
            "reads, teaches, and follows the household accounts",
            None,
        ),
        Principal(
            "promoter",
            "officer",
            "เจ้าหน้าที่ส่งเสริมสหกรณ์จังหวัด",
            "Provincial promotion officer",
            "ประเมินและเสนอแผนของสหกรณ์ในจังหวัดที่ยังไม่มีเจ้าหน้าที่ประจำ",
            "assesses and proposes for the province's co-ops that have no officer of their own",
            (province,),
        ),
        Principal(
            "chief",
            "chief",
            "สหกรณ์จังหวัด",
            "Provincial chief",
            "ดูทั้งจังหวัด อนุมัติ และปิดยอด",
            "sees the whole province, approves, and closes",
            (province,),
        ),
        Principal(
            "analyst",
            "analyst",
            "นักวิเคราะห์ของกรม",
            "Department analyst",
            "ดูทั้งประเทศ กำหนดเป้าหมาย โครงการ และการมอบหมาย",
            "sees the country, sets targets, programmes and assignments",
            (COUNTRY,),
        ),
    )
    return {principal.subject: principal for principal in listed}


def systems(province: str) -> dict[str, Principal]:
    """Partners' systems, which sign in with client credentials, by client id."""
    listed = (
        Principal(
            "agency-feed",
            "agency",
            "ระบบของหน่วยงาน",
            "Agencies' feeds",
            "ส่งแฟ้มสหกรณ์ สมาชิก ครัวเรือน และหนี้ภายนอก",
            "sends co-operatives, members, households and external debts",
            (COUNTRY,),
        ),
        Principal(
            "coop-core",
            "core",
            "ระบบงานของสหกรณ์",
            "Co-operatives' core system",
            "ส่งแฟ้มเงินกู้ การชำระ ผลผลิต การอบรม และบัญชีครัวเรือน",
            "sends loans, payments, produce, training and household accounts",
            (province,),
        ),
    )
    return {principal.subject: principal for principal in listed}
