"""Reads the files that were sent in, for the recomputation: the rows that had to be taken, in satang and dates."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from demo.generator.split import rejects_of
from demo.story.recompute import Received, Sale
from demo.story.steps.province import read_expected
from shared.kernel.calendar import parse_date
from shared.kernel.money import parse_baht
from shared.kernel.thai import to_arabic_digits


def accepted_rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """The rows of a file that are not planted defects."""
    refused = {reject.row for reject in rejects_of(read_expected(folder), name)}
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if number not in refused:
                yield row


def openings(folder: Path) -> dict[tuple[str, str], int]:
    """What each loan had overdue at the cut-over as its co-operative states it, by co-operative code and number.

    Principal past due and unpaid interest; fees are apart. Loans with nothing overdue are left out.
    """
    found = {}
    for row in accepted_rows(folder, "loans.csv"):
        overdue = parse_baht(row["opening_overdue_principal"]) + parse_baht(row["opening_interest"])
        if overdue:
            found[row["cooperative_code"].strip(), row["loan_number"].strip()] = overdue
    return found


def payments(folder: Path, cooperative_ids: dict[str, str]) -> list[Received]:
    """Every payment of the year's file. Each is posted on its own date: a month's file comes before its close."""
    return [
        Received(
            cooperative_ids[row["cooperative_code"].strip()],
            row["channel"].strip(),
            parse_baht(row["amount"]),
            _posted_on(row["paid_on"]),
        )
        for row in accepted_rows(folder, "payments.csv")
    ]


def _posted_on(text: str) -> date:
    return parse_date(text)


def sales(folder: Path) -> dict[tuple[str, str], Sale]:
    """Every delivery of produce of the year's file, by co-operative code and delivery number."""
    found = {}
    for row in accepted_rows(folder, "produce.csv"):
        sale = Sale(
            cooperative_code=row["cooperative_code"].strip(),
            delivery_number=row["delivery_number"].strip(),
            kilogram_thousandths=_units(row["kilograms"], 3),
            price_per_kilogram=parse_baht(row["price_per_kilogram"]),
            savings_share_units=_units(row["savings_share"] or "0", 4),
        )
        found[sale.cooperative_code, sale.delivery_number] = sale
    return found


def gains(folder: Path) -> list[Decimal]:
    """How many points more each member had after a course than before it; each attends a course once."""
    return [
        Decimal(to_arabic_digits(row["post_score"]).strip()) - Decimal(to_arabic_digits(row["pre_score"]).strip())
        for row in accepted_rows(folder, "training.csv")
        if row["pre_score"].strip() and row["post_score"].strip()
    ]


def _units(text: str, places: int) -> int:
    """A decimal text as a whole number of its smallest units."""
    exact = Decimal(text.replace(",", "").strip()).scaleb(places)
    if exact != int(exact):
        raise ValueError(f"{text!r} has more than {places} decimal places")
    return int(exact)
