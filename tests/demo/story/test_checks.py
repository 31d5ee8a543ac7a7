"""Goal: a check fails when anything differs by a satang, a row or a code, and says where."""

from array import array
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from demo.generator.split import MonthlyPart, Reject
from demo.story.checks import FAULTS_SHOWN, verdict
from demo.story.checks.defects import reject_faults
from demo.story.checks.figures import by_hand, compare_cohort, compare_gains
from demo.story.checks.quiet import unread
from demo.story.choices import Choices
from demo.story.client import Access
from demo.story.inputs import gains
from demo.story.played import Cooperative, HandPayment, Played, SentFile, StoryOptions
from demo.story.recompute import PARTS, CohortFigure
from demo.story.steps.result import in_words

END = date(2023, 9, 30)
EXPECTED = CohortFigure(100_000, 80_000, {**dict.fromkeys(PARTS, 0), "cash": 30_000, "newly_overdue": -10_000})


def figure() -> dict[str, Any]:
    """K01 as reporting answers it when all is well."""
    parts = {**dict.fromkeys(PARTS, "0.00"), "cash": "300.00", "newly_overdue": "-100.00"}
    return {
        "id": "K01",
        "numerator": "200.00",
        "denominator": "1000.00",
        "value": "20.00",
        "as_of": END.isoformat(),
        "provisional": False,
        "cooperatives_total": 12,
        "cooperatives_reached": 12,
        "parts": [{"code": code, "name_en": code, "name_th": code, "value": amount} for code, amount in parts.items()],
    }


def test_equal_figures_have_no_faults() -> None:
    assert compare_cohort(EXPECTED, figure(), END) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda found: found.update(numerator="200.01"), "fall: 20001 satang and not 20000"),
        (lambda found: found.update(denominator="999.99"), "OD(t0): 99999 satang and not 100000"),
        (lambda found: found.update(value="19.99"), "19.99 % and not 2000"),
        (lambda found: found.update(value=None), "None % and not 2000"),
        (lambda found: found.update(as_of="2023-08-31"), "it stands for 2023-08-31"),
        (lambda found: found.update(provisional=True), "it is provisional"),
        (lambda found: found.update(cooperatives_reached=11), "11 of 12 co-operatives reached it"),
        (lambda found: found["parts"][0].update(value="299.99"), "cash: 29999 satang and not 30000"),
        (lambda found: found["parts"][0].update(value="299.99"), "do not sum"),
        (lambda found: found["parts"][0].update(code="gift"), "unknown part gift"),
    ],
)
def test_every_difference_is_a_fault(spoil: Callable[[dict[str, Any]], None], fault: str) -> None:
    found = figure()
    spoil(found)
    assert any(fault in one for one in compare_cohort(EXPECTED, found, END))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"numerator": "-12.00", "value": "-4.00"}, "points gained: -12.00 and not 12"),
        ({"denominator": 4}, "scored twice: 4 and not 3"),
        ({"value": "3.99"}, "mean: 3.99 and not 4.00"),
        ({"value": None}, "mean: None and not 4.00"),
    ],
)
def test_gain_is_compared_with_its_direction(changed: dict[str, Any], fault: str | None) -> None:
    found = {"numerator": "12.00", "denominator": 3, "value": "4.00", **changed}
    faults = compare_gains([Decimal(9), Decimal(-2), Decimal(5)], found)
    assert faults == [] if fault is None else fault in faults


def test_gains_of_the_file_are_after_less_before(tmp_path: Path) -> None:
    (tmp_path / "expected.json").write_text('{"files": {"training.csv": {"rejects": []}}}')
    head = "cooperative_code,course_code,course_title,session_date,member_number,pre_score,post_score\n"
    (tmp_path / "training.csv").write_text(head + "C,ACC,t,2022-12-01,1,40,52\nC,ACC,t,2022-12-01,2,60,57\n")
    assert gains(tmp_path) == [Decimal(12), Decimal(-3)]


def file_of(rejects: list[Reject], part: MonthlyPart | None = None) -> SentFile:
    return SentFile("debt", "payments.csv", Path("payments-2023-01.csv"), "id", 5, rejects, part)


