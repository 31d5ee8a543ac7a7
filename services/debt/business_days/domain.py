"""Which day of a co-operative a posting goes to."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def posting_date(value_on: date, closed_on: date | None) -> date:
    """The value date, or the first open day when the value date is closed."""
    return value_on if closed_on is None else max(value_on, closed_on + ONE_DAY)
