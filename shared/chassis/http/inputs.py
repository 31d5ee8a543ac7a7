"""Types of what requests hold, stricter than Pydantic's own: text that can be stored, and days that are meant.

A day of the year 2566 is a Buddhist year typed where the Common Era belongs; taken as it stands, it would lie five
centuries ahead and never be overtaken by a later file.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from shared.kernel.calendar import COMMON_YEARS
from shared.kernel.thai import has_control_characters, to_arabic_digits

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def written_day(value: object) -> object:
    """A date or its ISO text, as it is; Pydantic would also read a number as seconds and a time as its day."""
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_parsing", "not a date")


def common_era(value: date) -> date:
    """A day of the years 1900 to 2200."""
    if value.year not in COMMON_YEARS:
        raise PydanticCustomError("date_out_of_era", "not a year of the Common Era")
    return value


def _storable(value: str) -> str:
    if has_control_characters(value):
        raise PydanticCustomError("text_unstorable", "control characters")
    return value


Day = Annotated[date, BeforeValidator(written_day), AfterValidator(common_era)]
"""A date as ``2022-09-30``, in the Common Era."""

Text = Annotated[str, AfterValidator(_storable)]
"""Text without control characters, which PostgreSQL, spreadsheets and terminals refuse or obey."""

Code = Annotated[Text, AfterValidator(to_arabic_digits), AfterValidator(str.strip)]
"""A code or number as somebody types it: Thai digits become Arabic ones and spaces around it fall away, as in files.
Else a receipt would be another one in a request than in the file, and be posted twice."""
