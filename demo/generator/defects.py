"""Planted defects: extra rows that must be rejected, each for one reason.

A defective row is a copy of the good row before it under a key of its own, with one column broken. No good row is
damaged and nothing refers to a defective row, so everything else is accepted and nobody is left waiting. A duplicate
is the one exception: it repeats the good row as it is, and the second of the two is rejected.

Each kind of a file's defects is planted once, early; after that a share of the rows is followed by one, the kinds in
turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from demo.generator import external, households, learning, loans, payments, people, produce
from demo.generator.randomness import stream

DEFECT_SHARE = 0.006
"""Share of the rows that are followed by a defective one."""

COOPERATIVE_COLUMNS = (
    "cooperative_code", "kind", "cooperative_type", "name_th", "name_en", "province_code", "district_code",
    "registered_on", "strength_level", "status",
)  # fmt: skip

NOT_IN_CALENDAR = "31/02/2566"
YEAR_OF_NO_ERA = "30/09/0066"
NO_SUCH_COOPERATIVE = "C00-0000"


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break a row: the code that it must be rejected with, the column, and what is written there.

    ``text`` None means: another check digit (national ids) or the row as it is (duplicates).
    """

    code: str
    column: str
    text: str | None = ""


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file of the feeds: its columns, what identifies a row, and its defects.

    ``free_column`` is the part of the key that a defective copy changes, with ``{n}`` for a running number, so that
    its key is its own while whatever it refers to is known.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    free_column: str
    free_text: str
    defects: tuple[Defect, ...]
    rows_between_first: int = 5
    date_column: str | None = None  # where the file is split into monthly deliveries


def _dates(column: str) -> tuple[Defect, Defect]:
    return Defect("invalid_date", column, NOT_IN_CALENDAR), Defect("invalid_date", column, YEAR_OF_NO_ERA)


def _amounts(column: str) -> tuple[Defect, Defect, Defect]:
    return (
        Defect("negative_amount", column, "-1500.00"),
        Defect("too_many_decimals", column, "1234.567"),
        Defect("invalid_number", column, "สองพันบาท"),
    )


UNKNOWN_COOPERATIVE = Defect("unknown_cooperative", "cooperative_code", NO_SUCH_COOPERATIVE)
"""Only in files of the registry, which owns the co-operatives and can say that there is none; elsewhere it waits."""

