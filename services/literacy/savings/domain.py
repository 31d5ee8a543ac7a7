"""The states of a savings pledge (สัจจะออมทรัพย์) and which may follow which."""

from typing import Literal

from services.literacy.code_lists.domain import CODE_LISTS
from services.literacy.errors import PledgeCannotBecome

Status = Literal["pledged", "active", "paused", "broken", "completed"]

_LABELS = CODE_LISTS["pledge_status"]
_FOLLOWING: dict[Status, tuple[Status, ...]] = {
    "pledged": ("active", "broken"),
    "active": ("paused", "broken", "completed"),
    "paused": ("active", "broken"),
    "broken": (),
    "completed": (),
}


def become(status: Status, following: Status) -> Status:
    """The next state; raises PledgeCannotBecome when the present one forbids it."""
    if following not in _FOLLOWING[status]:
        allowed = ", ".join(_FOLLOWING[status]) or "-"
        allowed_th = ", ".join(_LABELS[one].th for one in _FOLLOWING[status]) or "-"
        raise PledgeCannotBecome(
            f"a pledge that is {status} can become: {allowed}",
            f"สัจจะที่มีสถานะ “{_LABELS[status].th}” เปลี่ยนได้เป็น: {allowed_th}",
        )
    return following
