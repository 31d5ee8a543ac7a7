"""What goes out about the policies that figures rest on."""

from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field

from services.debt.policies.domain import POLICY_LABELS, Policy, PolicyName


class PolicyRead(BaseModel):
    """The version of a table that a figure rests on. `is_assumption`: no law or decision fixes it for co-operatives."""

    name: str
    name_th: str
    effective_from: Annotated[date | None, Field(description="Null: from the first day on.")]
    source: str
    is_assumption: bool


@lru_cache(maxsize=64)
def policy_read(name: PolicyName, policy: Policy) -> PolicyRead:
    """How a version is shown; made once, since every row of a list shows it."""
    return PolicyRead(
        name=name.value,
        name_th=POLICY_LABELS[name].th,
        effective_from=None if policy.effective_from == date.min else policy.effective_from,
        source=policy.source,
        is_assumption=policy.assumption,
    )
