"""Days that callers state of what has happened."""

from datetime import date
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.http.inputs import common_era, written_day


def _not_in_the_future(day: date) -> date:
    if day > today_in_bangkok():
        raise PydanticCustomError("in_the_future", "lies in the future")
    return day


HappenedOn: TypeAlias = Annotated[
    date, BeforeValidator(written_day), AfterValidator(_not_in_the_future), AfterValidator(common_era)
]
"""A day up to today in Bangkok. A year of the Buddhist Era written into an ISO date is refused by it: taken for a day
five centuries ahead it would date money, or make every later file an older one."""
