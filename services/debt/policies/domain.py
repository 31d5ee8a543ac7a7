"""What figures of debt rest on where no law fixes it: tables that are data; a version has its first day and source."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol

from shared.kernel.labels import Label


class PolicyName(StrEnum):
    """Which table it is."""

    LOAN_CLASS = "loan_class"
    LATE_INTEREST = "late_interest"
    CAPACITY = "capacity"
    PLAN_GRACE = "plan_grace"


POLICY_LABELS: Mapping[PolicyName, Label] = {
    PolicyName.LOAN_CLASS: Label("เกณฑ์จัดชั้นคุณภาพลูกหนี้", "Thresholds of loan classes"),
    PolicyName.LATE_INTEREST: Label("อัตราดอกเบี้ยผิดนัด", "Rate of default interest"),
    PolicyName.CAPACITY: Label("เกณฑ์ศักยภาพในการชำระหนี้", "Thresholds of repayment capacity"),
    PolicyName.PLAN_GRACE: Label("วันผ่อนผันก่อนถือว่าผิดแผน", "Days of grace before a plan is breached"),
}


class Policy(Protocol):
    """One version of such a table."""

    @property
    def effective_from(self) -> date: ...

    @property
    def source(self) -> str: ...

    @property
    def assumption(self) -> bool: ...