FEED_FILES = {
    feed.name: feed
    for feed in (
        FeedFile(
            "cooperatives.csv", COOPERATIVE_COLUMNS, ("cooperative_code",), "cooperative_code", "X00-{n:04d}",
            (
                Defect("duplicate_in_file", "cooperative_code", None),
                Defect("missing_value", "name_th"),
                Defect("invalid_code", "cooperative_type", "bank"),
                _dates("registered_on")[0],
            ),
            rows_between_first=1,
        ),
        FeedFile(
            "members.csv", people.COLUMNS, ("cooperative_code", "member_number"), "member_number", "X{n:05d}",
            (
                Defect("invalid_national_id", "national_id", None),
                Defect("missing_value", "full_name"),
                Defect("duplicate_in_file", "member_number", None),
                UNKNOWN_COOPERATIVE,
                *_dates("birth_date"),
                Defect("invalid_code", "sex", "Z"),
            ),
        ),
        FeedFile(
            "farm_households.csv", households.HOUSEHOLD_COLUMNS, ("household_number",), "household_number",
            "9900{n:08d}",
            (
                Defect("duplicate_in_file", "household_number", None),
                Defect("missing_value", "size"),
                Defect("invalid_number", "size", "หลายคน"),
                UNKNOWN_COOPERATIVE,
                *_dates("registered_on"),
            ),
        ),
        FeedFile(
            "plots.csv", households.PLOT_COLUMNS, ("household_number", "plot_number"), "plot_number", "{n}00",
            (
                Defect("invalid_code", "crop", "durian_hybrid"),
                Defect("duplicate_in_file", "plot_number", None),
                Defect("missing_value", "area_rai"),
                Defect("invalid_number", "area_rai", "สิบไร่"),
                *_dates("planted_on"),
            ),
        ),
        FeedFile(
            "loans.csv", loans.COLUMNS, ("cooperative_code", "loan_number"), "loan_number", "X{n:06d}",
            (
                Defect("principal_mismatch", "opening_overdue_principal", "99999999.00"),
                *_amounts("opening_principal"),
                Defect("missing_value", "principal"),
                Defect("duplicate_in_file", "loan_number", None),
                Defect("invalid_code", "method", "balloon"),
                *_dates("disbursed_on"),
            ),
        ),
        FeedFile(
            "payments.csv", payments.COLUMNS, ("cooperative_code", "receipt_number"), "receipt_number", "X{n:06d}",
            (
                *_amounts("amount"),
                Defect("duplicate_in_file", "receipt_number", None),
                *_dates("paid_on"),
                Defect("missing_value", "amount"),
                Defect("invalid_code", "channel", "barter"),
            ),
            date_column="paid_on",
        ),
        FeedFile(
            "external_debts.csv", external.COLUMNS, ("national_id", "creditor", "contract_number"),
            "contract_number", "X{n:08d}",
            (
                Defect("invalid_national_id", "national_id", None),
                *_amounts("outstanding"),
                Defect("duplicate_in_file", "contract_number", None),
                Defect("invalid_code", "creditor", "pawnshop"),
                Defect("missing_value", "outstanding"),
                *_dates("as_of"),
            ),
        ),
        FeedFile(
            "produce.csv", produce.COLUMNS, ("cooperative_code", "delivery_number"), "delivery_number", "X{n:06d}",
            (
                Defect("invalid_code", "crop", "durian_hybrid"),
                Defect("missing_value", "kilograms"),
                *_amounts("price_per_kilogram"),
                Defect("duplicate_in_file", "delivery_number", None),
                *_dates("delivered_on"),
            ),
            date_column="delivered_on",
        ),
        FeedFile(
            "training.csv", learning.TRAINING_COLUMNS,
            ("cooperative_code", "course_code", "session_date", "member_number"), "course_code", "X{n:04d}",
            (
                Defect("invalid_number", "post_score", "ดีมาก"),
                Defect("duplicate_in_file", "member_number", None),
                *_dates("session_date"),
                Defect("missing_value", "session_date"),
            ),
            date_column="session_date",
        ),
        FeedFile(
            "household_accounts.csv", learning.ACCOUNT_COLUMNS,
            ("cooperative_code", "member_number", "month", "category"), "month", "",
            (
                *_amounts("amount"),
                Defect("invalid_code", "category", "lottery"),
                Defect("duplicate_in_file", "category", None),
                Defect("missing_value", "amount"),
                Defect("invalid_month", "month", "2565-13"),
                Defect("invalid_month", "month", "0066-11"),
            ),
            date_column="month",
        ),
    )
}  # fmt: skip
"""Every file, with what is planted in it. The story checks each reject against this."""


class DefectPlanter:
    """Decides after which row of a file a defective one follows, and makes it. Remembers two numbers."""

    def __init__(self, seed: int, feed: FeedFile) -> None:
        self._feed = feed
        self._random: Random = stream(seed, "defects", feed.name)
        self._places = {column: place for place, column in enumerate(feed.columns)}
        self._good_rows = 0
        self._planted = 0

    def after(self, row: Sequence[str]) -> Iterator[tuple[list[str], Defect]]:
        """The defective rows that follow a good one: none or one."""
        self._good_rows += 1
        kinds = self._feed.defects
        early = self._planted < len(kinds) and self._good_rows % self._feed.rows_between_first == 0
        if early or self._random.random() < DEFECT_SHARE:
            defect = kinds[self._planted % len(kinds)]
            self._planted += 1
            yield self._broken(row, defect), defect

    def _broken(self, row: Sequence[str], defect: Defect) -> list[str]:
        broken = list(row)
        if defect.code == "duplicate_in_file":
            return broken
        free = self._places[self._feed.free_column]
        # An account row has no number of its own: a month of two years before keeps it apart.
        broken[free] = (
            self._feed.free_text.format(n=self._planted) if self._feed.free_text else _two_years_before(row[free])
        )
        place = self._places[defect.column]
        if defect.text is None:
            broken[place] = broken[place][:-1] + str((int(broken[place][-1]) + 1) % 10)
        else:
            broken[place] = defect.text
        return broken


def _two_years_before(month: str) -> str:
    year, _, rest = month.partition("-")
    return f"{int(year) - 2}-{rest}"
