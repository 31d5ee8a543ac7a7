"""A case as other services hear of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.contracts.debt import CaseRecorded


def case_recorded(case: Mapping[str, Any], effective_on: date) -> tuple[CaseRecorded, int, date]:
    """The event of a case's present state, its version and business date, for the outbox."""
    names = [name for name in CaseRecorded.model_fields if name != "case_id"]
    event = CaseRecorded.model_construct(case_id=case["id"], **{name: case[name] for name in names})
    return event, case["version"], effective_on
