"""What a close refuses.

Conflict 409
└── CloseUnbalanced   what is overdue does not follow from what was booked: nothing is closed until it is mended
"""

from collections.abc import Mapping
from uuid import UUID

from shared.kernel.errors import Conflict
from shared.kernel.money import format_baht


class CloseUnbalanced(Conflict):
    """Overdue debt by the instalments differs from overdue debt by its movements; the gaps are in satang."""

    type = "close-unbalanced"
    title_en = "The books of a co-operative do not balance, so its day stays open"
    title_th = "บัญชีของสหกรณ์ไม่สมดุล จึงปิดวันไม่ได้"

    def __init__(self, gaps: Mapping[UUID, int]) -> None:
        self.gaps = dict(gaps)
        named = ", ".join(f"{cooperative_id}: {format_baht(gap)}" for cooperative_id, gap in sorted(gaps.items()))
        super().__init__(f"overdue debt and its movements differ by {named}", f"หนี้ค้างและรายการเคลื่อนไหวต่างกัน {named}")
