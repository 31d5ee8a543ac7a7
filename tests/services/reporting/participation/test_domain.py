"""Goal: a participant is active in the months whose last six hold three closed ones, from his case's month on."""

from datetime import date

from services.reporting.measures.domain import Measure
from services.reporting.participation.domain import (
    entry_of_case,
    entry_of_ledger_month,
    of_participation,
    with_entries,
)
from shared.kernel.identifiers import derived_id

COOPERATIVE = derived_id("co-operative")
MEMBER = derived_id("member")
OPENED = date(2022, 9, 30)


def active_months(opened_on: date, *closed: date, fiscal_year_be: int = 2566) -> list[date]:
    row = {
        "cooperative_id": COOPERATIVE,
        "cases": {"case": f"{fiscal_year_be} {opened_on.isoformat()}"},
        "closed_months": {str(number): month.isoformat() for number, month in enumerate(closed)},
    }
    found = list(of_participation(row))
    assert all(one.measure is Measure.LEDGER_ACTIVE and one.fiscal_year_be == fiscal_year_be for one in found)
    return [one.day for one in found]


def test_three_months_of_six_count() -> None:
    closed = (date(2022, 10, 1), date(2022, 11, 1), date(2023, 1, 1))
    assert active_months(date(2022, 9, 30), *closed) == [date(2023, number, 1) for number in (1, 2, 3)]


def test_two_months_are_too_few() -> None:
    assert active_months(date(2022, 9, 30), date(2022, 10, 1), date(2022, 11, 1)) == []


def test_one_month_in_two_accounts_counts_once() -> None:
    assert active_months(date(2022, 9, 30), date(2022, 10, 1), date(2022, 10, 1), date(2022, 11, 1)) == []


def test_months_before_the_case_and_after_the_year_do_not_count() -> None:
    closed = (date(2023, 7, 1), date(2023, 8, 1), date(2023, 9, 1))
    assert active_months(date(2022, 9, 30), *closed) == [date(2023, 9, 1)]
    early = (date(2022, 10, 1), date(2022, 11, 1), date(2022, 12, 1))
    assert active_months(date(2023, 2, 14), *early) == [date(2023, 2, 1), date(2023, 3, 1)]


def test_the_month_before_a_fiscal_year_counts_for_a_case_of_its_first_day() -> None:
    summer = [date(2022, number, 1) for number in (7, 8, 9)]
    autumn = [date(2022, number, 1) for number in (10, 11, 12)]
    assert active_months(date(2022, 10, 1), *summer) == [date(2022, 9, 1), *autumn]
    assert active_months(date(2022, 9, 30), *summer) == [date(2022, 9, 1), *autumn]
    assert active_months(date(2022, 10, 2), *summer) == autumn
    assert active_months(date(2022, 10, 1), *summer[:2], autumn[0]) == autumn


def test_without_a_case_nobody_takes_part() -> None:
    row = {"cooperative_id": COOPERATIVE, "cases": {}, "closed_months": {"1": "2022-10-01"}}
    assert list(of_participation(row)) == []


def test_month_that_is_open_again_and_a_case_come_into_one_row() -> None:
    month = {"member_id": MEMBER, "cooperative_id": COOPERATIVE, "id": "m", "month": date(2022, 10, 1)}
    case = {"member_id": MEMBER, "cooperative_id": COOPERATIVE, "id": "c", "fiscal_year_be": 2566, "opened_on": OPENED}
    row = {"member_id": MEMBER, "cooperative_id": COOPERATIVE, "cases": {}, "closed_months": {}}
    closed = with_entries(row, [entry_of_case(case), entry_of_ledger_month(month | {"status": "closed"})])
    assert closed == row | {"cases": {"c": "2566 2022-09-30"}, "closed_months": {"m": "2022-10-01"}}
    assert with_entries(closed, [entry_of_ledger_month(month | {"status": "open"})]) == closed | {"closed_months": {}}
