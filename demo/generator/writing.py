"""How a sender's system writes: the harmless mess of real files, which must be read, not rejected.

Buddhist-era years in three spellings, Thai digits, thousands commas and trailing spaces. Titles glued to names are in
``people``. A sender keeps to one habit, as its system does; only trailing spaces come and go.
"""

import datetime as dates
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from shared.kernel.calendar import buddhist_year
from shared.kernel.money import format_baht

TO_THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
TRAILING_SPACE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class WritingStyle:
    """The habits of one sender. ``planted`` counts what was written in a way that a reader must forgive."""

    date_style: str
    money_style: str
    planted: Counter[str] = field(default_factory=Counter, compare=False)

    # Six date habits against five money habits: all pairs come up within thirty institutions.
    DATE_STYLES: ClassVar = ("iso", "be_slash", "iso", "be_iso", "iso", "be_slash_thai_digits")
    MONEY_STYLES: ClassVar = ("plain", "commas", "plain", "thai_digits", "plain")

    @classmethod
    def of_institution(cls, ordinal: int) -> "WritingStyle":
        """Habits go round by the institution's ordinal, so that a small run shows them all."""
        return cls(
            date_style=cls.DATE_STYLES[ordinal % len(cls.DATE_STYLES)],
            money_style=cls.MONEY_STYLES[ordinal % len(cls.MONEY_STYLES)],
        )

    def date(self, day: dates.date) -> str:
        """A date as this sender writes it."""
        if self.date_style == "iso":
            return day.isoformat()
        self.planted["buddhist_era_dates"] += 1
        if self.date_style == "be_iso":
            return f"{buddhist_year(day)}-{day.month:02d}-{day.day:02d}"
        text = f"{day.day:02d}/{day.month:02d}/{buddhist_year(day)}"
        if self.date_style == "be_slash":
            return text
        self.planted["thai_digits"] += 1
        return text.translate(TO_THAI_DIGITS)

    def month(self, day: dates.date) -> str:
        """A month as this sender writes it: 2022-11 or 2565-11."""
        if self.date_style == "iso":
            return f"{day.year}-{day.month:02d}"
        self.planted["buddhist_era_dates"] += 1
        return f"{buddhist_year(day)}-{day.month:02d}"

    def money(self, satang: int) -> str:
        """An amount as this sender writes it."""
        if self.money_style == "plain":
            return format_baht(satang)
        text = format_baht(satang, thousands=True)
        if "," in text:
            self.planted["thousands_commas"] += 1
        if self.money_style == "commas":
            return text
        self.planted["thai_digits"] += 1
        return text.translate(TO_THAI_DIGITS)

    def text(self, text: str, random: Random) -> str:
        """A name or code, now and then with a space behind it."""
        if random.random() < TRAILING_SPACE_SHARE:
            self.planted["trailing_spaces"] += 1
            return text + " "
        return text


CENTRAL = WritingStyle("iso", "plain")
"""The habits of the agencies' own central systems."""
