"""What the story is asked to play, and what it hands to those who check it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from demo.generator import FISCAL_YEAR_BE
from demo.generator.split import MonthlyPart, Reject
from demo.story.choices import Choices
from demo.story.client import Access
from shared.kernel.calendar import fiscal_year_bounds, month_ends

OFFICER_COOPERATIVES = 4
"""The first of the province: those of the officer and of their manager."""
COACH_COOPERATIVES = 6

ASSESSED_ELSEWHERE = 0.65
"""Share of the cases of the other co-operatives that the promotion officer gets to within the year."""


@dataclass(frozen=True)
class StoryOptions:
    """Which province is played, how large, and where its files are kept."""

    province: str
    members: int
    cooperatives: int
    seed: int
    folder: Path
    check: bool = False
    fiscal_year_be: int = FISCAL_YEAR_BE

    @property
    def first(self) -> date:
        """First day of the fiscal year."""
        return fiscal_year_bounds(self.fiscal_year_be)[0]

    @property
    def last(self) -> date:
        """Last day of the fiscal year."""
        return fiscal_year_bounds(self.fiscal_year_be)[1]

    @property
    def baseline_on(self) -> date:
        """t0, the day before the fiscal year: what the year is measured against."""
        return self.first - timedelta(days=1)

    @property
    def month_ends(self) -> list[date]:
        """The twelve days to which the books are closed."""
        return list(month_ends(self.first, self.last))


@dataclass(frozen=True)
class Cooperative:
    """A co-operative or farmer group as the registry knows it."""

    id: str
    code: str
    name_th: str
    district_code: str


@dataclass(frozen=True)
class SentFile:
    """A file that was sent, and what must come of it.

    Attributes:
        service: that took it in.
        feed: the generator's name of the file, of which ``path`` may be a month's part.
        delivery_id: of the delivery it became.
        rows: data rows in it.
        rejects: what must be refused of it, by row as a spreadsheet shows it.
        part: the month's part; None for a file sent whole.
    """

    service: str
    feed: str
    path: Path
    delivery_id: str
    rows: int
    rejects: Sequence[Reject]
    part: MonthlyPart | None = None

    @property
    def accepted(self) -> int:
        """Rows that must be taken."""
        return self.rows - len(self.rejects)


@dataclass(frozen=True)
class HandPayment:
    """A payment posted by hand; amounts in satang. ``reversal_posted_on`` is None unless it was undone."""

    payment_id: str
    cooperative_id: str
    loan_id: str
    channel: str
    amount: int
    value_on: date
    posted_on: date
    reversal_posted_on: date | None = None


@dataclass
class Played:
    """Everything a check needs to know of a story that was played to its end."""

    access: Access
    options: StoryOptions
    choices: Choices
    cooperatives: list[Cooperative]
    enrolled: dict[str, list[str]] = field(default_factory=dict)
    files: list[SentFile] = field(default_factory=list)
    payments: list[HandPayment] = field(default_factory=list)
    deliveries_by_hand: list[str] = field(default_factory=list)
    deliveries_reversed: list[str] = field(default_factory=list)
    plans: int = 0
    kpis: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def of_officer(self) -> list[Cooperative]:
        """The co-operatives in the hands of the officer, and of their manager."""
        return self.cooperatives[:OFFICER_COOPERATIVES]

    @property
    def of_coach(self) -> list[Cooperative]:
        """The co-operatives of the coach team."""
        return self.cooperatives[:COACH_COOPERATIVES]
