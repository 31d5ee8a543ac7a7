"""A plan as other services hear of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.contracts.debt import PlanRecorded


def plan_recorded(plan: Mapping[str, Any], effective_on: date) -> tuple[PlanRecorded, int, date]:
    """The event of a plan's present state, its version and business date, for the outbox."""
    names = [name for name in PlanRecorded.model_fields if name not in ("plan_id", "measures")]
    event = PlanRecorded.model_construct(
        plan_id=plan["id"], measures=tuple(plan["measures"]), **{name: plan[name] for name in names}
    )
    return event, plan["version"], effective_on
