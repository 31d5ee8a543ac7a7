"""Debts to the Bank for Agriculture and to village funds, reported by national id."""

from collections.abc import Iterator
from datetime import date
from random import Random

from demo.generator import distributions
from demo.generator.people import Person
from demo.generator.randomness import rounded
from demo.generator.writing import CENTRAL

COLUMNS = ("national_id", "creditor", "contract_number", "outstanding", "annual_payment", "as_of")

YEARS_LEFT = {"baac": (3, 12), "village_fund": (1, 2)}
INTEREST_PERCENT = {"baac": 7, "village_fund": 6}
"""ASSUMPTION: years over which the rest is paid, and interest a year."""


def with_dashes(national_id: str) -> str:
    """A national id as it is printed on the card, which is how village funds write it."""
    return "-".join((national_id[0], national_id[1:5], national_id[5:10], national_id[10:12], national_id[12]))


def draw_external_debts(random: Random, person: Person, index: int, as_of: date) -> Iterator[list[str]]:
    """The rows of external_debts.csv of one borrowing person."""
    for creditor, share in distributions.EXTERNAL_SHARES.items():
        if random.random() >= share:
            continue
        outstanding = rounded(distributions.external_outstanding_baht(random, creditor) * 100, 100)
        years = random.randint(*YEARS_LEFT[creditor])
        annual_payment = outstanding // years + outstanding * INTEREST_PERCENT[creditor] // 100
        yield [
            person.national_id if creditor == "baac" else with_dashes(person.national_id),
            creditor,
            f"{'B' if creditor == 'baac' else 'V'}{index + 1:08d}",
            CENTRAL.money(outstanding),
            CENTRAL.money(annual_payment),
            CENTRAL.date(as_of),
        ]