def test_rejects_are_compared_by_row_code_and_column() -> None:
    file = file_of([Reject(3, "invalid_date", "paid_on")])
    heading = "\ufeffrow,column,code,message_en,message_th\n"
    assert reject_faults(file, heading + "3,paid_on,invalid_date,x,y\n") == []
    assert reject_faults(file, heading) == ["payments.csv row 3: invalid_date in paid_on was not rejected"]
    faults = reject_faults(file, heading + "3,paid_on,invalid_date,x,y\n4,amount,missing_value,x,y\n")
    assert faults == ["payments.csv row 4: missing_value in amount was rejected"]


def test_a_reject_of_a_month_is_named_by_its_row_in_the_year() -> None:
    part = MonthlyPart("payments.csv", Path("payments-2023-01.csv"), END, array("q", [40, 55, 90]))
    file = file_of([Reject(3, "invalid_date", "paid_on")], part)
    assert reject_faults(file, "row,column,code,message_en,message_th\n") == [
        "payments.csv row 55: invalid_date in paid_on was not rejected"
    ]


def test_a_verdict_shows_the_first_faults_and_counts_the_others() -> None:
    assert verdict("all well", [], "12 places").detail == "12 places"
    bad = verdict("not so", [f"fault {number}" for number in range(FAULTS_SHOWN + 3)], "")
    assert not bad.ok
    assert bad.detail.endswith("fault 4 … and 3 more")


LISTENED = [("debt", "member"), ("reporting", "loan")]
READ = {"debt": {("member", 0): 3, ("member", 1): 0}, "reporting": {("loan", 0): 2}}
ENDS = {("member", 0): 3, ("member", 1): 0, ("loan", 0): 2}


def test_everything_read_to_its_end_is_no_fault() -> None:
    assert unread(READ, ENDS, LISTENED) == []


def test_a_consumer_that_is_behind_or_has_never_begun_is_a_fault_and_so_is_silence() -> None:
    assert unread(READ, {**ENDS, ("loan", 0): 5}, LISTENED) == ["reporting has read loan-0 to 2 of 5"]
    assert unread({"debt": READ["debt"]}, ENDS, LISTENED) == ["reporting has never read loan"]
    assert unread({}, {}, LISTENED) == [
        "debt has never read member",
        "reporting has never read loan",
        "nothing was said",
    ]
    assert unread(READ, dict.fromkeys(ENDS, 0), LISTENED) == ["nothing was said"]


def test_a_reversed_payment_by_hand_counts_twice_and_sums_to_nothing(tmp_path: Path) -> None:
    options = StoryOptions("52", members=100, cooperatives=2, seed=7, folder=tmp_path)
    cooperatives = [Cooperative("c", "C52-0001", "สหกรณ์", "5201")]
    played = Played(Access("", "", {}), options, Choices(tmp_path), cooperatives)
    payment = HandPayment("p", "c", "l", "cash", 150_000, date(2023, 5, 24), date(2023, 5, 24), date(2023, 6, 1))
    played.payments.append(payment)
    found = by_hand(played)
    assert [(one.amount, one.posted_on.month) for one in found] == [(150_000, 5), (-150_000, 6)]


def test_the_year_has_twelve_closes_and_begins_after_its_baseline(tmp_path: Path) -> None:
    options = StoryOptions("52", members=100, cooperatives=2, seed=7, folder=tmp_path)
    assert options.baseline_on == date(2022, 9, 30)
    assert options.month_ends[0] == date(2022, 10, 31)
    assert options.month_ends[-1] == END
    assert len(options.month_ends) == 12


def test_the_result_in_words_names_what_moved_and_only_that() -> None:
    lines = in_words([figure()])
    assert "fell from 1,000.00 to 800.00 baht: by 200.00, 20.00 %" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["cash / cash", "newly_overdue / newly_overdue"]


def test_a_key_that_stands_twice_is_no_fault_of_a_column() -> None:
    file = file_of([Reject(4, "duplicate_in_file", "receipt_number")])
    assert reject_faults(file, "row,column,code,message_en,message_th\n4,,duplicate_in_file,x,y\n") == []
