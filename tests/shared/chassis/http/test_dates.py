"""Goal: what is said to have happened cannot lie ahead, and a year of the Buddhist Era is told apart from a day."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.http.dates import HappenedOn
from shared.chassis.http.field_problems import field_problems

DAY = TypeAdapter(HappenedOn)


def test_today_has_happened_and_tomorrow_has_not() -> None:
    today = today_in_bangkok()
    assert DAY.validate_python(today.isoformat()) == today
    with pytest.raises(ValidationError):
        DAY.validate_python((today + timedelta(days=1)).isoformat())


def test_a_buddhist_year_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValidationError) as refused:
        DAY.validate_python("2566-03-01")
    (problem,) = field_problems(refused.value.errors())
    assert problem.code == "in_the_future"
    assert "Common Era" in problem.message_en
    assert "ค.ศ." in problem.message_th
